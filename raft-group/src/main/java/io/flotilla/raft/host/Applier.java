package io.flotilla.raft.host;

import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.runtime.NodeRuntime;
import java.util.ArrayList;
import java.util.List;

/**
 * The lane on which the state machines of some groups run, so that a slow one never holds up a worker. What a worker's
 * turn brings comes as one task, in order. Thread-safe.
 */
final class Applier {
    /** How long machines may keep back what they applied. */
    private static final long KEEP_NANOS = 50_000_000L;

    private final int number;
    private final Lane lane;
    private final NodeRuntime runtime;
    private final HostListener listener;
    private final LeasedReads leasedReads;
    private final DiskWatch watch = new DiskWatch("a call of a state machine");

    // the lane's own
    private List<HostedMachine> keeping = new ArrayList<>();

    Applier(int number, Lane lane, HostState state) {
        this.number = number;
        this.lane = lane;
        this.runtime = state.runtime;
        this.listener = state.listener;
        this.leasedReads = new LeasedReads(lane, state);
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

    /** The machine may keep something back in memory: it is asked to write that out soon. On the lane; once until then. */
    void keeps(HostedMachine machine) {
        if (keeping.isEmpty()) {
            lane.after(KEEP_NANOS, this::writeOut);
        }
        keeping.add(machine);
    }

    private void writeOut() {
        List<HostedMachine> all = keeping;
        keeping = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            all.get(i).writeOut();
        }
    }

    /** @param work does not throw */
    void submit(List<Runnable> work) {
        if (work.size() == 1) {
            // once its one machine has applied, nothing here takes long
            lane.execute(() -> runtime.lend(() -> run(work)));
        } else {
            lane.execute(() -> run(work));
        }
    }

    private void run(List<Runnable> work) {
        for (int i = 0; i < work.size(); i++) {
            work.get(i).run();
        }
        listener.answersGiven();
    }
}
