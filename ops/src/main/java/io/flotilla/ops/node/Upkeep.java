package io.flotilla.ops.node;

import io.flotilla.kv.machine.KvMachines;
import io.flotilla.kv.move.copy.DiskSpace;
import io.flotilla.raft.runtime.Lane;

/**
 * What a node does once a second beside its work, though it may block: it gives back what the engine needs no more, and looks how much
 * room there is. Thread-safe.
 */
final class Upkeep {
    private static final long PERIOD_NANOS = 1_000_000_000L;

    /** The room on the file system of the node's data; both 0 before it was looked at. */
    record Room(long freeBytes, long totalBytes) {}

    private final Lane lane;
    private final KvMachines machines;
    private final DiskSpace disk;
    private volatile Room room = new Room(0, 0);
    private volatile boolean closed;

    /** @param lane may block */
    Upkeep(Lane lane, KvMachines machines, DiskSpace disk) {
        this.lane = lane;
        this.machines = machines;
        this.disk = disk;
    }

    /** Called once. */
    void start() {
        lane.execute(this::turn);
    }

    private void turn() {
        if (!closed) {
            room = new Room(disk.freeBytes(), disk.totalBytes());
            machines.tidy();
            lane.after(PERIOD_NANOS, this::turn);
        }
    }

    /** As of about a second ago. */
    Room room() {
        return room;
    }

    /** Ends all work, then runs the task on the lane: nothing there uses the engine any more. */
    void close(Runnable then) {
        closed = true;
        lane.execute(then);
    }
}
