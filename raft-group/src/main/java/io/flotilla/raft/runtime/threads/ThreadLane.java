package io.flotilla.raft.runtime.threads;

import io.flotilla.raft.runtime.Cancellable;
import io.flotilla.raft.runtime.Lane;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jctools.queues.atomic.MpscUnboundedAtomicArrayQueue;

/**
 * A lane as one thread: tasks come through a lock-free queue of many producers, delayed ones lie in a heap that only
 * the thread touches. The queue is not bounded here; whoever offers tasks bounds the work behind them.
 */
final class ThreadLane implements Lane, Runnable {
    private static final int TASKS_BETWEEN_TIMERS = 256;
    private static final int CANCELLED_BEFORE_PURGE = 256;

    private final String name;
    private final LaneFailureHandler failures;
    private final Thread thread;
    private final MpscUnboundedAtomicArrayQueue<Runnable> queue = new MpscUnboundedAtomicArrayQueue<>(1024);
    private final PriorityQueue<Timer> timers = new PriorityQueue<>();
    private final AtomicBoolean parked = new AtomicBoolean();
    private final AtomicInteger cancelled = new AtomicInteger();
    private volatile boolean stopped;
    private long timerNumber;

    ThreadLane(String name, String threadName, LaneFailureHandler failures) {
        this.name = name;
        this.failures = failures;
        this.thread = new Thread(this, threadName);
        this.thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    @Override
    public void execute(Runnable task) {
        if (stopped) {
            return;
        }
        queue.offer(task);
        wake();
    }

    @Override
    public Cancellable after(long delayNanos, Runnable task) {
        Timer timer = new Timer(System.nanoTime() + Math.max(0, delayNanos), task);
        if (isCurrent()) {
            addTimer(timer);
        } else {
            execute(() -> addTimer(timer));
        }
        return timer;
    }

    @Override
    public boolean isCurrent() {
        return Thread.currentThread() == thread;
    }

    @Override
    public String name() {
        return name;
    }

    void stop() {
        stopped = true;
        wake();
    }

    void join(long nanos) {
        try {
            thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void wake() {
        if (parked.get() && parked.compareAndSet(true, false)) {
            LockSupport.unpark(thread);
        }
    }

    @Override
    public void run() {
        while (!stopped) {
            long wait = runTimers();
            if (!runTasks() && wait != 0) {
                park(wait);
            }
        }
        queue.clear();
        timers.clear();
    }

    private boolean runTasks() {
        for (int i = 0; i < TASKS_BETWEEN_TIMERS; i++) {
            Runnable task = queue.poll();
            if (task == null) {
                return i > 0;
            }
            runOne(task);
            if (stopped) {
                return true;
            }
        }
        return true;
    }

    /** Runs what is due; returns the nanoseconds until the next one, 0 if one is due, or the longest wait if none. */
    private long runTimers() {
        if (cancelled.get() > CANCELLED_BEFORE_PURGE && cancelled.get() > timers.size() / 2) {
            timers.removeIf(Timer::isCancelled);
            cancelled.set(0);
        }
        if (timers.isEmpty()) {
            return Long.MAX_VALUE;
        }
        long now = System.nanoTime();
        for (Timer next = timers.peek(); next != null; next = timers.peek()) {
            long wait = next.due - now;
            if (wait > 0) {
                return wait;
            }
            timers.poll();
            if (next.claim()) {
                runOne(next.task);
            }
            if (stopped) {
                return 0;
            }
        }
        return Long.MAX_VALUE;
    }

    /** A producer that finds {@code parked} false had its task in the queue before the look that follows here. */
    private void park(long nanos) {
        parked.set(true);
        if (queue.isEmpty() && !stopped) {
            if (nanos == Long.MAX_VALUE) {
                LockSupport.park(this);
            } else {
                LockSupport.parkNanos(this, nanos);
            }
        }
        parked.set(false);
    }

    private void runOne(Runnable task) {
        try {
            task.run();
        } catch (Throwable failure) {
            failures.failed(this, failure);
        }
    }

    private void addTimer(Timer timer) {
        timer.number = timerNumber++;
        timers.add(timer);
    }

    private final class Timer implements Cancellable, Comparable<Timer> {
        private final long due;
        private final Runnable task;
        private final AtomicBoolean over = new AtomicBoolean();
        private long number;

        Timer(long due, Runnable task) {
            this.due = due;
            this.task = task;
        }

        boolean claim() {
            return over.compareAndSet(false, true);
        }

        boolean isCancelled() {
            return over.get();
        }

        @Override
        public void cancel() {
            if (over.compareAndSet(false, true)) {
                cancelled.incrementAndGet();
            }
        }

        @Override
        public int compareTo(Timer other) {
            int byTime = Long.signum(due - other.due);
            return byTime != 0 ? byTime : Long.compare(number, other.number);
        }
    }
}
