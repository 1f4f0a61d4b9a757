package io.flotilla.ops.load;

/**
 * The longest time without an acknowledged row, counted only while a row waits for its acknowledgement: a slow producer of
 * the input is no stall. Times in nanoseconds of any one clock. Not thread-safe.
 */
final class StallMeter {
    private long waitingSince;
    private long longest;

    /** The first row is in flight after none was. */
    void busy(long now) {
        waitingSince = now;
    }

    /** A row was acknowledged. */
    void acknowledged(long now) {
        longest = Math.max(longest, now - waitingSince);
        waitingSince = now;
    }

    /** Nothing was acknowledged until now, and the load ends with rows in flight. */
    void gaveUp(long now) {
        longest = Math.max(longest, now - waitingSince);
    }

    long longestNanos() {
        return longest;
    }
}
