package io.flotilla.client.call;

/**
 * Bounds retries to a share of what succeeds plus a small steady rate, so that a client never adds to the trouble of
 * an overloaded fleet by many times its normal traffic. Pure: time is handed in, in nanoseconds. Owned by the loop.
 */
final class RetryBudget {
    private static final double PER_SECOND = 1_000;
    private static final double PER_SUCCESS = 0.2;
    private static final double MOST = 2_000;

    private double tokens = MOST;
    private long filledAt;

    /** Whether one retry may be made now. */
    boolean take(long now) {
        if (now > filledAt) {
            tokens = Math.min(MOST, tokens + (now - filledAt) * PER_SECOND / 1e9);
            filledAt = now;
        }
        if (tokens < 1) {
            return false;
        }
        tokens -= 1;
        return true;
    }

    void succeeded() {
        tokens = Math.min(MOST, tokens + PER_SUCCESS);
    }
}
