package io.flotilla.client.threads;

import java.util.ArrayDeque;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the program's callbacks, in their order, on a thread of their own, which begins with the first one. A callback that blocks
 * keeps its thread, and the others go on with another one: at once if it waits for an operation of this client, else once it was found
 * twice at the same callback by {@link #look}. Thread-safe.
 */
final class CallbackRunners {
    /** Threads, those included whose callbacks block. */
    static final int MOST = 256;

    private static final Logger LOG = LoggerFactory.getLogger(CallbackRunners.class);
    /** Threads whose callback blocked once and that have nothing to do. */
    private static final int MOST_SPARE = 8;

    private static final long SPARE_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long WARN_NANOS = TimeUnit.SECONDS.toNanos(10);
    /** What closing waits for callbacks, in all and between two looks at them. */
    private static final long CLOSE_NANOS = TimeUnit.SECONDS.toNanos(2);

    private static final long CLOSE_LOOK_MILLIS = 20;

    private final String name;
    private final Loop loop;
    private final ConcurrentLinkedQueue<Runnable> queue = new ConcurrentLinkedQueue<>();
    private volatile Runner current;
    private volatile boolean closed;
    // guarded by this
    private final ArrayDeque<Runner> spares = new ArrayDeque<>();
    private int alive;
    private int made;
    private long warnedAt;
    // of who looks, one at a time
    private Runner seen;
    private long seenNumber;

    /** The client's loop, as these threads see it. */
    interface Loop {
        /** The callbacks that there were are done: what they asked for may be begun by the calling thread. */
        void help();

        /** The calling thread can't help. */
        void rouse();
    }

    /** @param name for thread dumps */
    CallbackRunners(String name, Loop loop) {
        this.name = name;
        this.loop = loop;
    }

    /** Runs it on another thread; on this one only if all is closed. Never blocks. */
    void add(Runnable callback) {
        queue.add(callback);
        Runner runner = current;
        if (runner == null) {
            begin();
        } else if (runner.parked) {
            LockSupport.unpark(runner);
        }
        if (closed && (runner == null || runner.ended)) {
            runRest();
        }
    }

    private synchronized void begin() {
        if (current == null && !closed) {
            promote();
        }
    }

    /** Whether a callback is under way or waits to be. */
    boolean isBusy() {
        Runner runner = current;
        return !queue.isEmpty() || (runner != null && !runner.parked);
    }

    /** Whether the calling thread runs callbacks, and will look after the loop when they are done. */
    boolean isRunner() {
        return Thread.currentThread() == current;
    }

    /**
     * The calling thread is about to wait for an operation of some client: if it runs callbacks, of whichever, another one takes its place.
     *
     * @throws IllegalStateException if there are too many already
     */
    static void aboutToWait() {
        if (Thread.currentThread() instanceof Runner runner) {
            runner.willWait();
        }
    }

    /**
     * Sees whether a callback blocks while others wait. Called from time to time while callbacks are under way.
     *
     * @return whether another look is needed
     */
    boolean look() {
        Runner runner = current;
        if (runner == null || runner.parked) {
            return false;
        }
        long number = runner.number;
        if (runner == seen && number == seenNumber && !queue.isEmpty()) {
            replace(runner);
        }
        seen = runner;
        seenNumber = number;
        return true;
    }

    /** @return false if there are as many threads as there may be */
    private synchronized boolean replace(Runner blocked) {
        if (current != blocked) {
            return true;
        }
        if (spares.isEmpty() && alive >= MOST) {
            long now = System.nanoTime();
            if (warnedAt == 0 || now - warnedAt > WARN_NANOS) {
                warnedAt = now;
                LOG.error("{} callbacks of {} block: what else there is to tell waits until one returns", MOST, name);
            }
            return false;
        }
        return promote();
    }

    /** Another thread goes on. @return false if there can be none */
    private boolean promote() {
        Runner before = current;
        Runner next = spares.poll();
        if (next != null) {
            current = next;
            LockSupport.unpark(next);
            return true;
        }
        next = new Runner(name + "-callbacks-" + ++made);
        current = next;
        try {
            next.start();
        } catch (OutOfMemoryError noThread) {
            current = before;
            LOG.error("no thread can be had for callbacks of {}: they wait", name, noThread);
            return false;
        }
        alive++;
        return true;
    }

    /** Runs what there is, then ends the threads. Waits for that, but for no callback that blocks, and not on such a thread. */
    void close() {
        Runner runner;
        synchronized (this) {
            closed = true;
            runner = current;
            spares.forEach(LockSupport::unpark);
        }
        if (runner == null) {
            runRest();
            return;
        }
        LockSupport.unpark(runner);
        if (runner == Thread.currentThread()) {
            return;
        }
        boolean interrupted = false;
        long since = System.nanoTime();
        long number = -1;
        while (runner.isAlive() && System.nanoTime() - since < CLOSE_NANOS) {
            if (runner == current && runner.number == number && queue.isEmpty()) {
                break; // it blocks, and nobody waits behind it
            }
            number = runner.number;
            try {
                runner.join(CLOSE_LOOK_MILLIS);
            } catch (InterruptedException e) {
                interrupted = true;
            }
            look();
            runner = current;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void runRest() {
        for (Runnable rest = queue.poll(); rest != null; rest = queue.poll()) {
            run(rest);
        }
    }

    private static void run(Runnable callback) {
        try {
            callback.run();
        } catch (RuntimeException | Error e) {
            LOG.error("a callback of the client failed", e);
        }
    }

    private final class Runner extends Thread {
        /** Of the callback that it runs or ran last. */
        private volatile long number;
        /** It sleeps, or is about to and will look once more. */
        private volatile boolean parked;
        /** Whoever adds something from now on runs it. */
        private volatile boolean ended;

        Runner(String name) {
            super(name);
            setDaemon(true);
        }

        @Override
        public void run() {
            do {
                runCallbacks();
            } while (isWantedAgain());
        }

        private void runCallbacks() {
            while (current == this) {
                Runnable next = queue.poll();
                if (next != null) {
                    number++;
                    CallbackRunners.run(next);
                } else {
                    loop.help();
                    if (queue.isEmpty() && closed) {
                        ended = true;
                        runRest();
                        return;
                    }
                    parked = true;
                    if (queue.isEmpty() && current == this && !closed) {
                        LockSupport.park(CallbackRunners.this);
                    }
                    parked = false;
                }
            }
        }

        /** After another one took its place. */
        private boolean isWantedAgain() {
            long until = System.nanoTime() + SPARE_NANOS;
            synchronized (CallbackRunners.this) {
                if (closed || spares.size() >= MOST_SPARE) {
                    alive--;
                    return false;
                }
                spares.add(this);
            }
            while (current != this) {
                long left = until - System.nanoTime();
                synchronized (CallbackRunners.this) {
                    if (current != this && (closed || left <= 0)) {
                        spares.remove(this);
                        alive--;
                        return false;
                    }
                }
                LockSupport.parkNanos(CallbackRunners.this, left);
            }
            return true;
        }

        private void willWait() {
            if (!replace(this)) {
                throw new IllegalStateException("this callback can't wait for an operation: " + MOST
                        + " callbacks of the client wait already, and nobody would be left to tell them its result;"
                        + " go on in another callback of the operation's future");
            }
            loop.rouse();
        }
    }
}
