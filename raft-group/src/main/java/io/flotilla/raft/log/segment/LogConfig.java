package io.flotilla.raft.log.segment;

/**
 * @param segmentBytes size of a segment file, a multiple of 4096, from 8192 to 1 GiB; the first segments of a log are
 *     smaller and double up to it, so that a new node starts quickly; a batch larger than it gets a segment of its own
 * @param maxLogBytes over this many bytes of segments, one not begun yet included, the oldest ones are vacated; at least
 *     four segments. While that goes on, and with the spare file, the directory holds two or three segments more
 * @param newStoreId a random number that a log created by this opening is marked with; an existing log keeps its own
 * @param openSegments segment files kept open for reading
 * @param maxKeptBytes over this many bytes of segments the log is overfull: what replicas that fetch snapshots will need is no longer
 *     kept
 */
public record LogConfig(int segmentBytes, long maxLogBytes, long newStoreId, int openSegments, long maxKeptBytes) {
    private static final int KEPT_BUDGETS = 4;
    private static final int FIRST_SEGMENT_BYTES = 4 << 20;

    public LogConfig {
        if (segmentBytes < 8192 || segmentBytes > 1 << 30 || segmentBytes % 4096 != 0) {
            throw new IllegalArgumentException(
                    "a segment of " + segmentBytes + " bytes: it must be a multiple of 4096 from 8192 to 1 GiB");
        }
        if (maxLogBytes < 4L * segmentBytes) {
            throw new IllegalArgumentException(
                    "a log of " + maxLogBytes + " bytes: it needs room for four segments of " + segmentBytes);
        }
        if (maxKeptBytes < maxLogBytes) {
            throw new IllegalArgumentException("a log of " + maxLogBytes + " bytes keeps no less than that");
        }
        if (openSegments < 1) {
            throw new IllegalArgumentException("at least one segment must be open");
        }
    }

    /** Overfull at four budgets. */
    public LogConfig(int segmentBytes, long maxLogBytes, long newStoreId, int openSegments) {
        this(segmentBytes, maxLogBytes, newStoreId, openSegments, KEPT_BUDGETS * maxLogBytes);
    }

    public LogConfig withMaxKeptBytes(long other) {
        return new LogConfig(segmentBytes, maxLogBytes, newStoreId, openSegments, other);
    }

    /** With the smallest budget. */
    public LogConfig(int segmentBytes, long newStoreId, int openSegments) {
        this(segmentBytes, 4L * segmentBytes, newStoreId, openSegments);
    }

    public static LogConfig defaults(long newStoreId) {
        return within(256L << 20, newStoreId);
    }

    /** A log of that budget, in segments of a quarter of it and of 64 MiB at most. */
    public static LogConfig within(long maxLogBytes, long newStoreId) {
        int segmentBytes = (int) Math.min(64 << 20, maxLogBytes / 4 & -4096);
        return new LogConfig(segmentBytes, maxLogBytes, newStoreId, 16);
    }

    /** The size of the segment with this number unless a single batch asks for more. */
    long sizeOf(int segment) {
        long doublings = Math.min(segment - 1L, 20);
        return Math.min(segmentBytes, (long) FIRST_SEGMENT_BYTES << doublings);
    }
}
