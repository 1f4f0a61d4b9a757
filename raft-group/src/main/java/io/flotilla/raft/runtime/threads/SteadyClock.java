package io.flotilla.raft.runtime.threads;

import java.util.function.LongSupplier;

/**
 * The system's monotonic clock, but monotonic: when that steps back, as it may where a machine or a container is moved or restored,
 * this one goes on from where it was. Else all that waits would wait as much longer. A step forward is passed on, for nobody can tell
 * it from a sleep. Thread-safe; what two threads read may differ by {@value #SLACK_NANOS} ns about a step.
 */
public final class SteadyClock implements LongSupplier {
    /** The clock of this process. */
    public static final SteadyClock SYSTEM = new SteadyClock(System::nanoTime);

    private static final long SLACK_NANOS = 1_000_000L;

    private final LongSupplier system;
    private volatile long offset;
    /** Not more than this and {@link #SLACK_NANOS} was ever told. */
    private volatile long told;

    SteadyClock(LongSupplier system) {
        this.system = system;
        this.told = system.getAsLong();
    }

    @Override
    public long getAsLong() {
        long before = told;
        long shift = offset; // first: one that is newer than the reading would be taken for a step forward
        long now = system.getAsLong() + shift;
        long ahead = now - before;
        if (ahead >= 0 && ahead < SLACK_NANOS) {
            return now;
        }
        return ahead >= 0 ? tell(now) : stepBack();
    }

    private synchronized long tell(long now) {
        if (now - told > 0) {
            told = now;
        }
        return now;
    }

    private synchronized long stepBack() {
        long now = system.getAsLong() + offset;
        if (now - told < 0) {
            offset += told - now;
            now = told;
        }
        return now;
    }
}
