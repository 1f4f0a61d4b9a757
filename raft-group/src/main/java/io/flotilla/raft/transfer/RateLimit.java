package io.flotilla.raft.transfer;

import io.flotilla.raft.runtime.Clock;
import java.util.function.LongSupplier;

/** So many bytes a second, which may change, with a burst of 20 ms. Belongs to one lane. */
public final class RateLimit {
    private static final long NANOS = 1_000_000_000L;
    private static final long BURST_NANOS = 20_000_000L;

    private final Clock clock;
    private final LongSupplier bytesPerSecond;
    private long paidUntil;

    public RateLimit(Clock clock, LongSupplier bytesPerSecond) {
        this.clock = clock;
        this.bytesPerSecond = bytesPerSecond;
        this.paidUntil = clock.nanos();
    }

    /** How long to wait before more is sent; 0 or less: now. */
    public long waitNanos() {
        return paidUntil - clock.nanos() - BURST_NANOS;
    }

    /** So many bytes are on their way. */
    public void sent(long bytes) {
        paidUntil = Math.max(paidUntil, clock.nanos()) + (long) ((double) bytes * NANOS / bytesPerSecond.getAsLong());
    }
}
