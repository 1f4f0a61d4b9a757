package io.flotilla.raft.sim.invariant;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.RecoveredGroup;
import io.flotilla.raft.log.Tombstone;
import io.flotilla.raft.sim.SimRuntime;
import java.io.IOException;
import java.util.List;

/** A log store whose writes the safety properties see, before they are made and once they are durable. */
final class WatchedLog implements LogStore {
    private final RaftInvariants invariants;
    private final NodeId node;
    private final SimRuntime runtime;
    private final LogStore log;
    private final ShadowDisk disk;

    WatchedLog(RaftInvariants invariants, NodeId node, SimRuntime runtime, LogStore log, ShadowDisk disk) {
        this.invariants = invariants;
        this.node = node;
        this.runtime = runtime;
        this.log = log;
        this.disk = disk;
    }

    @Override
    public List<RecoveredGroup> recovered() {
        return log.recovered();
    }

    @Override
    public List<Tombstone> tombstones() {
        return log.tombstones();
    }

    @Override
    public long lastBatch() {
        return log.lastBatch();
    }

    @Override
    public void write(List<GroupWrite> writes) throws IOException {
        for (GroupWrite write : writes) {
            invariants.noticed(() -> {
                invariants.heldEntries().writes(node, write);
                long durable = write.base() == null ? 0 : invariants.durableIndex(node, write.groupId());
                invariants.properties().writes(node, disk, write, durable);
                return null;
            });
        }
        log.write(writes);
        invariants.whenReached(runtime, () -> invariants.properties().durable(node, disk, writes));
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

    @Override
    public List<Entry> read(long groupId, long from, long to, int maxBytes) throws IOException {
        return log.read(groupId, from, to, maxBytes);
    }

    @Override
    public void close() throws IOException {
        log.close();
    }
}
