package io.flotilla.raft.transfer;

import io.flotilla.raft.runtime.Clock;
import java.util.function.LongSupplier;

/**
 * So many bytes a second, with a burst of 20 ms. The rate may change: what was sent at a low one is not waited for any longer when it
 * is higher. Belongs to one lane.
 */
public final class RateLimit {
    private static final double NANOS = 1_000_000_000.0;
    private static final double BURST_SECONDS = 0.02;
    /** Then it is looked at the rate again. */
    private static final long LONGEST_WAIT_NANOS = 100_000_000L;

    private final Clock clock;
    private final LongSupplier bytesPerSecond;
    /** Of what was sent, so much is ahead of the rate. */
    private double bytesAhead;

    private long at;

    public RateLimit(Clock clock, LongSupplier bytesPerSecond) {
        this.clock = clock;
        this.bytesPerSecond = bytesPerSecond;
        this.at = clock.nanos();
    }

    /** How long to wait before it is asked again, 100 ms at most; 0: more may be sent now. */
    public long waitNanos() {
        long rate = passed();
        double seconds = bytesAhead / rate - BURST_SECONDS;
        return seconds <= 0 ? 0 : Math.max(1, (long) Math.min(LONGEST_WAIT_NANOS, seconds * NANOS));
    }

    /** So many bytes are on their way. */
    public void sent(long bytes) {
        passed();
        bytesAhead += bytes;
    }

    /** @return the rate now */
    private long passed() {
        long rate = bytesPerSecond.getAsLong();
        long now = clock.nanos();
        bytesAhead = Math.max(0, bytesAhead - rate * ((now - at) / NANOS));
        at = now;
        return rate;
    }
}
