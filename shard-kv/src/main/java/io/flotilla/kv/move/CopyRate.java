package io.flotilla.kv.move;

/** How fast something grows, over about a second. */
final class CopyRate {
    private static final long SECOND = 1_000_000_000L;

    private long from = -1;
    private long fromAt;
    private long rate;

    void at(long now, long bytes) {
        if (from < 0 || bytes < from) {
            from = bytes;
            fromAt = now;
        } else if (now - fromAt >= SECOND) {
            rate = (long) ((double) (bytes - from) * SECOND / (now - fromAt));
            from = bytes;
            fromAt = now;
        }
    }

    long bytesPerSecond() {
        return rate;
    }
}
