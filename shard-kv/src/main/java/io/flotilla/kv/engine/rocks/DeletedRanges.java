package io.flotilla.kv.engine.rocks;

import io.flotilla.kv.engine.Keys;
import java.util.function.BiConsumer;

/**
 * Ranges in which readers stepped over much that was deleted. Where it is much, one after the other, the range is compacted, so that the
 * next reader finds nothing there. Thread-safe.
 */
final class DeletedRanges {
    /** Stepped over in one range, this is worth a compaction. */
    private static final long STEPS = 20_000;

    private final BiConsumer<byte[], byte[]> compact;

    // guarded by this
    private byte[] from;
    private byte[] to;
    private long steps;

    /** @param compact begins to; both inclusive */
    DeletedRanges(BiConsumer<byte[], byte[]> compact) {
        this.compact = compact;
    }

    /** A reader came from one key to another, and stepped over so much that was deleted. */
    synchronized void passed(byte[] low, byte[] high, long deleted) {
        boolean goesOn = steps > 0 && Keys.compare(low, to) <= 0 && Keys.compare(from, high) <= 0;
        if (!goesOn) {
            from = low;
            to = high;
            steps = 0;
        } else {
            from = Keys.compare(low, from) < 0 ? low : from;
            to = Keys.compare(high, to) > 0 ? high : to;
        }
        steps += deleted;
        if (steps >= STEPS) {
            steps = 0;
            compact.accept(from, to);
        }
    }
}
