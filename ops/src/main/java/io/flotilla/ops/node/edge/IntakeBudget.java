package io.flotilla.ops.node.edge;

import java.util.concurrent.atomic.AtomicLong;

/**
 * The bytes of clients' requests that a node has taken in and not answered yet, of all streams together. Large requests
 * leave a part of the room to small ones, and have less of it the longer they take: so a flood of large ones neither fills
 * the memory nor makes everybody wait for the disk. Thread-safe.
 */
public final class IntakeBudget {
    /** From here on a frame counts as large. */
    static final int LARGE_BYTES = 64 << 10;

    /** The largest request: a full batch, with what is around its keys and values. */
    static final int MAX_REQUEST_BYTES = 6 << 20;

    /** What large requests may have however long they take: some come in while others are worked on. */
    private static final int LEAST_LARGE = 2 * MAX_REQUEST_BYTES;

    /** How long a large request should take at most, once it is here. */
    private static final long TARGET_NANOS = 300_000_000L;

    private static final long LEAST_RETRY_MILLIS = 20;
    private static final long MOST_RETRY_MILLIS = 1_000;

    private final long maxBytes;
    private final long maxLarge;
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong large = new AtomicLong();
    private final AtomicLong largeLimit;
    private volatile long usualNanos = TARGET_NANOS / 4;

    /** @param memoryBytes of which an eighth may be used: on its way a request is there several times for a moment */
    public IntakeBudget(long memoryBytes) {
        maxBytes = Math.max(2 * LEAST_LARGE, memoryBytes / 8);
        maxLarge = maxBytes - maxBytes / 4;
        largeLimit = new AtomicLong(Math.max(LEAST_LARGE, maxLarge / 2));
    }

    /** What one stream may have of it. */
    long streamBytes() {
        return Math.max(MAX_REQUEST_BYTES, maxBytes / 4);
    }

    /** Takes room for a request or a frame of them. @return false if there is none: nothing was taken */
    boolean enter(int size) {
        if (size >= LARGE_BYTES) {
            long before = large.getAndAdd(size);
            // one alone always finds room, or the largest could starve
            if (before > 0 && before + size > largeLimit.get()) {
                large.addAndGet(-size);
                return false;
            }
        }
        if (bytes.addAndGet(size) > maxBytes) {
            give(size);
            return false;
        }
        return true;
    }

    /** All of it is answered, or will never be. @param nanos how long it was here */
    void leave(int size, long nanos) {
        give(size);
        if (size >= LARGE_BYTES) {
            usualNanos = (7 * usualNanos + nanos) / 8;
            if (nanos > TARGET_NANOS) {
                largeLimit.accumulateAndGet(size, (limit, s) -> Math.max(LEAST_LARGE, limit - s));
            } else {
                largeLimit.accumulateAndGet(size, (limit, s) -> Math.min(maxLarge, limit + s / 4));
            }
        }
    }

    private void give(int size) {
        bytes.addAndGet(-size);
        if (size >= LARGE_BYTES) {
            large.addAndGet(-size);
        }
    }

    /** When a refused one may find room. */
    long retryMillis() {
        return Math.max(LEAST_RETRY_MILLIS, Math.min(MOST_RETRY_MILLIS, usualNanos / 1_000_000));
    }

    /** What is taken now. */
    public long bytes() {
        return bytes.get();
    }
}
