package io.flotilla.raft.sim.invariant;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.machine.StateMachineFactory;
import io.flotilla.raft.sim.SimNetwork;
import io.flotilla.raft.sim.SimRuntime;
import io.flotilla.raft.sim.SimScheduler;
import io.flotilla.raft.transport.GroupMessage;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiPredicate;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/**
 * Watches a simulated fleet through its ports - what nodes send, what they write to their logs, what they apply - and
 * lets {@link SafetyProperties} judge each of these events. One instance sees all nodes for a whole run, across their
 * crashes.
 */
public final class RaftInvariants implements SimNetwork.Observer {
    /** Sees what a replica has come to, right after it has applied entries or taken over a snapshot. */
    public interface AppliedObserver {
        /** @param entries what it applied, up to the machine's applied index; empty if that came by a snapshot */
        void applied(NodeId node, long group, StateMachine machine, List<Entry> entries);
    }

    private final SimScheduler scheduler;
    private final ToLongFunction<Object> resultHash;
    private final ToLongFunction<StateMachine> checksum;
    private final SafetyProperties properties = new SafetyProperties();
    private final HeldEntries heldEntries = new HeldEntries();
    private final ReplicaChecksums replicaChecksums = new ReplicaChecksums();
    private final Map<NodeId, Map<Long, WatchedMachine>> machines = new TreeMap<>();
    private AppliedObserver observer = (node, group, machine, entries) -> {};
    private long installs;
    private int incarnations;
    private int opens;

    /**
     * @param resultHash what a state machine's result says, as one number; the same on every replica
     * @param checksum a machine's whole state as one number; the same on every replica at the same index
     */
    public RaftInvariants(
            SimScheduler scheduler, ToLongFunction<Object> resultHash, ToLongFunction<StateMachine> checksum) {
        this.scheduler = scheduler;
        this.resultHash = resultHash;
        this.checksum = checksum;
    }

    public SafetyProperties properties() {
        return properties;
    }

    /** From now on this one sees what replicas apply. */
    public void observe(AppliedObserver newObserver) {
        observer = newObserver;
    }

    void shows(NodeId node, long group, StateMachine machine, List<Entry> entries) {
        observer.applied(node, group, machine, entries);
    }

    /** Who holds what a guarded entry names. */
    public void judgeHolds(BiPredicate<NodeId, Entry> holds) {
        heldEntries.judgedBy(holds);
    }

    HeldEntries heldEntries() {
        return heldEntries;
    }

    /** How many leaderships were seen. */
    public long elections() {
        return properties.elections();
    }

    /** How many snapshots state machines took over. */
    public long installs() {
        return installs;
    }

    /** How often a log's beginning moved. */
    public long basesMoved() {
        return properties.basesMoved();
    }

    /** Who became leader of some group last, or null. */
    public NodeId lastLeader() {
        return properties.lastLeader();
    }

    /** Who leads the group in the highest term that was seen, or null. */
    public NodeId leaderOf(long group) {
        return properties.leaderOf(group);
    }

    public Monotonicity monotonicity() {
        return properties.monotonicity();
    }

    /** The highest index of a group that any replica has applied. */
    public long lastApplied(long group) {
        return properties.lastApplied(group);
    }

    @Override
    public void sent(NodeId from, NodeId to, GroupMessage message) {
        properties.sent(from, to, message.groupId(), message.message());
    }

    /** Watches the log store that an incarnation has just opened. */
    public LogStore watch(NodeId node, SimRuntime runtime, LogStore log) {
        ShadowDisk disk = properties.finds(node, log.recovered());
        // what it found counts as durable from the end of the opening on, if there is no crash before
        whenReached(runtime, () -> properties.opened(node, disk));
        return new WatchedLog(this, node, runtime, log, disk);
    }

    /** Watches the state machines that an incarnation opens. */
    public StateMachineFactory watch(NodeId node, StateMachineFactory factory) {
        String incarnation = node + "#" + incarnations++;
        Map<Long, WatchedMachine> opened = new TreeMap<>();
        machines.put(node, opened);
        return new StateMachineFactory() {
            @Override
            public StateMachine open(GroupDescriptor group) {
                properties.created(group.groupId(), group.membership());
                String life = incarnation + "." + opens++;
                WatchedMachine machine =
                        new WatchedMachine(RaftInvariants.this, node, life, group, factory.open(group));
                opened.put(group.groupId(), machine);
                return machine;
            }

            @Override
            public void drop(long groupId) {
                opened.remove(groupId);
                factory.drop(groupId);
            }

            @Override
            public SnapshotSource reopenSnapshot(long groupId, String name) {
                return factory.reopenSnapshot(groupId, name);
            }

            @Override
            public List<String> keptSnapshots() {
                return factory.keptSnapshots();
            }

            @Override
            public void forgetSnapshot(String name) {
                factory.forgetSnapshot(name);
            }

            @Override
            public boolean isApart(long groupId) {
                return factory.isApart(groupId);
            }
        };
    }

    /**
     * With nothing under way: every replica of every group has applied the same, to the same end.
     *
     * @param lives whether a node is up; the others are not asked
     */
    public void checkReplicasAgree(Predicate<NodeId> lives) {
        machines.forEach((node, opened) -> opened.forEach((group, machine) -> {
            if (lives.test(node)) {
                Liveness.caughtUp(node, group, machine.appliedIndex(), lastApplied(group));
                seesChecksum(node, group, machine.unwatched());
            }
        }));
    }

    /** What is broken ends the run, also if the production code around takes it for a failure of its own and stops a node. */
    <T> T noticed(Supplier<T> checked) {
        try {
            return checked.get();
        } catch (Violation broken) {
            scheduler.fail(broken);
            throw broken;
        }
    }

    /** When the world gets to the running task's time, if its node lives then. */
    void whenReached(SimRuntime runtime, Runnable action) {
        scheduler.whenReached(() -> {
            if (runtime.isAlive()) {
                action.run();
            }
        });
    }

    long durableIndex(NodeId node, long group) {
        WatchedMachine machine = machines.get(node).get(group);
        return machine == null ? Long.MAX_VALUE : machine.unwatched().durableIndex(); // it was dropped meanwhile
    }

    long hash(Object result) {
        return resultHash.applyAsLong(result);
    }

    void seesChecksum(NodeId node, long group, StateMachine machine) {
        replicaChecksums.sees(group, machine.appliedIndex(), checksum.applyAsLong(machine), node);
    }

    void installed() {
        installs++;
    }
}
