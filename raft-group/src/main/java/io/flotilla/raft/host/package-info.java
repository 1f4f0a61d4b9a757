/**
 * Many replicas of Raft groups on a few lanes. This package is what an embedder sees: {@link io.flotilla.raft.host.RaftHost}, its
 * configuration, its callbacks and its {@link io.flotilla.raft.host.HostListener}. The rest of the host is in five packages below it.
 * {@code group}: workers step the cores of their groups and keep what callers wait for. {@code apply}: state machines. {@code snapshot}:
 * their snapshots to and from other nodes. {@code persistence}: the log that all groups of the node share. {@code shared}: inboxes,
 * counters, messages that leave. {@code group} uses the other four; {@code apply}, {@code snapshot} and {@code persistence} use only
 * {@code shared}. They reach the replica that they work for by a port ({@code MachineOwner}, {@code SnapshotOwner}, {@code LogOwner});
 * {@code ReplicaEvents} of {@code group} implements all three, mostly by posting an {@code Event} to the replica's worker.
 *
 * <p><b>Lanes.</b> A lane runs its tasks one after the other; each class says which lane owns it, or how it is shared. What crosses lanes
 * is immutable or goes over to the receiver. A lane has a thread; a worker or shared applier that sleeps may be run by another one instead.
 * <ul>
 * <li>{@code group-worker-i}: a {@code GroupWorker} and the {@code GroupReplica}s of its groups, each with a {@code RaftCore}.
 * <li>{@code applier-i}, {@code applier-apart}: an {@code Applier} and the {@code HostedMachine}s of some groups.
 * <li>{@code log-writer}: the {@code LogWriter}, the only writer of the log. {@code log-reader}: entries that are not in memory any more.
 * <li>{@code snapshots}: {@code SnapshotSender}, {@code SnapshotReceiver} and, below them, {@code raft.transfer}, which calls this lane
 *     the transfer lane and carries what the embedder binds as well ({@code RaftHost.transfers}).
 * </ul>
 * Callers and the network have threads of their own; the network's call {@code HostReceiver}. A name before a colon says who runs a step.
 *
 * <p><b>A worker's turn.</b> The worker takes a bounded number of events from its {@code Inbox}. Then {@code GroupReplica.endTurn} of each
 * replica concerned gives the proposals and reads of the turn to the core, drains the core's {@code Effects}, has {@code EffectsRouter}
 * sort them, and publishes status and lease. Last the worker hands over for all its replicas, in this order: messages, one frame
 * per peer ({@code PeerOutbox}); batches to be made durable ({@code LogWriter.submit}); work for machines ({@code Applier.submit}).
 *
 * <p><b>A proposal</b>, at the leader but for step 4:
 * <ol>
 * <li>Caller: {@code RaftHost.propose} posts an {@code Event.Proposal} to the group's worker. The callback is refused as busy at once
 *     if the worker's inbox is full or the log writer is behind.
 * <li>Worker: {@code PendingProposals} collects it, gives all of the turn to {@code RaftCore.propose}, and keeps the callbacks by index.
 *     Append messages leave in this turn. The entries also go, as a {@code PersistBatch}, to the log writer.
 * <li>Log writer: what all workers submitted during the last sync becomes one write and one sync, with the batches of each group
 *     merged ({@code MergedWrite}). Each worker then gets one {@code Event.Durable}; only from then on does the leader count itself.
 * <li>Follower: a network thread's {@code HostReceiver} posts an {@code Event.Incoming} to the worker, whose core appends. The
 *     acknowledgement is part of the {@code PersistBatch}: after the sync the log writer sends it itself (under load, the worker does).
 * <li>Worker: acknowledgements are {@code Event.Incoming}, too. An entry that is committed, and durable here as well, is drained to be
 *     applied. {@code PendingProposals.take} hands over its callback, and both go to the {@code ApplyQueue} of the {@code HostedMachine}.
 *     If the leadership ends before that, {@code PendingProposals} refuses the callback as indeterminate.
 * <li>Applier: {@code HostedMachine} has the {@code StateMachine} apply what is queued, posts {@code Event.Applied} to the worker, and
 *     calls the callbacks. Where none waits, as at followers, entries may stay in the {@code ApplyQueue} for a moment.
 * </ol>
 *
 * <p><b>A guarded entry</b> ({@code RaftHost.proposeGuarded}) takes the same path, past the machine's {@code EntryGuard}, which
 * {@code GuardedEntries} asks on the worker. In step 2 {@code PendingProposals} proposes it by itself, or refuses it if the guard says no.
 * In step 4 {@code GuardedEntries} sees each append request before the core. If the guard says no to an entry that the log lacks, the core
 * gets the request cut before that entry ({@code receiveCut}). If that entry would be next, {@code HostListener.heldBack} is told, and
 * the core answers {@code HeldBack} in place of an acknowledgement. The leader sends that entry again, at the pace of heartbeats. If the
 * listener said that what is missing can't be pulled, and the leader has applied the entry, the leader sends a snapshot.
 *
 * <p><b>A linearizable read</b>, at the leader:
 * <ol>
 * <li>Caller: {@code RaftHost.read} counts it among the group's open reads ({@code PendingReads.reserve}); too many, and it is busy. While
 *     {@code PublishedLease} has a {@code HeldLease}, the read goes to the applier's {@code LeasedReads} with the commit index of the
 *     published status: step 4. Without a lease, or if {@code LeasedReads} is full, an {@code Event.Read} is posted to the worker.
 * <li>Worker: {@code PendingReads} calls {@code RaftCore.readIndex} once for all reads of the turn; the core sends a round of heartbeats.
 *     A replica that does not lead refuses, or for {@code ReadAt.ANY_REPLICA} asks its leader for the index ({@code ReadIndexRequest}).
 * <li>Worker: once a majority answered the round, the core grants an index (a {@code ReadGrant} in the effects).
 *     {@code EffectsRouter} takes the callbacks back from {@code PendingReads} and gives them to {@code HostedMachine.submitReads}.
 * <li>Applier: the machine's {@code ReadQueue} waits until the index is applied and calls {@code ReadCallback.read}, which returns the
 *     answer without giving it. Without a lease the answer is given now; with one, only if the clock says that the lease still holds.
 *     If it ran out, {@code MachineOwner.readAgain} posts an {@code Event.Read}, and the read goes on with step 2.
 * </ol>
 *
 * <p><b>A snapshot to a follower that lags.</b> Bulk messages ({@code Offer}, {@code Ask}, {@code Part}, {@code Over}) pass from a network
 * thread's {@code HostReceiver.receiveBulk} to {@code Transfers}, which handles them on the snapshots lane.
 * <ol>
 * <li>Leader, worker: the core finds that its log begins after what the follower lacks (or see the guarded entry), sends it no more
 *     entries, and names it in {@code Effects.snapshots}. {@code EffectsRouter} calls {@code Snapshots.send}.
 * <li>Leader, snapshots: {@code SnapshotSender} sends an {@code Offer}, or queues it while too many others are being sent.
 * <li>Follower, snapshots: {@code SnapshotReceiver} accepts; {@code TransferReceiver} makes a file for the parts and sends an {@code Ask}.
 * <li>Leader, snapshots: {@code TransferSender} has {@code SnapshotSender} open the content. Only now is the snapshot taken. Worker:
 *     {@code ReplicaSnapshots.asked}; the log keeps what will follow. Applier: {@code MachineLife.takeSnapshot}. Snapshots:
 *     {@code SnapshotSender.keep} saves it under a name, if the machine can, for a restart. Worker: {@code ReplicaSnapshots.taken} gets
 *     its last entry and the membership there from the core. Snapshots: that is the first part ({@code SnapshotHead}); parts leave.
 * <li>Follower, snapshots: {@code TransferReceiver} keeps the parts in the file, and syncs it. After the first one the worker
 *     ({@code ReplicaSnapshots.offered}) asks {@code RaftCore.wantsSnapshot}. If the core wants it, {@code SnapshotReceiver} reads the
 *     whole file, once complete, into the machine's {@code SnapshotSink}.
 * <li>Follower, worker: {@code ReplicaSnapshots.received} calls {@code RaftCore.install}; from then on the core drains no more entries to
 *     apply. It owes a batch that records the snapshot's last entry and membership. Once that is durable, the machine may install.
 * <li>Follower, applier: {@code HostedMachine} applies what was drained before; {@code MachineLife.install} replaces the state, durably.
 * <li>Follower, worker: on {@code Event.SnapshotInstalled}, {@code RaftCore.installed} moves the start of the log behind the snapshot.
 *     Snapshots: {@code SnapshotReceiver.end} deletes the parts and sends {@code Over}.
 * <li>Leader, snapshots: {@code SnapshotSender.over} releases the snapshot. Worker: {@code RaftCore.snapshotSent}; appending goes on.
 * </ol>
 *
 * <p><b>Past the core.</b> {@code RaftHost.visit} runs a task with the machine on the applier ({@code MachineLife.visit}), between
 * entries, on what is applied here: not a linearizable read. {@code RaftHost.tell} gives bytes to the transport on the caller's thread; at
 * the other node a network thread's {@code HostReceiver} calls {@code HostListener.told}. No lane takes part, and bytes may be lost.
 */
package io.flotilla.raft.host;
