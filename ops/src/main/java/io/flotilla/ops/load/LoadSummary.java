package io.flotilla.ops.load;

/**
 * What a load has done, also when it failed.
 *
 * @param rows rows acknowledged in this run
 * @param lines leading input lines that are all acknowledged, those of earlier runs included
 * @param nanos how long it took
 * @param longestStallNanos the longest time without an acknowledged row
 */
public record LoadSummary(long rows, long lines, long nanos, long longestStallNanos) {
    public long rowsPerSecond() {
        return nanos <= 0 ? 0 : Math.round(rows * 1e9 / nanos);
    }

    public long longestStallMillis() {
        return longestStallNanos / 1_000_000;
    }
}
