package io.flotilla.client;

import io.flotilla.client.net.ClientRuntime;
import java.util.ArrayDeque;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;

/** The client's loop and all its time, in the hands of a test: nothing happens until it is run. */
final class ManualRuntime implements ClientRuntime {
    private record Timer(long at, long number, Runnable[] task) {}

    private final SplittableRandom random;
    private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
    private final PriorityQueue<Timer> timers =
            new PriorityQueue<>((a, b) -> a.at != b.at ? Long.compare(a.at, b.at) : Long.compare(a.number, b.number));
    private long now = 1_000_000_007L;
    private long made;

    ManualRuntime(long seed) {
        random = new SplittableRandom(seed);
    }

    @Override
    public void execute(Runnable task) {
        tasks.add(task);
    }

    @Override
    public Runnable after(long delayNanos, Runnable task) {
        Runnable[] box = {task};
        timers.add(new Timer(now + delayNanos, made++, box));
        return () -> box[0] = null;
    }

    @Override
    public long nanos() {
        return now;
    }

    @Override
    public long randomLong() {
        return random.nextLong();
    }

    @Override
    public void close() {}

    long millis() {
        return now / 1_000_000;
    }

    void runForMillis(long millis) {
        long end = now + millis * 1_000_000;
        while (step(end)) {}
        now = end;
    }

    /** Runs until the future is complete, at most a virtual minute. */
    <T> CompletableFuture<T> run(CompletableFuture<T> future) {
        long end = now + 60_000_000_000L;
        while (!future.isDone()) {
            if (!step(end)) {
                throw new AssertionError("not complete within a minute");
            }
        }
        return future;
    }

    private boolean step(long end) {
        Runnable task = tasks.poll();
        if (task != null) {
            task.run();
            return true;
        }
        Timer timer = timers.peek();
        if (timer == null || timer.at > end) {
            return false;
        }
        timers.remove();
        if (timer.task[0] != null) {
            now = Math.max(now, timer.at);
            timer.task[0].run();
        }
        return true;
    }
}
