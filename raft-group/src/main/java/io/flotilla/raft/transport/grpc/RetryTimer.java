package io.flotilla.raft.transport.grpc;

import io.flotilla.raft.runtime.threads.SteadyClock;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs short tasks after a wait, in the order in which they are due, on one daemon thread. A step back of the system's clock delays none,
 * and one that throws stops no other. Thread-safe.
 */
final class RetryTimer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RetryTimer.class);
    /** It looks at the clock at least so often while something waits. */
    private static final long MOST_MILLIS = 100;

    private final LongSupplier clock = SteadyClock.SYSTEM;
    private final Thread thread;
    // guarded by this
    private final PriorityQueue<Task> tasks = new PriorityQueue<>((a, b) -> Long.signum(a.due - b.due));
    private boolean closed;

    private record Task(long due, Runnable what) {}

    RetryTimer(String threadName) {
        thread = new Thread(this::run, threadName);
        thread.setDaemon(true);
        thread.start();
    }

    /** After {@link #close} it does nothing. */
    synchronized void after(long millis, Runnable what) {
        if (!closed) {
            tasks.add(new Task(clock.getAsLong() + TimeUnit.MILLISECONDS.toNanos(millis), what));
            notifyAll();
        }
    }

    private void run() {
        try {
            for (Task task = next(); task != null; task = next()) {
                try {
                    task.what.run();
                } catch (RuntimeException | Error e) {
                    LOG.error("an attempt to connect failed unexpectedly", e);
                }
            }
        } catch (InterruptedException never) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits until one is due; null after the end. */
    private synchronized Task next() throws InterruptedException {
        while (!closed) {
            if (tasks.isEmpty()) {
                wait();
                continue;
            }
            long millis = TimeUnit.NANOSECONDS.toMillis(tasks.peek().due - clock.getAsLong());
            if (millis <= 0) {
                return tasks.remove();
            }
            wait(Math.min(MOST_MILLIS, millis));
        }
        return null;
    }

    /** Whether its thread has ended though this is not closed. */
    synchronized boolean hasEnded() {
        return !closed && thread.getState() == Thread.State.TERMINATED;
    }

    /** Forgets all that waits. */
    @Override
    public synchronized void close() {
        closed = true;
        tasks.clear();
        notifyAll();
    }
}
