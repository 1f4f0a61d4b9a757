package io.flotilla.kv.service;

import io.flotilla.kv.machine.TestClock;
import io.flotilla.raft.runtime.Cancellable;
import io.flotilla.raft.runtime.Lane;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** A lane whose tasks run when the test lets time pass. */
final class ManualLane implements Lane {
    private record Task(long at, Runnable body) {}

    private final TestClock clock;
    private final List<Task> tasks = new ArrayList<>();

    ManualLane(TestClock clock) {
        this.clock = clock;
    }

    /** Runs what is due, millisecond by millisecond. */
    void runFor(long millis) {
        runDue();
        for (long i = 0; i < millis; i++) {
            clock.passMillis(1);
            runDue();
        }
    }

    int tasks() {
        return tasks.size();
    }

    private void runDue() {
        tasks.sort(Comparator.comparingLong(Task::at));
        while (!tasks.isEmpty() && tasks.get(0).at <= clock.nanos) {
            tasks.remove(0).body.run();
            tasks.sort(Comparator.comparingLong(Task::at));
        }
    }

    @Override
    public void execute(Runnable task) {
        after(0, task);
    }

    @Override
    public Cancellable after(long delayNanos, Runnable task) {
        Task added = new Task(clock.nanos + delayNanos, task);
        tasks.add(added);
        return () -> tasks.remove(added);
    }

    @Override
    public boolean isCurrent() {
        return true;
    }

    @Override
    public String name() {
        return "manual";
    }
}
