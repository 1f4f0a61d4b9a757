/**
 * Many replicas on a few lanes. This package is what an embedder sees: {@link io.flotilla.raft.host.RaftHost}, its
 * configuration, its callbacks and what it tells. Behind that door are rooms, each a package: {@code group} (a worker steps the
 * cores of its groups); below it, and unknown to each other, {@code apply} (state machines), {@code snapshot} (their transfer between
 * nodes) and {@code persistence} (the shared log); and {@code shared} (inboxes, counters, what leaves for peers) at the bottom. A room knows
 * none above it: it is given a port to the replica it works for ({@code MachineOwner}, {@code SnapshotOwner}, {@code LogOwner}), which
 * {@code ReplicaEvents} of {@code group} implements. What crosses lanes is an {@code Event} or an immutable value; each class says
 * which lane owns it.
 *
 * <p><b>A proposal.</b> {@code RaftHost.propose} looks up the {@code GroupReplica} and posts an {@code Event.Proposal} to the
 * {@code Inbox} of its {@code GroupWorker}; a full one is answered busy at once. In the worker's turn {@code PendingProposals}
 * collects it, and at the turn's end offers all of them to the {@code RaftCore} together. What the core then owes leaves by
 * {@code EffectsRouter}: append messages by the {@code PeerOutbox}, one frame per peer; the batch to be made durable to the {@code
 * LogWriter}, which makes one write and one sync of what all workers gave it meanwhile ({@code MergedWrite}: one per group), and
 * tells each worker by its {@code DurableBatches}. Replies of followers come in by {@code HostReceiver}, as {@code Event.Incoming}. Once the
 * core calls the entry committed, {@code PendingProposals} gives up its callback, and both go to the {@code ApplyQueue} of the {@code
 * HostedMachine}; on the {@code Applier}'s lane the state machine applies the entry, and the callback hears the result.
 *
 * <p><b>A guarded entry</b> of another node's leader is shown to the {@code EntryGuard} of the replica's machine by {@code GuardedEntries},
 * before the core sees it. If that does not hold what the entry names, the core gets the message without it and what follows, and
 * answers {@code HeldBack}; the {@code HostListener} hears of it.
 *
 * <p><b>A read.</b> {@code RaftHost.read} takes a place for it. If the replica has a {@code PublishedLease}, the read goes straight to
 * the applier's {@code LeasedReads} with the committed index of that moment. Else an {@code Event.Read} goes to the worker;
 * {@code PendingReads} asks the core once for all reads of a turn, which confirms its leadership by a round of messages and
 * grants an index. Either way the {@code ReadQueue} of the machine keeps the read until that index is applied, makes it, and,
 * under a lease, looks whether that still holds ({@code HeldLease}) before the answer is given; if not, the read begins
 * again without it.
 *
 * <p><b>A snapshot.</b> A leader's core that no longer holds what a follower needs names the follower in its effects; {@code
 * EffectsRouter} tells {@code Snapshots}, on whose lane {@code SnapshotSender} offers one, a few at a time. The follower asks; then
 * {@code ReplicaSnapshots} of the leader's replica has {@code MachineLife} take it, {@code SnapshotSender} makes it last, {@code
 * ReplicaSnapshots} asks the core for the entry and the membership that it ends with, and {@code raft.transfer} carries it. At the
 * follower {@code SnapshotReceiver} has its {@code ReplicaSnapshots} show the core the first part, gives the parts to a sink once all are
 * here, and tells the replica; when the log durably holds what the core says of the snapshot, {@code HostedMachine} applies the entries before
 * it, {@code MachineLife} installs what the sink made, and the log begins behind it.
 */
package io.flotilla.raft.host;
