package io.flotilla.raft.sim;

import io.flotilla.raft.runtime.Cancellable;
import io.flotilla.raft.runtime.inline.Carrier;
import io.flotilla.raft.runtime.inline.InlineRunners;
import io.flotilla.raft.runtime.inline.InlineRuns;
import io.flotilla.raft.runtime.inline.QueuedLane;
import java.util.SplittableRandom;

/**
 * A lane in virtual time: what decides who runs it is production's, its own thread is a chain of events, one for each task. What a task gives
 * after it waited is given when the world gets there.
 */
final class SimLane extends QueuedLane {
    /** Some tasks of an inline run seem to take long, so that it leaves the others behind. */
    private static final int LONG_TASKS = 64;

    private static final long LONG_TASK_NANOS = 2_000_000L;

    private enum Runs {
        NOT,
        BY_OWN,
        INLINE
    }

    private final SimRuntime owner;
    private final SimScheduler scheduler;
    private final SplittableRandom random;
    private final long traceId;
    private Runs runs = Runs.NOT;
    private long inlineNanos;
    private long busyUntil;
    /** The rest of a task that waited is on its way. */
    private int rests;

    private Cancellable wake;

    SimLane(
            SimRuntime owner,
            SimScheduler scheduler,
            SplittableRandom random,
            String name,
            InlineRunners runners,
            Carrier carrier) {
        super(name, runners, carrier, State.ASLEEP);
        this.owner = owner;
        this.scheduler = scheduler;
        this.random = random;
        this.traceId = TraceHash.of(owner.name() + '/' + name);
        fallAsleep();
    }

    @Override
    public void execute(Runnable task) {
        scheduler.whenReached(() -> super.execute(task));
    }

    @Override
    public void executeBlocking(Runnable task) {
        scheduler.whenReached(() -> super.executeBlocking(task));
    }

    @Override
    public void goOn(Runnable rest) {
        if (scheduler.isAtTaskStart()) {
            rest.run();
        } else {
            rests++;
            scheduler.at(scheduler.now(), () -> runRest(rest));
        }
    }

    @Override
    public boolean mayBlock() {
        return runs == Runs.BY_OWN;
    }

    @Override
    public boolean isCurrent() {
        return runs != Runs.NOT;
    }

    @Override
    protected long nanos() {
        return owner.clock().nanos() + inlineNanos;
    }

    @Override
    protected InlineRuns runsOfCaller() {
        return scheduler.inlineRuns();
    }

    @Override
    protected void inlineBegins() {
        owner.count("inline runs");
        scheduler.trace().mix(scheduler.now() ^ ~traceId);
        scheduler.inlineBegins();
        runs = Runs.INLINE;
    }

    @Override
    protected void inlineEnds() {
        runs = Runs.NOT;
        inlineNanos = 0;
        scheduler.inlineEnds();
    }

    @Override
    protected boolean isWantedByOwn() {
        return false; // it never wakes while an inline run is under way: that is one event
    }

    @Override
    protected boolean isStopped() {
        return !owner.isAlive();
    }

    @Override
    protected void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            owner.taskFailed(this, e);
        }
        if (runs == Runs.INLINE && random.nextInt(LONG_TASKS) == 0) {
            inlineNanos += LONG_TASK_NANOS;
        }
    }

    @Override
    protected void wakeOwn() {
        planTurn(scheduler.now());
    }

    private void planTurn(long when) {
        plan(Math.max(when, busyUntil), this::turn);
    }

    private void plan(long when, Runnable event) {
        if (wake != null) {
            wake.cancel();
        }
        wake = scheduler.at(owner.nextMoment(when) + scheduler.jitter(), event);
    }

    private void wakeByItself() {
        wake = null;
        if (owner.isAlive() && takeOwn()) {
            turn();
        }
    }

    /** The own thread does one thing. */
    private void turn() {
        wake = null;
        if (!owner.isAlive()) {
            clear();
            return;
        }
        if (owner.isPaused()) {
            planTurn(scheduler.now());
            return;
        }
        Runnable task = hasTimers() ? nextDue(nanos()) : null;
        if (task == null) {
            task = nextTask();
        }
        if (task != null) {
            scheduler.trace().mix(scheduler.now() ^ traceId);
            runOwn(task);
        }
        goOnOrSleep();
    }

    private void runOwn(Runnable task) {
        runs = Runs.BY_OWN;
        try {
            run(task);
        } finally {
            runs = Runs.NOT;
            busyUntil = Math.max(busyUntil, scheduler.now());
        }
    }

    private void runRest(Runnable rest) {
        if (!owner.isAlive()) {
            return;
        }
        if (owner.isPaused()) {
            scheduler.at(owner.nextMoment(scheduler.now()), () -> runRest(rest));
            return;
        }
        rests--;
        runOwn(rest);
        goOnOrSleep();
    }

    private void goOnOrSleep() {
        if (rests > 0 || !owner.isAlive()) {
            return;
        }
        if (busyUntil > scheduler.taskStart() || hasTasks() || untilNextDue(nanos()) == 0) {
            planTurn(busyUntil);
            return;
        }
        long now = nanos();
        long sleep = fallAsleep() - now;
        if (hasTimers()) {
            plan(scheduler.now() + owner.toWorldNanos(sleep), this::wakeByItself);
        }
    }
}
