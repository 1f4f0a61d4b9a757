package io.flotilla.raft.sim.invariant;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.machine.EntryGuard;
import io.flotilla.raft.machine.SnapshotSink;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.machine.StateMachine;
import java.util.List;

/** A state machine of which the safety properties see what it applies, gives away and takes over. */
final class WatchedMachine implements StateMachine {
    /** An index at whose multiples replicas are compared when they stop there; comparing reads all their data. */
    private static final int INDEXES_BETWEEN_CHECKSUMS = 32;

    private final RaftInvariants invariants;
    private final NodeId node;
    private final String incarnation;
    private final long group;
    private final StateMachine machine;

    WatchedMachine(
            RaftInvariants invariants, NodeId node, String incarnation, GroupDescriptor group, StateMachine machine) {
        this.invariants = invariants;
        this.node = node;
        this.incarnation = incarnation;
        this.group = group.groupId();
        this.machine = machine;
    }

    StateMachine unwatched() {
        return machine;
    }

    @Override
    public long appliedIndex() {
        return machine.appliedIndex();
    }

    @Override
    public List<Object> apply(List<Entry> entries) {
        return invariants.noticed(() -> applyChecked(entries));
    }

    private List<Object> applyChecked(List<Entry> entries) {
        SafetyProperties properties = invariants.properties();
        properties.applies(node, group, machine.appliedIndex(), entries);
        List<Object> results = machine.apply(entries);
        for (int i = 0; i < entries.size(); i++) {
            properties.applied(node, group, entries.get(i).index(), invariants.hash(results.get(i)));
        }
        long applied = machine.appliedIndex();
        if (applied % INDEXES_BETWEEN_CHECKSUMS == 0) {
            invariants.seesChecksum(node, group, machine);
        }
        properties.monotonicity().sees(incarnation, "applied index of group " + group, applied);
        invariants.shows(node, group, machine, entries);
        return results;
    }

    @Override
    public long durableIndex() {
        return invariants.noticed(() -> {
            long durable = machine.durableIndex();
            invariants.properties().monotonicity().sees(incarnation, "durable index of group " + group, durable);
            return durable;
        });
    }

    @Override
    public void writeBack() {
        machine.writeBack();
    }

    @Override
    public boolean isFull() {
        return machine.isFull();
    }

    @Override
    public boolean isNonBlocking() {
        return machine.isNonBlocking();
    }

    @Override
    public EntryGuard guard() {
        return machine.guard();
    }

    @Override
    public void flushSoon() {
        machine.flushSoon();
    }

    @Override
    public SnapshotSource snapshot() {
        return invariants.noticed(this::snapshotChecked);
    }

    private SnapshotSource snapshotChecked() {
        SnapshotSource source = machine.snapshot();
        if (source.index() != machine.appliedIndex()) {
            throw new Violation(
                    "StateMachineSafety",
                    "%s gives a snapshot of group %d up to index %d, but has applied %d",
                    node,
                    group,
                    source.index(),
                    machine.appliedIndex());
        }
        invariants.seesChecksum(node, group, machine);
        return source;
    }

    @Override
    public SnapshotSink receiveSnapshot() {
        return machine.receiveSnapshot();
    }

    @Override
    public void install(SnapshotSink snapshot, EntryId last) {
        invariants.noticed(() -> {
            installChecked(snapshot, last);
            return null;
        });
    }

    private void installChecked(SnapshotSink snapshot, EntryId last) {
        invariants.properties().installs(node, group, last, machine.appliedIndex());
        machine.install(snapshot, last);
        if (machine.appliedIndex() != last.index() || machine.durableIndex() < last.index()) {
            throw new Violation(
                    "StateMachineSafety",
                    "%s installed a snapshot of group %d up to %s, but holds %d, durably %d",
                    node,
                    group,
                    last,
                    machine.appliedIndex(),
                    machine.durableIndex());
        }
        invariants.installed();
        invariants.seesChecksum(node, group, machine);
        invariants.properties().monotonicity().sees(incarnation, "applied index of group " + group, last.index());
        invariants.shows(node, group, machine, List.of());
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
