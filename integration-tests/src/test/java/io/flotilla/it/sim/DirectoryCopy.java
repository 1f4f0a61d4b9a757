package io.flotilla.it.sim;

import io.flotilla.kv.engine.memory.MemoryEngine;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.log.RecoveredGroup;
import io.flotilla.raft.log.segment.LogConfig;
import io.flotilla.raft.log.segment.SegmentedLogStore;
import io.flotilla.raft.node.NodeRecords;
import io.flotilla.raft.sim.SimDisk;
import io.flotilla.raft.transport.NodeStart;
import io.flotilla.raft.transport.PeerRecord;
import java.io.IOException;
import java.util.SortedMap;
import java.util.TreeMap;

/** What somebody copied of a node's directory while the node ran, all of it at one moment. */
record DirectoryCopy(SimDisk disk, MemoryEngine engine) {
    private static final String LOG = "log";

    static DirectoryCopy of(SimDisk disk, MemoryEngine engine, long now) {
        return new DirectoryCopy(disk.kill(now), engine.copyOfFlushed());
    }

    private interface Look<T> {
        T at(NodeRecords records, SegmentedLogStore log);
    }

    /** Opens a trial as a node would; null if that can't be. */
    private static <T> T look(SimDisk trial, LogConfig config, Look<T> look) {
        trial.mend();
        try (SegmentedLogStore log = SegmentedLogStore.open(trial, LOG, config)) {
            return look.at(NodeRecords.open(trial, log, 0), log);
        } catch (IOException e) {
            return null;
        }
    }

    /** Which start a node would be that began with it; null if it can't be opened. */
    NodeStart start(long now, LogConfig config) {
        return look(disk.copy(now), config, (records, log) -> records.start());
    }

    /** Where the logs of its groups end. */
    SortedMap<Long, Long> ends(long now, LogConfig config) {
        TreeMap<Long, Long> ends = look(disk.copy(now), config, (records, log) -> {
            TreeMap<Long, Long> all = new TreeMap<>();
            for (RecoveredGroup group : log.recovered()) {
                all.put(group.descriptor().groupId(), group.lastIndex());
            }
            return all;
        });
        return ends == null ? new TreeMap<>() : ends;
    }

    /** What a node with that directory remembers of another one; null if it can't be opened. */
    static PeerRecord known(SimDisk trial, NodeId other, LogConfig config) {
        return look(trial, config, (records, log) -> records.of(other));
    }
}
