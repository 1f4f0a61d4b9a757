package io.flotilla.raft.runtime.threads;

import io.flotilla.raft.runtime.inline.Carrier;
import io.flotilla.raft.runtime.inline.InlineRunners;
import io.flotilla.raft.runtime.inline.InlineRuns;
import io.flotilla.raft.runtime.inline.QueuedLane;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A lane with a thread of its own, which parks while there is nothing to do, and while another thread runs the lane. */
final class ThreadLane extends QueuedLane implements Runnable {
    private static final int TASKS_BETWEEN_TIMERS = 256;

    private final LaneFailureHandler failures;
    private final Thread thread;

    /** The thread that runs the lane now, or null. */
    private volatile Thread runner;
    /** The lane's own thread would run it, but somebody else does. */
    private volatile boolean wanted;

    private volatile boolean stopped;

    /**
     * @param runners who else may run it; a carrier only if there is one
     * @param carrier null if there is none
     */
    ThreadLane(String name, String threadName, InlineRunners runners, Carrier carrier, LaneFailureHandler failures) {
        super(name, runners, carrier, State.AWAKE);
        this.failures = failures;
        this.thread = new Thread(this, threadName);
        this.thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    void stop() {
        stopped = true;
        rouse();
    }

    void join(long nanos) {
        try {
            thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public boolean mayBlock() {
        return Thread.currentThread() == thread;
    }

    @Override
    public boolean isCurrent() {
        return Thread.currentThread() == runner;
    }

    @Override
    protected long nanos() {
        return SteadyClock.SYSTEM.getAsLong();
    }

    @Override
    protected InlineRuns runsOfCaller() {
        return ThreadRuntime.RUNS.get();
    }

    @Override
    protected void wakeOwn() {
        LockSupport.unpark(thread);
    }

    @Override
    protected void inlineBegins() {
        runner = Thread.currentThread();
    }

    @Override
    protected void inlineEnds() {
        runner = null;
    }

    @Override
    protected boolean isWantedByOwn() {
        return wanted;
    }

    @Override
    protected boolean isStopped() {
        return stopped;
    }

    @Override
    protected void run(Runnable task) {
        try {
            task.run();
        } catch (Throwable failure) {
            try {
                failures.failed(this, failure);
            } catch (Throwable another) {
                failures.ended(this, another);
            }
        }
    }

    @Override
    public void run() {
        Throwable cause = null;
        try {
            runner = thread;
            while (!stopped) {
                runTimers();
                if (!stopped && !runTasks()) {
                    sleep();
                }
            }
            clear();
        } catch (Throwable thrown) {
            cause = thrown;
        } finally {
            if (!stopped) {
                failures.ended(this, cause);
            }
        }
    }

    /** Whether it should run and does not: nothing that this lane is given will ever run. */
    boolean hasEnded() {
        return !stopped && thread.getState() == Thread.State.TERMINATED;
    }

    private boolean runTasks() {
        for (int i = 0; i < TASKS_BETWEEN_TIMERS; i++) {
            Runnable task = nextTask();
            if (task == null) {
                return i > 0;
            }
            run(task);
            if (stopped) {
                return true;
            }
        }
        return true;
    }

    /** Runs what was due when it began. */
    private void runTimers() {
        if (!hasTimers()) {
            return;
        }
        long now = nanos();
        for (Runnable due = nextDue(now); due != null && !stopped; due = nextDue(now)) {
            run(due);
        }
    }

    private void sleep() {
        runner = null;
        long until = fallAsleep();
        if (!hasTasks() && !stopped) {
            LockSupport.parkNanos(this, until - nanos()); // at once if that is past
        }
        while (!takeOwn() && state() != State.AWAKE) {
            // whoever runs the lane sees this after it gave it back, or else this thread sees that it did
            wanted = true;
            if (state() == State.INLINE) {
                LockSupport.park(this);
            }
        }
        wanted = false;
        runner = thread;
    }
}
