package io.flotilla.ops.node;

import io.flotilla.raft.runtime.Cancellable;
import io.flotilla.raft.runtime.Clock;
import io.flotilla.raft.runtime.Lane;
import java.util.Comparator;
import java.util.PriorityQueue;

/** Virtual time and one thread for all lanes of a test. */
public final class TestTime {
    private record Task(long due, long number, Runnable body, boolean[] cancelled) {}

    private final PriorityQueue<Task> tasks =
            new PriorityQueue<>(Comparator.comparingLong(Task::due).thenComparingLong(Task::number));
    private long now;
    private long number;

    public Cancellable at(long delayNanos, Runnable body) {
        boolean[] cancelled = new boolean[1];
        tasks.add(new Task(now + delayNanos, number++, body, cancelled));
        return () -> cancelled[0] = true;
    }

    public void runFor(long millis) {
        long until = now + millis * 1_000_000L;
        while (!tasks.isEmpty() && tasks.peek().due <= until) {
            Task task = tasks.poll();
            now = task.due;
            if (!task.cancelled[0]) {
                task.body.run();
            }
        }
        now = until;
    }

    /** Tasks that wait for their time. */
    public int waiting() {
        return (int) tasks.stream().filter(task -> !task.cancelled[0]).count();
    }

    public Clock clock() {
        return new Clock() {
            @Override
            public long nanos() {
                return now;
            }

            @Override
            public long wallMillis() {
                return now / 1_000_000L;
            }
        };
    }

    /** A lane that stops for good once {@code alive} is false. */
    public Lane lane(boolean[] alive) {
        return new Lane() {
            @Override
            public void execute(Runnable task) {
                after(0, task);
            }

            @Override
            public Cancellable after(long delayNanos, Runnable task) {
                return at(delayNanos, () -> {
                    if (alive[0]) {
                        task.run();
                    }
                });
            }

            @Override
            public boolean isCurrent() {
                return true;
            }

            @Override
            public String name() {
                return "test";
            }
        };
    }
}
