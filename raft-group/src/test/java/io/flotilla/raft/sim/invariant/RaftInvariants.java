package io.flotilla.raft.sim.invariant;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.RecoveredGroup;
import io.flotilla.raft.machine.SnapshotSink;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.machine.StateMachineFactory;
import io.flotilla.raft.sim.SimNetwork;
import io.flotilla.raft.sim.SimRuntime;
import io.flotilla.raft.sim.SimScheduler;
import io.flotilla.raft.transport.GroupMessage;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/**
 * Watches a simulated fleet through its ports - what nodes send, what they write to their logs, what they apply - and
 * checks every safety property of Raft at each of these events. One instance sees all nodes for a whole run, across
 * their crashes.
 */
public final class RaftInvariants implements SimNetwork.Observer {
    private final SimScheduler scheduler;
    /** An index at whose multiples replicas are compared when they stop there; comparing reads all their data. */
    private static final int INDEXES_BETWEEN_CHECKSUMS = 32;

    private final ToLongFunction<Object> resultHash;
    private final ToLongFunction<StateMachine> checksum;
    private final ReplicaChecksums replicaChecksums = new ReplicaChecksums();
    private final Map<NodeId, Map<Long, WatchedMachine>> machines = new TreeMap<>();
    private final ElectionSafety electionSafety = new ElectionSafety();
    private final OneVotePerTerm oneVotePerTerm = new OneVotePerTerm();
    private final LogMatching logMatching = new LogMatching();
    private final StateMachineSafety stateMachineSafety = new StateMachineSafety();
    private final LeaderCompleteness leaderCompleteness = new LeaderCompleteness(stateMachineSafety);
    private final CommitRule commitRule = new CommitRule();
    private final LogBases logBases = new LogBases(stateMachineSafety);
    private final Durability durability = new Durability();
    private final Monotonicity monotonicity = new Monotonicity();
    private final Map<NodeId, Map<Long, ShadowLog>> disks = new TreeMap<>();
    /** What was given to a node's log and is not durable yet. */
    private final Map<NodeId, Map<Long, GroupWrite>> inFlight = new TreeMap<>();

    private final Map<Long, Membership> memberships = new HashMap<>();
    private final Map<Long, Long> highestTerms = new HashMap<>();
    private final Map<Long, NodeId> highestLeaders = new HashMap<>();
    private NodeId lastLeader;
    private long elections;
    private long installs;
    private long basesMoved;
    private int incarnations;

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

    /** How many leaderships were seen. */
    public long elections() {
        return elections;
    }

    /** How many images state machines took over. */
    public long installs() {
        return installs;
    }

    /** How often a log's beginning moved. */
    public long basesMoved() {
        return basesMoved;
    }

    /** Who became leader of some group last, or null. */
    public NodeId lastLeader() {
        return lastLeader;
    }

    public Monotonicity monotonicity() {
        return monotonicity;
    }

    /** The highest index of a group that any replica has applied. */
    public long lastApplied(long group) {
        return stateMachineSafety.lastIndex(group);
    }

    @Override
    public void sent(NodeId from, NodeId to, GroupMessage envelope) {
        long group = envelope.groupId();
        Message message = envelope.message();
        if (message instanceof Message.AppendRequest append) {
            leads(group, append.term(), from);
            leaderCompleteness.sends(group, from, append);
            commits(group, append.term(), append.commit(), from);
        } else if (message instanceof Message.Heartbeat heartbeat) {
            leads(group, heartbeat.term(), from);
            commits(group, heartbeat.term(), heartbeat.commit(), from);
        } else if (message instanceof Message.VoteReply reply && reply.granted()) {
            oneVotePerTerm.voted(group, reply.term(), from, to);
        }
    }

    private void leads(long group, long term, NodeId node) {
        if (electionSafety.leads(group, term, node)) {
            elections++;
            lastLeader = node;
            if (term > highestTerms.getOrDefault(group, 0L)) {
                highestTerms.put(group, term);
                highestLeaders.put(group, node);
            }
        }
    }

    private void commits(long group, long term, long commit, NodeId leader) {
        commitRule.announces(group, term, commit, lastApplied(group), leader, this::majorityEnd);
    }

    /** The highest index of an entry of a term that a majority has on disk; 0 if there is none. */
    private long majorityEnd(long group, long term) {
        Membership membership = memberships.get(group);
        long[] ends = new long[membership.voters().size()];
        int i = 0;
        for (NodeId voter : membership.voters()) {
            ShadowLog log = log(voter, group);
            ends[i++] = log == null ? 0 : log.lastIndexOf(term);
        }
        Arrays.sort(ends);
        return ends[(ends.length - 1) / 2];
    }

    private ShadowLog log(NodeId node, long group) {
        Map<Long, ShadowLog> logs = disks.get(node);
        return logs == null ? null : logs.get(group);
    }

    private boolean holds(NodeId node, long group, long index, long term) {
        ShadowLog log = log(node, group);
        return log != null && log.holds(index, term);
    }

    private final Durability.Holds onDisks = new Durability.Holds() {
        @Override
        public boolean holds(NodeId node, long group, long index, long term) {
            return RaftInvariants.this.holds(node, group, index, term);
        }

        @Override
        public String describe(NodeId node, long group) {
            return String.valueOf(log(node, group));
        }
    };

    /** Watches the log store that an incarnation has just opened. */
    public LogStore watch(NodeId node, SimRuntime runtime, LogStore log) {
        Map<Long, ShadowLog> logs = new HashMap<>();
        for (RecoveredGroup group : log.recovered()) {
            long id = group.descriptor().groupId();
            memberships.putIfAbsent(id, group.descriptor().membership());
            ShadowLog shadow = ShadowLog.of(group);
            for (long index = group.base().index() + 1; index <= group.lastIndex(); index++) {
                logMatching.hashOf(id, shadow.termAt(index), index);
            }
            logs.put(id, shadow);
        }
        Map<Long, GroupWrite> unfinished = inFlight.getOrDefault(node, new HashMap<>());
        disks.getOrDefault(node, new HashMap<>())
                .forEach((group, shadow) ->
                        LogDurability.recovered(node, group, shadow, unfinished.get(group), logs.get(group)));
        // what it found counts as durable from the end of the opening on, if there is no crash before
        scheduler.whenReached(() -> {
            if (runtime.isAlive()) {
                disks.put(node, logs);
                inFlight.put(node, new HashMap<>());
            }
        });
        return new WatchedLog(node, runtime, log, logs);
    }

    /** Watches the state machines that an incarnation opens. */
    public StateMachineFactory watch(NodeId node, StateMachineFactory factory) {
        String incarnation = node + "#" + incarnations++;
        Map<Long, WatchedMachine> opened = new TreeMap<>();
        machines.put(node, opened);
        return group -> {
            memberships.putIfAbsent(group.groupId(), group.membership());
            WatchedMachine machine = new WatchedMachine(node, incarnation, group, factory.open(group));
            opened.put(group.groupId(), machine);
            return machine;
        };
    }

    /**
     * With nothing under way: every replica of every group has applied the same, to the same end.
     *
     * @param lives whether a node is up; the others are not asked
     */
    public void checkReplicasAgree(Predicate<NodeId> lives) {
        machines.forEach((node, opened) -> opened.forEach((group, machine) -> {
            if (!lives.test(node)) {
                return;
            }
            if (machine.appliedIndex() != lastApplied(group)) {
                throw new Violation(
                        "Liveness",
                        "%s has applied group %d up to %d only, others up to %d, though nothing is broken any more",
                        node,
                        group,
                        machine.appliedIndex(),
                        lastApplied(group));
            }
            replicaChecksums.sees(group, machine.appliedIndex(), checksum.applyAsLong(machine), node);
        }));
    }

    /** What is broken ends the run, also if the production code around takes it for a failure of its own and stops a node. */
    private <T> T noticed(Supplier<T> checked) {
        try {
            return checked.get();
        } catch (Violation broken) {
            scheduler.fail(broken);
            throw broken;
        }
    }

    private final class WatchedLog implements LogStore {
        private final NodeId node;
        private final SimRuntime runtime;
        private final LogStore log;
        private final Map<Long, ShadowLog> logs;

        WatchedLog(NodeId node, SimRuntime runtime, LogStore log, Map<Long, ShadowLog> logs) {
            this.node = node;
            this.runtime = runtime;
            this.log = log;
            this.logs = logs;
        }

        @Override
        public List<RecoveredGroup> recovered() {
            return log.recovered();
        }

        @Override
        public void write(List<GroupWrite> writes) throws IOException {
            for (GroupWrite write : writes) {
                if (write.creation() != null) {
                    memberships.putIfAbsent(write.groupId(), write.creation().membership());
                }
                noticed(() -> {
                    checkContent(write);
                    return null;
                });
            }
            Map<Long, GroupWrite> unfinished = inFlight.get(node);
            for (GroupWrite write : writes) {
                if (write.base() != null || !write.entries().isEmpty()) {
                    unfinished.put(write.groupId(), write);
                }
            }
            log.write(writes);
            scheduler.whenReached(() -> {
                if (runtime.isAlive()) {
                    writes.forEach(this::durable);
                    unfinished.clear();
                }
            });
        }

        @Override
        public Upkeep upkeep() {
            return log.upkeep();
        }

        @Override
        public List<Pin> pins() {
            return log.pins();
        }

        @Override
        public boolean isOverfull() {
            return log.isOverfull();
        }

        private void checkContent(GroupWrite write) {
            ShadowLog shadow = logs.computeIfAbsent(write.groupId(), id -> new ShadowLog());
            if (write.base() != null) {
                logBases.moves(
                        write.groupId(),
                        node,
                        shadow.base(),
                        write.base(),
                        machines.get(node).get(write.groupId()).machine.durableIndex());
                basesMoved++;
                shadow = shadow.copy();
                shadow.apply(write);
            }
            if (write.entries().isEmpty()) {
                return;
            }
            long previous = shadow.termAt(write.entries().get(0).index() - 1);
            for (Entry entry : write.entries()) {
                if (previous < 0) {
                    throw new Violation(
                            "LogMatching",
                            "%s writes entry %d of group %d behind a gap: its log ends at %d",
                            node,
                            entry.index(),
                            write.groupId(),
                            shadow.lastIndex());
                }
                logMatching.stored(write.groupId(), entry.term(), entry.index(), previous, EntryHash.of(entry), node);
                previous = entry.term();
            }
        }

        private void durable(GroupWrite write) {
            logs.get(write.groupId()).apply(write);
        }

        @Override
        public List<Entry> read(long groupId, long from, long to, int maxBytes) throws IOException {
            return log.read(groupId, from, to, maxBytes);
        }

        @Override
        public void close() throws IOException {
            log.close();
        }
    }

    private final class WatchedMachine implements StateMachine {
        private final NodeId node;
        private final String incarnation;
        private final GroupDescriptor group;
        private final StateMachine machine;

        WatchedMachine(NodeId node, String incarnation, GroupDescriptor group, StateMachine machine) {
            this.node = node;
            this.incarnation = incarnation;
            this.group = group;
            this.machine = machine;
        }

        @Override
        public long appliedIndex() {
            return machine.appliedIndex();
        }

        @Override
        public List<Object> apply(List<Entry> entries) {
            return noticed(() -> applyChecked(entries));
        }

        private List<Object> applyChecked(List<Entry> entries) {
            long id = group.groupId();
            long next = machine.appliedIndex() + 1;
            for (Entry entry : entries) {
                if (entry.index() != next++) {
                    throw new Violation(
                            "StateMachineSafety",
                            "%s applies index %d of group %d, but %d is next",
                            node,
                            entry.index(),
                            id,
                            next - 1);
                }
                long highest = highestTerms.getOrDefault(id, 0L);
                boolean first =
                        stateMachineSafety.applies(id, entry.index(), entry.term(), EntryHash.of(entry), node, highest);
                if (first) {
                    if (node.equals(highestLeaders.get(id))) {
                        commitRule.applies(id, highest, entry.index(), node, RaftInvariants.this::majorityEnd);
                    }
                    durability.applied(id, entry.index(), entry.term(), node, memberships.get(id), onDisks);
                }
            }
            List<Object> results = machine.apply(entries);
            for (int i = 0; i < entries.size(); i++) {
                stateMachineSafety.applied(id, entries.get(i).index(), resultHash.applyAsLong(results.get(i)), node);
            }
            long applied = machine.appliedIndex();
            if (applied % INDEXES_BETWEEN_CHECKSUMS == 0) {
                replicaChecksums.sees(id, applied, checksum.applyAsLong(machine), node);
            }
            monotonicity.sees(incarnation, "applied index of group " + id, applied);
            return results;
        }

        @Override
        public long durableIndex() {
            return noticed(() -> {
                long durable = machine.durableIndex();
                monotonicity.sees(incarnation, "durable index of group " + group.groupId(), durable);
                return durable;
            });
        }

        @Override
        public void flushSoon() {
            machine.flushSoon();
        }

        @Override
        public SnapshotSource snapshot() {
            return noticed(this::snapshotChecked);
        }

        private SnapshotSource snapshotChecked() {
            SnapshotSource source = machine.snapshot();
            if (source.index() != machine.appliedIndex()) {
                throw new Violation(
                        "StateMachineSafety",
                        "%s gives an image of group %d up to index %d, but has applied %d",
                        node,
                        group.groupId(),
                        source.index(),
                        machine.appliedIndex());
            }
            replicaChecksums.sees(group.groupId(), source.index(), checksum.applyAsLong(machine), node);
            return source;
        }

        @Override
        public SnapshotSink receiveSnapshot() {
            return machine.receiveSnapshot();
        }

        @Override
        public void install(SnapshotSink image, EntryId last) {
            noticed(() -> {
                installChecked(image, last);
                return null;
            });
        }

        private void installChecked(SnapshotSink image, EntryId last) {
            long id = group.groupId();
            stateMachineSafety.installs(id, last, machine.appliedIndex(), node);
            machine.install(image, last);
            if (machine.appliedIndex() != last.index() || machine.durableIndex() < last.index()) {
                throw new Violation(
                        "StateMachineSafety",
                        "%s installed an image of group %d up to %s, but holds %d, durably %d",
                        node,
                        id,
                        last,
                        machine.appliedIndex(),
                        machine.durableIndex());
            }
            installs++;
            replicaChecksums.sees(id, last.index(), checksum.applyAsLong(machine), node);
            monotonicity.sees(incarnation, "applied index of group " + id, last.index());
        }

        @Override
        public EntryId installed() {
            return machine.installed();
        }

        @Override
        public <T extends StateMachine> T as(Class<T> type) {
            return machine.as(type);
        }

        @Override
        public void close() {
            machine.close();
        }
    }
}
