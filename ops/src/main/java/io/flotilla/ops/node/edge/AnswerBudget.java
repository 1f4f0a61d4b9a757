package io.flotilla.ops.node.edge;

import java.util.concurrent.atomic.AtomicLong;

/**
 * The bytes of answers that wait for their clients to take them, of all streams together. A read that finds no room is
 * refused before it reads anything. Thread-safe.
 */
public final class AnswerBudget {
    private final long maxBytes;
    private final long maxOfStream;
    private final AtomicLong bytes = new AtomicLong();

    /** @param memoryBytes of which an eighth may be used */
    public AnswerBudget(long memoryBytes) {
        maxBytes = Math.max(4L << 20, memoryBytes / 8);
        maxOfStream = Math.max(1L << 20, maxBytes / 8);
    }

    /**
     * Whether a read may be done. Who takes its answers finds room as long as there is any; who does not has a small
     * part of it.
     *
     * @param ofStream bytes that wait for this client
     */
    boolean hasRoom(long ofStream) {
        return ofStream == 0 ? bytes.get() < maxBytes : ofStream < maxOfStream && bytes.get() < maxBytes / 4 * 3;
    }

    /** What a single client may leave waiting. */
    long streamBytes() {
        return maxOfStream;
    }

    void add(long size) {
        bytes.addAndGet(size);
    }

    /** What waits now. */
    public long bytes() {
        return bytes.get();
    }
}
