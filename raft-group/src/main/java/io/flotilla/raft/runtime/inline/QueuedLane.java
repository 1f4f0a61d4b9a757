package io.flotilla.raft.runtime.inline;

import io.flotilla.raft.runtime.Cancellable;
import io.flotilla.raft.runtime.Lane;
import java.util.PriorityQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jctools.queues.atomic.MpscUnboundedAtomicArrayQueue;

/**
 * A lane as a queue of tasks, a heap of delayed ones, and the rule who runs it: its own thread, or inline, while that sleeps, another
 * one that is awake already ({@link InlineRuns}) or soon will be ({@link Carrier}), for to wake a thread takes longer than most tasks. One
 * at a time runs it, each takes it by changing its state, and what one left the next one sees. Tasks that may block, and delayed
 * ones, are the own thread's.
 *
 * <p>The queue is not bounded here; whoever offers tasks bounds the work behind them. Many may offer; the heap belongs to who runs
 * the lane.
 */
public abstract class QueuedLane implements Lane {
    /** What an inline run does not get done with so many tasks is left to the own thread. */
    static final int TASKS_PER_INLINE_RUN = 16;
    /** Nor what it has not begun within this time. */
    static final long NANOS_PER_INLINE_RUN = 1_000_000L;

    private static final int CANCELLED_BEFORE_PURGE = 256;
    private static final long LONGEST_SLEEP = Long.MAX_VALUE >> 1;

    /** Who runs a lane now. */
    protected enum State {
        ASLEEP,
        /** Its own thread runs it, or has been woken to do so. */
        AWAKE,
        INLINE
    }

    private final String name;
    private final InlineRunners runners;
    /** Null if there is none. */
    private final Carrier carrier;

    private final Runnable carried = this::runCarried;
    private final MpscUnboundedAtomicArrayQueue<Runnable> queue = new MpscUnboundedAtomicArrayQueue<>(1024);
    private final PriorityQueue<Timer> timers = new PriorityQueue<>();
    private final AtomicReference<State> state;
    private final AtomicInteger cancelled = new AtomicInteger();
    /** The carrier has been told and has not come yet. */
    private final AtomicBoolean carrierComes = new AtomicBoolean();

    private long timerNumber;
    /** When the own thread wakes by itself. */
    private long sleepsUntil;

    /**
     * @param runners who else may run it
     * @param carrier null if it has none: then the runners never tell to use it
     * @param first how it begins
     */
    protected QueuedLane(String name, InlineRunners runners, Carrier carrier, State first) {
        this.name = name;
        this.runners = runners;
        this.carrier = carrier;
        this.state = new AtomicReference<>(first);
    }

    // --- what the lane is made of ---

    /** The node's clock. */
    protected abstract long nanos();

    /** What the calling thread runs inline after its present work; null if it runs nothing so. */
    protected abstract InlineRuns runsOfCaller();

    /** The own thread shall go on: it was asleep, and the lane's state is {@link State#AWAKE} already. */
    protected abstract void wakeOwn();

    /** An inline run of this lane begins on the calling thread. */
    protected abstract void inlineBegins();

    /** It has ended; nobody runs the lane now. */
    protected abstract void inlineEnds();

    /** Whether the own thread wants the lane back. After an inline run. */
    protected abstract boolean isWantedByOwn();

    /** No task begins any more. */
    protected abstract boolean isStopped();

    /** Runs one task, and reports what it throws. */
    protected abstract void run(Runnable task);

    // --- giving ---

    @Override
    public void execute(Runnable task) {
        if (isStopped()) {
            return;
        }
        queue.offer(task);
        if (state.get() == State.ASLEEP && !isTaken(runners.now())) {
            rouse();
        }
    }

    @Override
    public void executeBlocking(Runnable task) {
        if (isStopped()) {
            return;
        }
        queue.offer(new Blocking(task));
        rouse();
    }

    @Override
    public Cancellable after(long delayNanos, Runnable task) {
        Timer timer = new Timer(nanos() + Math.max(0, delayNanos), task);
        if (isCurrent()) {
            addTimer(timer);
        } else {
            execute(() -> addTimer(timer));
        }
        return timer;
    }

    @Override
    public String name() {
        return name;
    }

    private void addTimer(Timer timer) {
        timer.number = timerNumber++;
        timers.add(timer);
    }

    private boolean isTaken(InlineRunner who) {
        return switch (who) {
            case NOBODY -> false;
            case GIVER -> isTakenByGiver();
            case CARRIER -> isTakenByCarrier();
        };
    }

    private boolean isTakenByGiver() {
        InlineRuns runs = runsOfCaller();
        if (runs == null) {
            return false;
        }
        runs.add(this);
        return true;
    }

    private boolean isTakenByCarrier() {
        if (carrierComes.compareAndSet(false, true) && !carrier.offer(carried)) {
            carrierComes.set(false);
            return false;
        }
        return true;
    }

    private void runCarried() {
        carrierComes.set(false);
        runInline();
    }

    /** Leaves what waits to the lane's own thread. */
    final void leaveToOwn() {
        if (!queue.isEmpty()) {
            rouse();
        }
    }

    /** Wakes the own thread if nobody runs the lane. */
    protected final void rouse() {
        if (state.compareAndSet(State.ASLEEP, State.AWAKE)) {
            wakeOwn();
        }
    }

    // --- running inline ---

    /** Runs some of what waits on the calling thread, unless somebody else runs the lane already. */
    final void runInline() {
        if (queue.isEmpty() || isStopped() || !state.compareAndSet(State.ASLEEP, State.INLINE)) {
            return;
        }
        inlineBegins();
        long begun = nanos();
        for (int i = 0; i < TASKS_PER_INLINE_RUN && !isStopped(); i++) {
            Runnable task = queue.peek();
            if (task == null || task instanceof Blocking || i > 0 && nanos() - begun > NANOS_PER_INLINE_RUN) {
                break;
            }
            queue.poll();
            run(task);
        }
        // or it is due, and the own thread oversleeps: a step of the clock may have done that
        boolean isDueEarlier =
                !timers.isEmpty() && (timers.peek().due - sleepsUntil < 0 || timers.peek().due - begun < 0);
        inlineEnds();
        state.set(State.ASLEEP);
        if (isDueEarlier || isWantedByOwn() || isStopped() || !queue.isEmpty()) {
            rouse();
        }
    }

    // --- for the own thread ---

    protected final State state() {
        return state.get();
    }

    /** The own thread takes the lane if nobody runs it. */
    protected final boolean takeOwn() {
        return state.compareAndSet(State.ASLEEP, State.AWAKE);
    }

    protected final Runnable nextTask() {
        return queue.poll();
    }

    protected final boolean hasTasks() {
        return !queue.isEmpty();
    }

    /** The next task that was due at that moment, or null. */
    protected final Runnable nextDue(long now) {
        for (Timer next = timers.peek(); next != null && next.due - now <= 0; next = timers.peek()) {
            timers.poll();
            if (next.claim()) {
                return next.task;
            }
        }
        return null;
    }

    /** The nanoseconds until the next delayed task is due, at least 0; the largest number if there is none. */
    protected final long untilNextDue(long now) {
        return timers.isEmpty() ? Long.MAX_VALUE : Math.max(0, timers.peek().due - now);
    }

    /** Whether there are delayed tasks; forgets cancelled ones now and then. */
    protected final boolean hasTimers() {
        if (cancelled.get() > CANCELLED_BEFORE_PURGE && cancelled.get() > timers.size() / 2) {
            timers.removeIf(Timer::isCancelled);
            cancelled.set(0);
        }
        return !timers.isEmpty();
    }

    /**
     * The own thread sleeps from now on; whoever gives a task sees that. The own thread then looks at the queue once more, for a giver
     * that found the lane awake had its task there before.
     *
     * @return when it must wake by itself, by the node's clock
     */
    protected final long fallAsleep() {
        long until = timers.isEmpty() ? nanos() + LONGEST_SLEEP : timers.peek().due;
        sleepsUntil = until;
        state.set(State.ASLEEP);
        return until;
    }

    /** Forgets all that waits. */
    protected final void clear() {
        queue.clear();
        timers.clear();
    }

    /** For the lane's own thread alone. */
    private record Blocking(Runnable task) implements Runnable {
        @Override
        public void run() {
            task.run();
        }
    }

    private final class Timer implements Cancellable, Comparable<Timer> {
        private final long due;
        /** Of whoever claimed or cancelled this; a cancelled one keeps nothing alive while it waits to be forgotten. */
        private Runnable task;

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
                task = null;
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
