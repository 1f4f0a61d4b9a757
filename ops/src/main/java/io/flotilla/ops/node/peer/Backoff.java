package io.flotilla.ops.node.peer;

/** Waits that double from a first to a last. */
public final class Backoff {
    private static final long MILLI = 1_000_000L;

    private final long first;
    private final long last;
    private long next;

    public Backoff(long firstMillis, long lastMillis) {
        first = firstMillis * MILLI;
        last = lastMillis * MILLI;
        next = first;
    }

    /** The next wait, in nanoseconds. */
    public long next() {
        long wait = next;
        next = Math.min(last, next * 2);
        return wait;
    }

    public void reset() {
        next = first;
    }
}
