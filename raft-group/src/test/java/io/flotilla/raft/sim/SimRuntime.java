package io.flotilla.raft.sim;

import io.flotilla.raft.runtime.Clock;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.runtime.NodeRuntime;
import io.flotilla.raft.runtime.inline.InlineRunners;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The world of one incarnation of a node. When it is killed, its lanes stop at once: queued tasks and timers vanish,
 * and nothing that a running task would have handed over later than that leaves it.
 */
public final class SimRuntime implements NodeRuntime {
    /** The wall clock of virtual time 0: 2026-01-01T00:00:00Z. */
    private static final long EPOCH_MILLIS = 1_767_225_600_000L;

    private final SimScheduler scheduler;
    private final String name;
    private final SplittableRandom random;
    private final Clock clock;
    private final double rate;
    private final SplittableRandom laneRandom;
    private final List<SimLane> lanes = new ArrayList<>();
    private final List<SimCarrier> carriers = new ArrayList<>();
    /** Null if lanes are run by their own threads alone. */
    private final InlineRunners runners;

    private Coverage coverage;
    private int shared;
    private long wallOffsetMillis;
    private long diedAt = Long.MAX_VALUE;
    private long pausedUntil;

    /**
     * @param name the place it runs at, for traces and messages
     * @param wallOffsetMillis how far the wall clock is off
     * @param driftPpm how much faster than the world its clocks run, in millionths
     */
    public SimRuntime(
            SimScheduler scheduler, String name, SplittableRandom random, long wallOffsetMillis, int driftPpm) {
        this.scheduler = scheduler;
        this.name = name;
        this.random = random;
        this.rate = 1.0 + driftPpm / 1e6;
        this.wallOffsetMillis = wallOffsetMillis;
        this.laneRandom = random.split();
        // mostly as production is; else threads that carry lanes end, or there are none, or each lane is run by its own
        // thread alone
        int kind = laneRandom.nextInt(8);
        int threads = kind < 6 ? 1 + laneRandom.nextInt(2) : 0;
        for (int i = 0; i < threads; i++) {
            carriers.add(new SimCarrier(this, scheduler));
        }
        runners = kind == 7 ? null : new InlineRunners(carriers.isEmpty() ? null : this::setRoundNanos);
        if (kind == 0) {
            scheduler.after(laneRandom.nextLong(60_000_000_000L), () -> carriers.forEach(SimCarrier::end));
        }
        long origin = random.nextLong(1L << 40);
        this.clock = new Clock() {
            @Override
            public long nanos() {
                return origin + (long) (scheduler.now() * rate);
            }

            @Override
            public long wallMillis() {
                return EPOCH_MILLIS + SimRuntime.this.wallOffsetMillis + (long) (scheduler.now() * rate) / 1_000_000;
            }
        };
    }

    private void setRoundNanos(long nanosApart) {
        carriers.forEach(carrier -> carrier.setRoundNanos(nanosApart));
    }

    @Override
    public Lane lane(String laneName) {
        return add(new SimLane(this, scheduler, laneRandom.split(), laneName, InlineRunners.none(), null));
    }

    @Override
    public Lane nonBlockingLane(String laneName) {
        if (runners == null) {
            return lane(laneName);
        }
        SimCarrier carrier = carriers.isEmpty() ? null : carriers.get(shared++ % carriers.size());
        return add(new SimLane(this, scheduler, laneRandom.split(), laneName, runners, carrier));
    }

    private Lane add(SimLane lane) {
        lanes.add(lane);
        return lane;
    }

    @Override
    public void runInline(Runnable work) {
        if (runners == null) {
            work.run();
        } else {
            scheduler.runInline(this, work);
        }
    }

    @Override
    public void setInlineRuns(boolean allowed) {
        if (runners != null) {
            runners.allowGivers(allowed);
        }
    }

    @Override
    public boolean carry(long nanosApart) {
        return runners != null && runners.carry(nanosApart);
    }

    /** The thread of one of its lanes, chosen by the seed, does not get on with what it does for so long. */
    public void holdLane(long nanos) {
        if (!lanes.isEmpty()) {
            SimLane held = lanes.get(laneRandom.nextInt(lanes.size()));
            count("lanes held: " + held.name());
            held.executeBlocking(() -> scheduler.spend(nanos));
        }
    }

    /** Where it counts what its lanes do. */
    public SimRuntime counting(Coverage where) {
        coverage = where;
        return this;
    }

    void count(String what) {
        if (coverage != null) {
            coverage.count(what);
        }
    }

    @Override
    public Clock clock() {
        return clock;
    }

    @Override
    public long randomSeed() {
        return random.nextLong();
    }

    @Override
    public double processorLoad() {
        return random.nextDouble();
    }

    @Override
    public void close() {
        kill();
    }

    /** Ends this incarnation now. */
    public void kill() {
        diedAt = Math.min(diedAt, scheduler.now());
    }

    /**
     * Stops the process for a while, as a long garbage collection does: nothing runs and nothing is received, but its
     * clocks go on.
     */
    public void pause(long nanos) {
        pausedUntil = Math.max(pausedUntil, scheduler.now() + nanos);
    }

    /** Somebody sets the wall clock. @param offByMillis by how much it is wrong from now on */
    public void setWallClock(long offByMillis) {
        wallOffsetMillis = offByMillis;
    }

    /** When something that is due now can happen in this process. */
    public long nextMoment(long due) {
        return Math.max(due, pausedUntil);
    }

    public boolean isPaused() {
        return scheduler.now() < pausedUntil;
    }

    /** Whether it lives at the local time. */
    public boolean isAlive() {
        return scheduler.now() < diedAt;
    }

    /** Whether it lived at a moment. */
    public boolean wasAliveAt(long nanos) {
        return nanos < diedAt;
    }

    public String name() {
        return name;
    }

    long toWorldNanos(long nanos) {
        return (long) (nanos / rate);
    }

    void taskFailed(SimLane lane, Throwable cause) {
        scheduler.fail(new AssertionError("a task on lane " + lane.name() + " of " + name + " threw " + cause, cause));
    }
}
