package io.flotilla.client.call;

/**
 * Bounds retries to a share of what succeeds plus a small steady rate, so that a client never adds to the trouble of an
 * overloaded group by many times its normal traffic. A retry that succeeds gives back what it took: once a group does
 * its work again, retries are bounded by its answers alone. Pure: time is handed in, in nanoseconds. Owned by the loop.
 */
final class RetryBudget {
    private static final double PER_SECOND = 1_000;
    private static final double PER_SUCCESS = 0.2;
    private static final double MOST = 2_000;

    private double tokens = MOST;
    private long filledAt;

    /** Whether a retry that costs so many tokens may be made now. */
    boolean take(long now, int cost) {
        if (now > filledAt) {
            add((now - filledAt) * PER_SECOND / 1e9);
            filledAt = now;
        }
        if (tokens < cost) {
            return false;
        }
        tokens -= cost;
        return true;
    }

    /** An operation succeeded. @param cost what its last attempt took; 0 if it was no retry */
    void succeeded(int cost) {
        add(PER_SUCCESS + cost);
    }

    private void add(double more) {
        tokens = Math.min(MOST, tokens + more);
    }
}
