package io.flotilla.raft.host;

import io.flotilla.raft.runtime.Lane;
import java.util.List;

/**
 * The lane on which the state machines of some groups run, so that a slow one never holds up a worker. What a worker's
 * turn brings comes as one task, in order. Thread-safe.
 */
final class Applier {
    private final int number;
    private final Lane lane;
    private final HostListener listener;
    private final LeasedReads leasedReads;
    private final DiskWatch watch = new DiskWatch("a call of a state machine");

    Applier(int number, Lane lane, HostLimits limits, HostListener listener) {
        this.number = number;
        this.lane = lane;
        this.listener = listener;
        this.leasedReads = new LeasedReads(lane, limits, listener);
    }

    int number() {
        return number;
    }

    DiskWatch watch() {
        return watch;
    }

    LeasedReads leasedReads() {
        return leasedReads;
    }

    Lane lane() {
        return lane;
    }

    /** @param work does not throw */
    void submit(List<Runnable> work) {
        lane.execute(() -> {
            for (int i = 0; i < work.size(); i++) {
                work.get(i).run();
            }
            listener.answersGiven();
        });
    }
}
