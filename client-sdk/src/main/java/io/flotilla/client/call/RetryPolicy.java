package io.flotilla.client.call;

/** How long to wait before trying again. Pure: randomness is handed in. All times in nanoseconds. */
final class RetryPolicy {
    private static final long MILLI = 1_000_000;

    private final long first;
    private final long cap;

    /** Half to all of {@code first} before the first retry, twice that before each further one, up to {@code cap}. */
    RetryPolicy(long first, long cap) {
        this.first = first;
        this.cap = cap;
    }

    /** For an operation that a node refused for now. */
    static RetryPolicy ofOperations() {
        return new RetryPolicy(8 * MILLI, 250 * MILLI);
    }

    /** For a stream that broke or could not be opened. */
    static RetryPolicy ofConnections() {
        return new RetryPolicy(30 * MILLI, 500 * MILLI);
    }

    /** @param failures how often it failed, from 1; @param random any bits */
    long delay(int failures, long random) {
        int doublings = Math.min(Math.max(failures, 1) - 1, 30);
        long full = Math.min(cap, first << doublings);
        long half = full / 2;
        return half + Math.floorMod(random, full - half + 1);
    }
}
