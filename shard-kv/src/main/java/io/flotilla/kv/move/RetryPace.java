package io.flotilla.kv.move;

/** When something is tried again: at once, then after waits that double from a first to a last. */
final class RetryPace {
    private static final long MILLI = 1_000_000L;

    private final long first;
    private final long last;
    private long wait;
    private long dueAt = Long.MIN_VALUE;

    RetryPace(long firstMillis, long lastMillis) {
        first = firstMillis * MILLI;
        last = lastMillis * MILLI;
        wait = first;
    }

    boolean isDue(long now) {
        return dueAt == Long.MIN_VALUE || now - dueAt >= 0;
    }

    void tried(long now) {
        dueAt = now + wait;
        wait = Math.min(last, 2 * wait);
    }

    /** The next try is the first. */
    void reset() {
        wait = first;
        dueAt = Long.MIN_VALUE;
    }
}
