package io.flotilla.client.threads;

import io.flotilla.client.net.ClientRuntime;
import java.security.SecureRandom;
import java.util.PriorityQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The client's loop as one daemon thread with a queue that any thread may fill. The thread sleeps when there is nothing
 * to do; a thread that brings an answer then runs the loop itself for a while, which is quicker than to wake another. One
 * at a time runs it; each takes it by changing the state, and so sees what the one before left. Callbacks of the program run on
 * other threads, see {@link CallbackRunners}: whatever they do, the loop goes on. Thread-safe.
 */
public final class ThreadClientRuntime implements ClientRuntime {
    private static final Logger LOG = LoggerFactory.getLogger(ThreadClientRuntime.class);
    private static final int RUNNING = 0;
    private static final int SLEEPING = 1;
    private static final int TERMINATED = 2;
    private static final int INLINE = 3;
    /** What another thread does not get done with so many tasks is left to the loop's own. */
    private static final int TASKS_PER_INLINE_RUN = 64;
    /** How often callbacks are looked at, while there are any. */
    private static final long LOOK_NANOS = 20_000_000;

    private final ConcurrentLinkedQueue<Runnable> queue = new ConcurrentLinkedQueue<>();
    private final AtomicInteger state = new AtomicInteger(RUNNING);
    private final SecureRandom random = new SecureRandom();
    private final Thread thread;
    private final CallbackRunners callbacks;
    /** Callbacks are looked at again and again. */
    private final AtomicBoolean looking = new AtomicBoolean();

    private volatile boolean closing;
    /** The thread that runs the loop now, or null. */
    private volatile Thread runner;
    /** The loop's own thread would run it, but somebody else does. */
    private volatile boolean wanted;
    // of who runs the loop
    private final PriorityQueue<Timer> timers = new PriorityQueue<>();
    private long timersMade;
    /** When the loop's own thread wakes by itself. */
    private long sleepsUntil;

    /** Starts the thread. @param name for thread dumps */
    public ThreadClientRuntime(String name) {
        callbacks = new CallbackRunners(name, new CallbackRunners.Loop() {
            @Override
            public void help() {
                if (!queue.isEmpty() && state.compareAndSet(SLEEPING, INLINE)) {
                    runHere();
                }
            }

            @Override
            public void rouse() {
                if (!queue.isEmpty()) {
                    ThreadClientRuntime.this.rouse();
                }
            }
        });
        thread = new Thread(this::loop, name);
        thread.setDaemon(true);
        thread.start();
    }

    /** Waits for the end of something, so many milliseconds at most. Any thread but the loop's. */
    public void await(CompletableFuture<Void> end, long millis) {
        loopIsAwaited();
        try {
            end.get(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            // a defect holds up the loop: it does not hold up the caller
            return;
        }
    }

    @Override
    public void aboutToWait() {
        CallbackRunners.aboutToWait();
    }

    /** The calling thread is about to wait for something that the loop does: a callback's would have run it later. */
    public void loopIsAwaited() {
        if (callbacks.isRunner() && !queue.isEmpty()) {
            rouse();
        }
    }

    @Override
    public void callBack(Runnable callback) {
        callbacks.add(callback);
        if (!looking.get() && looking.compareAndSet(false, true)) {
            lookSoon();
        }
    }

    private void lookSoon() {
        try {
            after(LOOK_NANOS, () -> {
                boolean again = callbacks.look();
                if (!again) {
                    looking.set(false);
                    again = callbacks.isBusy() && looking.compareAndSet(false, true);
                }
                if (again) {
                    lookSoon();
                }
            });
        } catch (RejectedExecutionException closed) {
            // whoever closes looks
        }
    }

    /** @throws RejectedExecutionException if the runtime is closed: the task will not run */
    @Override
    public void execute(Runnable task) {
        queue.add(task);
        int seen = state.get();
        if (seen == TERMINATED) {
            if (queue.remove(task)) {
                throw new RejectedExecutionException("the client's runtime is closed");
            }
        } else if (seen == SLEEPING && !callbacks.isRunner()) {
            rouse();
        }
    }

    @Override
    public void executeHere(Runnable task) {
        if (!state.compareAndSet(SLEEPING, INLINE)) {
            execute(task);
            return;
        }
        queue.add(task);
        runHere();
    }

    /** In the state INLINE, which it leaves. */
    private void runHere() {
        runner = Thread.currentThread();
        for (int i = 0; i < TASKS_PER_INLINE_RUN; i++) {
            Runnable next = queue.poll();
            if (next == null) {
                break;
            }
            run(next);
        }
        boolean isDueEarlier = !timers.isEmpty() && timers.peek().at - sleepsUntil < 0;
        runner = null;
        state.set(SLEEPING);
        if (isDueEarlier || wanted || closing || !queue.isEmpty()) {
            rouse();
        }
    }

    private void rouse() {
        if (state.compareAndSet(SLEEPING, RUNNING)) {
            LockSupport.unpark(thread);
        }
    }

    /** @throws RejectedExecutionException if the runtime is closed: the task will not run */
    @Override
    public Runnable after(long delayNanos, Runnable task) {
        Timer timer = new Timer(nanos() + Math.max(0, delayNanos), task);
        if (Thread.currentThread() == runner) {
            add(timer);
        } else {
            execute(() -> add(timer));
        }
        return timer::cancel;
    }

    @Override
    public long nanos() {
        return System.nanoTime();
    }

    @Override
    public long randomLong() {
        return random.nextLong();
    }

    /**
     * Runs what is queued already and the callbacks that come of it, drops the timers, ends the threads. Waits for that, except on
     * the loop itself, and for no callback that blocks.
     */
    @Override
    public void close() {
        closing = true;
        rouse();
        if (Thread.currentThread() == runner) {
            return;
        }
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        callbacks.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void add(Timer timer) {
        timer.number = timersMade++;
        timers.add(timer);
    }

    private void loop() {
        runner = thread;
        while (true) {
            boolean worked = runQueued();
            worked |= runTimers();
            if (!worked) {
                if (closing) {
                    break;
                }
                sleep();
            }
        }
        state.set(TERMINATED);
        runQueued();
    }

    private boolean runQueued() {
        boolean worked = false;
        Runnable task;
        // bounded, so that timers are not starved
        for (int i = 0; i < 1024 && (task = queue.poll()) != null; i++) {
            run(task);
            worked = true;
        }
        return worked;
    }

    private boolean runTimers() {
        if (timers.isEmpty()) {
            return false;
        }
        long now = nanos();
        boolean worked = false;
        Timer timer;
        while ((timer = timers.peek()) != null && timer.at - now <= 0) {
            timers.remove();
            Runnable task = timer.task;
            if (task != null) {
                timer.task = null;
                run(task);
                worked = true;
            }
        }
        return worked;
    }

    private void sleep() {
        Timer next = timers.peek();
        sleepsUntil = next == null ? nanos() + (Long.MAX_VALUE >> 1) : next.at;
        runner = null;
        state.set(SLEEPING);
        if (queue.isEmpty() && !closing) {
            long wait = sleepsUntil - nanos();
            if (next == null) {
                LockSupport.park(this);
            } else if (wait > 0) {
                LockSupport.parkNanos(this, wait);
            }
        }
        while (!state.compareAndSet(SLEEPING, RUNNING) && state.get() != RUNNING) {
            // whoever runs the loop sees this after it gave it back, or else this thread sees that it did
            wanted = true;
            if (state.get() == INLINE) {
                LockSupport.park(this);
            }
        }
        wanted = false;
        runner = thread;
    }

    private static void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            LOG.error("a task of the client failed", e);
        }
    }

    private static final class Timer implements Comparable<Timer> {
        final long at;
        long number;
        volatile Runnable task;

        Timer(long at, Runnable task) {
            this.at = at;
            this.task = task;
        }

        void cancel() {
            task = null;
        }

        @Override
        public int compareTo(Timer other) {
            int order = Long.compare(at - other.at, 0);
            return order != 0 ? order : Long.compare(number, other.number);
        }
    }
}
