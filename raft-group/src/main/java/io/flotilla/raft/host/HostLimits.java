package io.flotilla.raft.host;

/**
 * The bounds of a host. What is over a bound is refused as busy, or dropped and sent again, never kept.
 *
 * @param memoryBytes what the bounds were made from
 * @param maxPendingProposals proposals of one group that wait for their result; beyond it callers get busy
 * @param maxPendingReads reads of one group that wait; beyond it callers get busy
 * @param maxInboxEvents events waiting for one worker beyond which messages from peers are dropped and callers get busy
 * @param maxInboxBytes the same for the bytes of entries and proposals in them
 * @param busyLogBytes with more than this waiting for the log, callers get busy
 * @param maxLogBytes with more than this waiting for the log, entries from leaders are dropped: they come again
 * @param maxDiskNanos how long one write of the log with its sync, or one call of a state machine's {@code apply}, may
 *     take; beyond it the disk counts as failed. Only time in which this process runs counts
 * @param gatherBytes a lane that has carried so many bytes in the last milliseconds lets what comes next gather for a
 *     moment, while the machine's processors have nothing to spare
 */
public record HostLimits(
        long memoryBytes,
        int maxPendingProposals,
        int maxPendingReads,
        int maxInboxEvents,
        long maxInboxBytes,
        long busyLogBytes,
        long maxLogBytes,
        long maxDiskNanos,
        long gatherBytes) {
    /** 10 s: far longer than a disk that works takes, and short enough to be told from a wedged node. */
    public static final long DISK_NANOS = 10_000_000_000L;

    private static final long GATHER_BYTES = 8L << 10;
    private static final long MIB = 1L << 20;

    public HostLimits {
        if (memoryBytes < 1
                || maxPendingProposals < 1
                || maxPendingReads < 1
                || maxInboxEvents < 1
                || maxInboxBytes < 1
                || busyLogBytes < 1
                || maxLogBytes < busyLogBytes
                || maxDiskNanos < 1
                || gatherBytes < 1) {
            throw new IllegalArgumentException(
                    "limits must all be at least 1, and maxLogBytes not below busyLogBytes: " + this);
        }
    }

    /**
     * For a process with so much memory.
     *
     * @param heapBytes what the heap may grow to
     */
    public static HostLimits of(long heapBytes) {
        return new HostLimits(
                heapBytes,
                10_000,
                100_000,
                100_000,
                share(heapBytes, 16, 8, 64),
                share(heapBytes, 16, 8, 64),
                share(heapBytes, 8, 16, 128),
                DISK_NANOS,
                GATHER_BYTES);
    }

    private static long share(long heapBytes, int part, long leastMib, long mostMib) {
        return Math.max(leastMib * MIB, Math.min(mostMib * MIB, heapBytes / part));
    }

    public HostLimits withMaxDiskNanos(long nanos) {
        return new HostLimits(
                memoryBytes,
                maxPendingProposals,
                maxPendingReads,
                maxInboxEvents,
                maxInboxBytes,
                busyLogBytes,
                maxLogBytes,
                nanos,
                gatherBytes);
    }

    public HostLimits withGatherBytes(long bytes) {
        return new HostLimits(
                memoryBytes,
                maxPendingProposals,
                maxPendingReads,
                maxInboxEvents,
                maxInboxBytes,
                busyLogBytes,
                maxLogBytes,
                maxDiskNanos,
                bytes);
    }

    /** The same with other bounds on what waits, in numbers. */
    public HostLimits withCounts(int pendingProposals, int pendingReads, int inboxEvents) {
        return new HostLimits(
                memoryBytes,
                pendingProposals,
                pendingReads,
                inboxEvents,
                maxInboxBytes,
                busyLogBytes,
                maxLogBytes,
                maxDiskNanos,
                gatherBytes);
    }

    /** Bytes of one client's stream that may be on their way to this node without having been asked for. */
    public int streamWindowBytes() {
        return (int) Math.max(256L << 10, Math.min(MIB, memoryBytes / 1024));
    }

    /** Streams of clients that a node takes. */
    public int maxClientStreams() {
        return (int) Math.max(64, Math.min(10_000, memoryBytes / 2 / streamWindowBytes()));
    }

    /** Bytes of one group that its leader has not committed and applied yet. */
    public int maxUncommittedBytes() {
        return (int) share(memoryBytes, 32, 6, 32);
    }
}
