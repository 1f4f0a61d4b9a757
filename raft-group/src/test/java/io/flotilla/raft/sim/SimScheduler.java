package io.flotilla.raft.sim;

import io.flotilla.raft.runtime.Cancellable;
import io.flotilla.raft.runtime.inline.InlineRuns;
import java.util.PriorityQueue;
import java.util.SplittableRandom;

/**
 * Virtual time for everything that takes part in a run: one thread, one seed, one queue of events ordered by time and
 * then by the order in which they were planned.
 *
 * <p>Work that blocks has a cost: the running task's <em>local time</em> starts at its event's time and is moved on by
 * {@link #spend}. Whatever the task hands over from then on is handed over at the local time, and the lane it runs on
 * is busy until then. So a disk write of 3 ms delays what follows it by 3 ms, while other lanes go on in between.
 */
public final class SimScheduler implements DiskTimer {
    private final PriorityQueue<SimTimer> queue = new PriorityQueue<>();
    private final SplittableRandom random;
    private final TraceHash trace = new TraceHash();
    private long sequence;
    private long time;
    private long local;
    /** Lanes that run inline now, one within the other. */
    private int inline;
    /** What runs inline after the present work; null if nothing does. */
    private InlineRuns inlineRuns;

    private Throwable failure;

    public SimScheduler(long seed) {
        this.random = new SplittableRandom(seed);
    }

    /** A generator of its own for one part of the world; the same one for each run of a seed. */
    public SplittableRandom randomStream() {
        return random.split();
    }

    /** Nanoseconds since the run began: the local time of the running task. */
    @Override
    public long now() {
        return local;
    }

    @Override
    public void spend(long nanos) {
        if (nanos < 0) {
            throw new IllegalArgumentException("time can't run backwards: " + nanos + " ns");
        }
        if (inline > 0) {
            fail(new AssertionError("a task that may block was run inline"));
        }
        local += nanos;
    }

    @Override
    public long taskStart() {
        return time;
    }

    /** Plans an event at a time that is not yet past; it runs outside of all lanes. */
    public Cancellable at(long when, Runnable action) {
        SimTimer timer = new SimTimer(Math.max(when, time), sequence++, action);
        queue.add(timer);
        return timer;
    }

    /** Plans an event {@code delayNanos} after the local time. */
    public Cancellable after(long delayNanos, Runnable action) {
        return at(local + Math.max(0, delayNanos), action);
    }

    /** Runs the action at the local time: at once if no time was spent so far, else when the world gets there. */
    public void whenReached(Runnable action) {
        if (local == time) {
            action.run();
        } else {
            at(local, action);
        }
    }

    /** Runs the next event; false if there is none. */
    public boolean step() {
        SimTimer next;
        Runnable action;
        do {
            next = queue.poll();
            if (next == null) {
                return false;
            }
            action = next.take();
        } while (action == null);
        time = next.time;
        local = time;
        try {
            action.run();
        } catch (RuntimeException | Error e) {
            fail(e);
        } finally {
            local = time;
            inline = 0;
            inlineRuns = null;
        }
        if (failure != null) {
            throw new SimFailure(time, failure);
        }
        return true;
    }

    /** Runs all events up to {@code until}, then time is {@code until}. */
    public void runUntil(long until) {
        while (!queue.isEmpty() && queue.peek().time <= until) {
            step();
        }
        time = Math.max(time, until);
        local = time;
    }

    /** Ends the run after the present event: something was seen that must never be. The first one counts. */
    public void fail(Throwable cause) {
        if (failure == null) {
            failure = cause;
        }
    }

    public TraceHash trace() {
        return trace;
    }

    /** A little time that a hand-over or a task takes, so that interleavings differ from seed to seed. */
    long jitter() {
        return 500 + (random.nextInt() & 0x7FFF);
    }

    /** Whether the running task has not waited for anything so far. */
    boolean isAtTaskStart() {
        return local == time;
    }

    void inlineBegins() {
        inline++;
    }

    void inlineEnds() {
        inline--;
    }

    InlineRuns inlineRuns() {
        return inlineRuns;
    }

    /**
     * Runs the work of a node, and the lanes to which it gave tasks after it: at the local time, which is later if the work waited.
     */
    void runInline(SimRuntime node, Runnable work) {
        if (inlineRuns != null) {
            work.run();
            return;
        }
        InlineRuns mine = new InlineRuns();
        inlineRuns = mine;
        boolean isLater = false;
        try {
            work.run();
            isLater = !isAtTaskStart();
            if (!isLater) {
                mine.runAll();
            }
        } finally {
            inlineRuns = null;
            if (!isLater) {
                mine.end();
            }
        }
        if (isLater) {
            at(local, () -> finishInline(node, mine));
        }
    }

    private void finishInline(SimRuntime node, InlineRuns runs) {
        if (node.isPaused()) {
            at(node.nextMoment(time), () -> finishInline(node, runs));
            return;
        }
        inlineRuns = runs;
        try {
            runs.runAll();
        } finally {
            inlineRuns = null;
            runs.end();
        }
    }
}
