package io.flotilla.raft.runtime.inline;

import java.util.ArrayDeque;

/**
 * The sleeping lanes to which one piece of work gave tasks, and which are run by whoever does the work as soon as it is done. Belongs
 * to the thread that does it.
 */
public final class InlineRuns {
    /** Lanes that give each other tasks would keep the thread from its own work for ever: after so many runs it goes back to that. */
    static final int MOST_RUNS = 64;

    private final ArrayDeque<QueuedLane> lanes = new ArrayDeque<>();

    void add(QueuedLane lane) {
        if (lanes.peekLast() != lane) {
            lanes.add(lane);
        }
    }

    /** Runs the lanes, and those to which they give something meanwhile, {@link #MOST_RUNS} at most. After the work. */
    public void runAll() {
        for (int i = 0; i < MOST_RUNS && !lanes.isEmpty(); i++) {
            lanes.poll().runInline();
        }
    }

    /** Leaves what has not run to the lanes' own threads. At the end, however it came to that. */
    public void end() {
        lanes.forEach(QueuedLane::leaveToOwn);
        lanes.clear();
    }
}
