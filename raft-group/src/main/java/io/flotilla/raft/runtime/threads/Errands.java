package io.flotilla.raft.runtime.threads;

import java.util.ArrayDeque;

/**
 * The sleeping lanes that one thread gave work to and will run itself as soon as it is done with what it is at. Each belongs
 * to its thread.
 */
final class Errands {
    private static final ThreadLocal<Errands> OF_THREAD = new ThreadLocal<>();

    private final ArrayDeque<ThreadLane> lanes = new ArrayDeque<>();

    private Errands() {}

    /** Runs the work, and after it the lanes to which it gave something. Within another such call it only runs the work. */
    static void run(Runnable work) {
        if (OF_THREAD.get() != null) {
            work.run();
            return;
        }
        Errands mine = new Errands();
        OF_THREAD.set(mine);
        try {
            work.run();
            for (ThreadLane lane = mine.lanes.poll(); lane != null; lane = mine.lanes.poll()) {
                lane.runBorrowed();
            }
        } finally {
            OF_THREAD.remove();
            mine.lanes.forEach(ThreadLane::wakeOwn);
        }
    }

    /** @return false if the calling thread is not lent */
    static boolean take(ThreadLane lane) {
        Errands mine = OF_THREAD.get();
        if (mine == null) {
            return false;
        }
        if (mine.lanes.peekLast() != lane) {
            mine.lanes.add(lane);
        }
        return true;
    }
}
