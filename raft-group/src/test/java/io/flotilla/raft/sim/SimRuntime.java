package io.flotilla.raft.sim;

import io.flotilla.raft.runtime.Clock;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.runtime.NodeRuntime;
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

    @Override
    public Lane lane(String laneName) {
        return new SimLane(this, scheduler, laneName);
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
