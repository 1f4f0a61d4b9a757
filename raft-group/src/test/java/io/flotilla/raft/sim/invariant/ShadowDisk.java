package io.flotilla.raft.sim.invariant;

import io.flotilla.raft.log.GroupWrite;
import java.util.Map;
import java.util.TreeMap;

/** The logs of all groups on one node's disk, as seen from outside, and what is being written to it. */
public final class ShadowDisk {
    private final Map<Long, ShadowLog> logs = new TreeMap<>();
    /** Given to the disk and not durable yet. */
    private final Map<Long, GroupWrite> inFlight = new TreeMap<>();

    Map<Long, ShadowLog> logs() {
        return logs;
    }

    ShadowLog log(long group) {
        return logs.get(group);
    }

    ShadowLog logOrNew(long group) {
        return logs.computeIfAbsent(group, id -> new ShadowLog());
    }

    void put(long group, ShadowLog log) {
        logs.put(group, log);
    }

    GroupWrite inFlight(long group) {
        return inFlight.get(group);
    }

    void begin(GroupWrite write) {
        inFlight.put(write.groupId(), write);
    }

    void end(GroupWrite write) {
        if (write.tombstone() != null) {
            logs.remove(write.groupId());
            inFlight.remove(write.groupId());
            return;
        }
        logOrNew(write.groupId()).apply(write);
        inFlight.remove(write.groupId());
    }
}
