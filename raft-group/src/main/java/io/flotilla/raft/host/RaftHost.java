package io.flotilla.raft.host;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipChange;
import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.host.apply.Appliers;
import io.flotilla.raft.host.group.Event;
import io.flotilla.raft.host.group.GroupReplica;
import io.flotilla.raft.host.group.GroupWorker;
import io.flotilla.raft.host.group.HostGroups;
import io.flotilla.raft.host.group.HostReceiver;
import io.flotilla.raft.host.group.HostShutdown;
import io.flotilla.raft.host.persistence.KnownPeers;
import io.flotilla.raft.host.persistence.LogReader;
import io.flotilla.raft.host.persistence.LogWriter;
import io.flotilla.raft.host.persistence.PendingWrite;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.host.shared.SeedMix;
import io.flotilla.raft.host.snapshot.Snapshots;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.RecoveredGroup;
import io.flotilla.raft.log.Tombstone;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.machine.StateMachineFactory;
import io.flotilla.raft.node.NodeRecords;
import io.flotilla.raft.runtime.Held;
import io.flotilla.raft.runtime.NodeRuntime;
import io.flotilla.raft.transfer.Transfers;
import io.flotilla.raft.transport.MessageCodec;
import io.flotilla.raft.transport.NodeMessage;
import io.flotilla.raft.transport.NodeStart;
import io.flotilla.raft.transport.Transport;
import io.flotilla.raft.transport.TransportReceiver;
import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * The door to all replicas of a node. Thread-safe; no call blocks; callbacks say on which lane they come.
 *
 * <p>Lanes are made from the runtime at construction and belong to the runtime; the log is closed with the host, the
 * transport is not.
 */
public final class RaftHost implements AutoCloseable {
    /** For so long at most {@link #holdMembership} keeps a membership as it is. */
    public static final long MAX_MEMBERSHIP_HOLD_NANOS = 10_000_000_000L;

    private static final long RETRY_MILLIS = HostState.RETRY_MILLIS;

    private final StateMachineFactory machines;
    private final HostGroups state;
    private final LogWriter writer;
    private final LogReader reader;
    private final KnownPeers peers;
    private final Snapshots snapshots;
    private final Appliers appliers;
    private final GroupWorker[] workers;
    private final long seed;
    private final HostShutdown shutdown;

    // guarded by this
    private boolean started;
    private boolean closing;

    /**
     * @param records opened after the log, for this host
     * @param disk where parts of snapshots that come are kept, in a directory {@code transfers}
     */
    public RaftHost(
            HostConfig config,
            NodeRuntime runtime,
            LogStore log,
            NodeRecords records,
            Transport transport,
            StateMachineFactory machines,
            Disk disk,
            HostListener listener) {
        this.machines = machines;
        this.seed = runtime.randomSeed();
        this.state = new HostGroups(config, runtime, log, transport, listener);
        this.reader = new LogReader(state, runtime.lane("log-reader"), this::fail);
        this.peers = new KnownPeers(state, records, reader.lane(), this::fail);
        this.writer = new LogWriter(state, state::events, runtime.lane("log-writer"), reader, peers, this::fail);
        this.appliers = new Appliers(config.appliers(), machines, state);
        this.snapshots =
                new Snapshots(state, state::events, runtime.lane("snapshots"), disk, machines, SeedMix.mix(seed));
        this.workers = GroupWorker.all(
                config.workers(), state, writer, reader, snapshots, appliers.all(), this::fail, peers::outdated);
        this.shutdown =
                new HostShutdown(state, workers, appliers.all(), snapshots, peers, reader.lane(), writer.lane());
    }

    /** Starts the recovered groups, then ticks and messages. Called once. */
    public void start() {
        synchronized (this) {
            if (started || closing) {
                throw new IllegalStateException("the host was started or closed before");
            }
            started = true;
        }
        TransportReceiver receiver = new HostReceiver(state, workers, snapshots, peers);
        state.transport.start(peers.self(), writer::durableBatch, peers::known, receiver);
        for (RecoveredGroup group : state.log.recovered()) {
            GroupReplica replica = replica(group);
            state.replicas.put(replica.groupId(), replica);
            replica.machine().submitOpen();
        }
        for (Tombstone tombstone : state.log.tombstones()) {
            if (tombstone.dropped()) {
                state.tombstones.put(tombstone.groupId(), tombstone);
            } else {
                GroupReplica replica = replica(nothing(tombstone.groupId(), tombstone.removedAt(), null));
                state.replicas.put(replica.groupId(), replica);
                replica.retirement().goOn(tombstone);
            }
        }
        snapshots.start(this::fail);
    }

    /** What is here of a group that has no replica here. */
    private static RecoveredGroup nothing(long groupId, long joined, Tombstone tombstone) {
        GroupDescriptor group = new GroupDescriptor(groupId, Membership.NONE, new byte[0], joined);
        return RecoveredGroup.created(group, tombstone);
    }

    private GroupReplica replica(RecoveredGroup group) {
        long groupId = group.descriptor().groupId();
        return new GroupReplica(
                group,
                SeedMix.mix(seed ^ SeedMix.mix(groupId)),
                workers[(int) (groupId % workers.length)],
                appliers.of(groupId),
                machines);
    }

    /**
     * Creates a replica of a group; does nothing if there is one already. Durable before it takes part. A founding replica
     * is a member from the beginning. One that {@link GroupDescriptor#joined} later starts empty and learns from the
     * group's leader; without this call no message of anybody makes it.
     *
     * @return false if a tombstone forbids it: the replica was dropped for a membership at or after {@code joined}, or is
     *     just being dropped
     * @throws IllegalArgumentException if this node is not among the founding members and does not join later
     * @throws IllegalStateException before the start: only then is it known which groups there are
     */
    public boolean createGroup(GroupDescriptor group) {
        NodeId self = state.config.self();
        boolean belongs = group.joined() > 0 || group.membership().contains(self);
        if (group.groupId() < 0 || !belongs) {
            throw new IllegalArgumentException("group " + group.groupId() + " of "
                    + group.membership().all() + " can't be created on " + self
                    + ": ids are not negative and a node creates only groups it is a member of");
        }
        synchronized (this) {
            if (!started) {
                throw new IllegalStateException("start the host before creating groups");
            }
        }
        if (state.isDown()) {
            return false;
        }
        GroupReplica present = state.replicas.get(group.groupId());
        if (present != null) {
            return !present.retirement().hasBegun();
        }
        Tombstone tombstone = state.tombstones.get(group.groupId());
        if (tombstone != null && group.joined() <= tombstone.removedAt()) {
            return false;
        }
        GroupReplica replica = replica(RecoveredGroup.created(group, tombstone));
        if (state.replicas.putIfAbsent(group.groupId(), replica) == null) {
            state.tombstones.remove(group.groupId());
            writer.submit(List.of(PendingWrite.creation(replica.events())));
        }
        return true;
    }

    /**
     * Changes a group's membership through its leader: one change at a time. The nodes' addresses are the transport's
     * matter. A node that is added needs a replica, too ({@link #createGroup} there, with the index of the membership that
     * added it); one that is removed drops its replica by itself if it hears of it, else it is told by {@link #retire}.
     * Whether a learner holds enough to become a voter is judged by {@link #progress} before.
     */
    public void changeMembership(long groupId, MembershipChange change, MembershipCallback callback) {
        GroupReplica replica = state.replicas.get(groupId);
        if (replica == null || state.isDown()) {
            callback.refused(new Refusal.NoReplica());
        } else if (!replica.worker().post(new Event.Change(replica, change, callback))) {
            callback.refused(new Refusal.Busy(RETRY_MILLIS));
        }
    }

    /**
     * Lets no change of the group's membership begin here for so long; one that is wanted meanwhile is refused as busy. What {@link
     * #progress} would tell then comes back: whether an earlier change is still under way, which this does not stop, is seen there. Only
     * this node's leadership is bound by it, and no longer than {@link #MAX_MEMBERSHIP_HOLD_NANOS}, for a group must be repaired.
     *
     * @param nanos from now on, in place of what an earlier call said; 0 ends it
     * @throws IllegalArgumentException if the time is negative or too long
     */
    public void holdMembership(long groupId, long nanos, ProgressCallback callback) {
        if (nanos < 0 || nanos > MAX_MEMBERSHIP_HOLD_NANOS) {
            throw new IllegalArgumentException(
                    "a membership can't be held for " + nanos + " ns: give 0 to " + MAX_MEMBERSHIP_HOLD_NANOS);
        }
        GroupReplica replica = state.replicas.get(groupId);
        if (replica == null || state.isDown()) {
            callback.refused(new Refusal.NoReplica());
        } else if (!replica.worker().post(new Event.HoldMembership(replica, nanos, callback))) {
            callback.refused(new Refusal.Busy(RETRY_MILLIS));
        }
    }

    /** How far the replicas of a group are, if the one here leads; else what this one knows of the membership. */
    public void progress(long groupId, ProgressCallback callback) {
        GroupReplica replica = state.replicas.get(groupId);
        if (replica == null || state.isDown()) {
            callback.refused(new Refusal.NoReplica());
        } else if (!replica.worker().post(new Event.AskProgress(replica, callback))) {
            callback.refused(new Refusal.Busy(RETRY_MILLIS));
        }
    }

    /**
     * Drops the replica of a group that was left out of it, unless it is a member by a later membership: stops it, deletes
     * its data, and keeps it from being created again under an earlier number. May be called again, and before any
     * replica was created: then it can't be created late.
     *
     * @param removedAt the index of a membership, committed, that does not name this node
     */
    public void retire(long groupId, long removedAt, RetireCallback callback) {
        if (state.isDown()) {
            callback.refused(new Refusal.NoReplica());
            return;
        }
        GroupReplica replica = state.replicas.get(groupId);
        if (replica == null) {
            Tombstone tombstone = state.tombstones.get(groupId);
            if (tombstone != null && removedAt <= tombstone.removedAt()) {
                callback.retired();
                return;
            }
            GroupReplica placeholder = replica(nothing(groupId, removedAt, tombstone));
            GroupReplica other = state.replicas.putIfAbsent(groupId, placeholder);
            replica = other == null ? placeholder : other;
        }
        if (!replica.worker().post(new Event.Retire(replica, removedAt, callback))) {
            if (!replica.isCreated()) {
                state.replicas.remove(groupId, replica);
            }
            callback.refused(new Refusal.Busy(RETRY_MILLIS));
        }
    }

    /**
     * Replicates a command. The array belongs to the host from here on.
     *
     * @throws IllegalArgumentException if the payload is larger than {@link MessageCodec#MAX_PAYLOAD_BYTES}
     */
    public void propose(long groupId, byte[] payload, ProposalCallback callback) {
        propose(groupId, payload, 0, callback);
    }

    /**
     * Replicates a guarded command: one that each replica appends only once its {@link StateMachine#guard} says that it holds what the
     * command names. Refused as {@link Refusal.Guarded} if the guard here says no, while another guarded command of the group is not
     * committed, and before an entry of this leadership is. What comes after it in the log waits with it, so it should be held by a majority
     * of the voters first; a replica that does not hold it lags behind until it does ({@link HostListener#heldBack}).
     *
     * @throws IllegalArgumentException as {@link #propose}
     */
    public void proposeGuarded(long groupId, byte[] payload, ProposalCallback callback) {
        propose(groupId, payload, Entry.GUARDED, callback);
    }

    private void propose(long groupId, byte[] payload, int flags, ProposalCallback callback) {
        if (payload.length > MessageCodec.MAX_PAYLOAD_BYTES) {
            throw new IllegalArgumentException("a command of " + payload.length + " bytes is larger than the allowed "
                    + MessageCodec.MAX_PAYLOAD_BYTES + ": split it");
        }
        state.counters.proposals.increment();
        GroupReplica replica = state.replicas.get(groupId);
        if (replica == null || state.isDown()) {
            callback.refused(new Refusal.NoReplica());
        } else if (writer.isBehind() || !replica.worker().post(new Event.Proposal(replica, payload, flags, callback))) {
            state.counters.busy.increment();
            callback.refused(new Refusal.Busy(RETRY_MILLIS));
        }
    }

    /**
     * Runs a linearizable read on the group's leader: at once while it holds a lease, else after a round of messages that
     * all reads share that wait for it.
     */
    public void read(long groupId, ReadCallback callback) {
        read(groupId, ReadAt.LEADER, callback);
    }

    /** Runs a linearizable read where it is wanted. */
    public void read(long groupId, ReadAt at, ReadCallback callback) {
        state.counters.reads.increment();
        GroupReplica replica = state.replicas.get(groupId);
        if (replica == null || state.isDown()) {
            callback.refused(new Refusal.NoReplica());
        } else if (!replica.reserveRead()) {
            busy(callback);
        } else if (replica.readUnderLease(callback)) {
            state.counters.leasedReads.increment();
        } else if (!replica.worker().post(new Event.Read(replica, callback, at))) {
            replica.readsDone(1);
            busy(callback);
        }
    }

    /**
     * Lets another replica lead a group that this node leads. The leader takes no proposals meanwhile, which are refused as
     * {@link Refusal.Transferring}, brings the target up, and lets it campaign at once. If the target does not lead within
     * an election timeout, this node goes on. One transfer at a time; the callback waits until it is known who leads.
     */
    public void transferLeadership(long groupId, NodeId target, TransferCallback callback) {
        GroupReplica replica = state.replicas.get(groupId);
        if (replica == null || state.isDown()) {
            callback.refused(new Refusal.NoReplica());
        } else if (!replica.worker().post(new Event.Transfer(replica, target, callback))) {
            state.counters.busy.increment();
            callback.refused(new Refusal.Busy(RETRY_MILLIS));
        }
    }

    /**
     * Tells another node's embedder something ({@link HostListener#told}). May be lost, or come twice or late; what waits for a
     * node is bounded, and dropped beyond that. The array belongs to the host from here on.
     *
     * @param bytes known to the embedders alone
     * @throws IllegalArgumentException if there are more than {@link NodeMessage.Application#MAX_BYTES}
     */
    public void tell(NodeId to, byte[] bytes) {
        NodeMessage message = new NodeMessage.Application(bytes);
        if (!state.isDown()) {
            state.transport.send(to, message);
        }
    }

    private void busy(ReadCallback callback) {
        state.counters.busy.increment();
        callback.refused(new Refusal.Busy(RETRY_MILLIS));
    }

    /**
     * Runs a task on a group's applier lane, between entries, with what the machine here has applied: asks no leader. It may block as writing
     * back may, and a failure of it is the machine's.
     *
     * @param task gets the machine, not to be kept; null, perhaps on the calling lane, if none runs here
     */
    public void visit(long groupId, Consumer<StateMachine> task) {
        GroupReplica replica = state.replicas.get(groupId);
        if (replica == null || state.isDown()) {
            task.accept(null);
        } else {
            replica.machine().submitVisit(task);
        }
    }

    /** What carries large contents: others may bind theirs before the start. */
    public Transfers transfers() {
        return snapshots.transfers();
    }

    /** The replicas here, by ascending group id; a recent consistent value of each. Any thread. */
    public List<GroupStatus> status() {
        return state.replicas.values().stream()
                .map(GroupReplica::status)
                .sorted(Comparator.comparingLong(GroupStatus::groupId))
                .toList();
    }

    /** The replica of one group, or null. Any thread. */
    public GroupStatus status(long groupId) {
        GroupReplica replica = state.replicas.get(groupId);
        return replica == null ? null : replica.status();
    }

    /** The other nodes that are up or ever greeted, sorted; a copy. Any thread. */
    public SortedMap<NodeId, PeerStatus> peers() {
        return peers.all();
    }

    /** Which start of this node this is. Any thread. */
    public NodeStart self() {
        return peers.self();
    }

    /** Counts since this host was made. Any thread. */
    public HostStats stats() {
        return state.counters.snapshot(state.syncTimes.pace());
    }

    /** Adds what is taken of the bounds of this host just now. Any thread. */
    public void held(Held held) {
        writer.held(held);
        snapshots.transfers().held(held);
        state.held(workers, appliers.all(), held);
    }

    /** The log can't go on. Any lane. */
    private void fail(Throwable cause) {
        if (!state.fail(cause)) {
            return;
        }
        for (GroupWorker worker : workers) {
            worker.lane().execute(worker::stop);
        }
        HostShutdown.forEachReplica(state, replica -> replica.machine().submitRefuseWaiting());
        state.listener.nodeFailed(cause);
    }

    /**
     * Stops all work: open proposals end indeterminate, reads refused. Closes machines, then the log. Returns at once;
     * {@link #closed} tells when it is done, which needs the runtime's lanes: close the runtime after that.
     */
    @Override
    public void close() {
        synchronized (this) {
            if (closing) {
                return;
            }
            closing = true;
        }
        shutdown.begin();
    }

    /** Completes once machines and log are closed, on one of the host's lanes. */
    public CompletableFuture<Void> closed() {
        return shutdown.closed();
    }
}
