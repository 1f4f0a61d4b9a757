package io.flotilla.raft.runtime.inline;

import java.util.ArrayDeque;

/**
 * The sleeping lanes to which one piece of work gave tasks, and which are run by whoever does the work as soon as it is done. Belongs
 * to the thread that does it.
 */
public final class InlineRuns {
    private final ArrayDeque<QueuedLane> lanes = new ArrayDeque<>();

    void add(QueuedLane lane) {
        if (lanes.peekLast() != lane) {
            lanes.add(lane);
        }
    }

    /** Runs the lanes, and those to which they give something meanwhile. After the work. */
    public void runAll() {
        for (QueuedLane lane = lanes.poll(); lane != null; lane = lanes.poll()) {
            lane.runInline();
        }
    }

    /** Leaves what has not run to the lanes' own threads. At the end, however it came to that. */
    public void end() {
        lanes.forEach(QueuedLane::leaveToOwn);
        lanes.clear();
    }
}
