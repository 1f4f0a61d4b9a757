package io.flotilla.raft.runtime.threads;

import io.flotilla.raft.runtime.Cancellable;
import io.flotilla.raft.runtime.Lane;
import java.util.PriorityQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jctools.queues.atomic.MpscUnboundedAtomicArrayQueue;

/**
 * A lane as one thread: tasks come through a lock-free queue of many producers, delayed ones lie in a heap that only
 * who runs the lane touches. The queue is not bounded here; whoever offers tasks bounds the work behind them.
 *
 * <p>A quick lane may be run by another thread for a while, one that is awake already ({@link Errands}) or soon will be
 * ({@link Carriers}), while its own one sleeps: to wake a thread takes longer than most tasks. One thread at a time runs it; what it leaves behind is seen by the
 * next one, since each takes the lane by changing its state.
 */
final class ThreadLane implements Lane, Runnable {
    private static final int TASKS_BETWEEN_TIMERS = 256;
    private static final long LONGEST_SLEEP = Long.MAX_VALUE >> 1;
    private static final int CANCELLED_BEFORE_PURGE = 256;
    /** What a borrower does not get done with so many tasks is left to the lane's own thread. */
    private static final int TASKS_PER_ERRAND = 16;
    /** Nor what it has not begun within this time. */
    private static final long NANOS_PER_ERRAND = 1_000_000L;

    private enum State {
        /** Nobody runs it. */
        ASLEEP,
        /** Its own thread runs it, or has been woken to do so. */
        AWAKE,
        /** Another thread runs it. */
        BORROWED
    }

    private final String name;
    private final AtomicReference<Borrowers> borrowers;
    /** Null if there is none. */
    private final Executor carrier;

    private final Runnable carried = this::runCarried;
    private final LaneFailureHandler failures;
    private final Thread thread;
    private final MpscUnboundedAtomicArrayQueue<Runnable> queue = new MpscUnboundedAtomicArrayQueue<>(1024);
    private final PriorityQueue<Timer> timers = new PriorityQueue<>();
    private final AtomicReference<State> state = new AtomicReference<>(State.AWAKE);
    private final AtomicInteger cancelled = new AtomicInteger();
    /** The carrier has been told and has not come yet. */
    private final AtomicBoolean carrierComes = new AtomicBoolean();

    /** The thread that runs the lane now, or null. */
    private volatile Thread runner;
    /** The lane's own thread would run it, but somebody else does. */
    private volatile boolean wanted;

    private volatile boolean stopped;
    private long timerNumber;
    /** When the own thread wakes by itself. */
    private long sleepsUntil;

    /** @param borrowers who else may run it now; carriers only if there is a carrier */
    ThreadLane(
            String name,
            String threadName,
            AtomicReference<Borrowers> borrowers,
            Executor carrier,
            LaneFailureHandler failures) {
        this.name = name;
        this.borrowers = borrowers;
        this.carrier = carrier;
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
    public void executeSlow(Runnable task) {
        if (stopped) {
            return;
        }
        queue.offer(new Slow(task));
        rouse();
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
    public boolean mayWait() {
        return Thread.currentThread() == thread;
    }

    @Override
    public boolean isCurrent() {
        return Thread.currentThread() == runner;
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
        if (state.get() == State.ASLEEP && (stopped || !isTaken(borrowers.get()))) {
            rouse();
        }
    }

    private boolean isTaken(Borrowers who) {
        return switch (who) {
            case NOBODY -> false;
            case GIVERS -> Errands.take(this);
            case CARRIERS -> callCarrier();
        };
    }

    /** @return false if it does not come any more */
    private boolean callCarrier() {
        if (carrierComes.compareAndSet(false, true)) {
            try {
                carrier.execute(carried);
            } catch (RuntimeException | Error e) {
                // ended, or out of threads: the lane has one of its own
                carrierComes.set(false);
                return false;
            }
        }
        return true;
    }

    private void runCarried() {
        carrierComes.set(false);
        runBorrowed();
    }

    /** Leaves what waits to the lane's own thread. */
    void wakeOwn() {
        if (!queue.isEmpty()) {
            rouse();
        }
    }

    private void rouse() {
        if (state.compareAndSet(State.ASLEEP, State.AWAKE)) {
            LockSupport.unpark(thread);
        }
    }

    @Override
    public void run() {
        runner = thread;
        while (!stopped) {
            long wait = runTimers();
            if (!runTasks() && wait != 0) {
                sleep();
            }
        }
        queue.clear();
        timers.clear();
    }

    /** Runs some of what waits on the calling thread, unless somebody else runs the lane already. */
    void runBorrowed() {
        if (queue.isEmpty() || !state.compareAndSet(State.ASLEEP, State.BORROWED)) {
            return;
        }
        runner = Thread.currentThread();
        long begun = System.nanoTime();
        for (int i = 0; i < TASKS_PER_ERRAND && !stopped; i++) {
            Runnable task = queue.peek();
            if (task == null || task instanceof Slow || i > 0 && System.nanoTime() - begun > NANOS_PER_ERRAND) {
                break;
            }
            queue.poll();
            runOne(task);
        }
        boolean isDueEarlier = !timers.isEmpty() && timers.peek().due - sleepsUntil < 0;
        runner = null;
        state.set(State.ASLEEP);
        if (isDueEarlier || wanted || stopped || !queue.isEmpty()) {
            rouse();
        }
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

    /** A producer that finds the lane awake had its task in the queue before the look that follows here. */
    private void sleep() {
        long now = System.nanoTime();
        sleepsUntil = timers.isEmpty() ? now + LONGEST_SLEEP : timers.peek().due;
        runner = null;
        state.set(State.ASLEEP);
        if (queue.isEmpty() && !stopped) {
            LockSupport.parkNanos(this, sleepsUntil - now); // at once if that is past
        }
        while (!state.compareAndSet(State.ASLEEP, State.AWAKE) && state.get() != State.AWAKE) {
            // whoever runs the lane sees this after it gave it back, or else this thread sees that it did
            wanted = true;
            if (state.get() == State.BORROWED) {
                LockSupport.park(this);
            }
        }
        wanted = false;
        runner = thread;
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

    /** For the lane's own thread alone. */
    private record Slow(Runnable task) implements Runnable {
        @Override
        public void run() {
            task.run();
        }
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
