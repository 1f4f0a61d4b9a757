package io.flotilla.raft.host;

import io.flotilla.raft.transport.BulkCodec;

/**
 * How images of state machines travel between nodes, and the bounds of that. A node keeps at most {@code maxSending *
 * windowParts} parts in memory, and lets go of one only when the receiver has taken it.
 *
 * @param maxSending images on their way from this node; further followers wait
 * @param maxReceiving images on their way to this node; further senders hear busy
 * @param partBytes bytes of one part, at most {@link BulkCodec#MAX_PART_BYTES}; a single row of a machine may exceed it
 * @param windowParts parts sent and not yet acknowledged, per image
 * @param bytesPerSecond what this node sends of all images together
 * @param resendNanos after so long without an answer everything unacknowledged is sent again; where that is parts, doubled up
 *     to eight times while there is none
 * @param retryNanos how long a follower that could not be sent an image waits before the next attempt
 * @param silenceNanos a transfer whose other end says nothing for so long is given up
 */
public record SnapshotConfig(
        int maxSending,
        int maxReceiving,
        int partBytes,
        int windowParts,
        long bytesPerSecond,
        long resendNanos,
        long retryNanos,
        long silenceNanos) {
    public SnapshotConfig {
        if (maxSending < 1 || maxReceiving < 1 || partBytes < 1 || windowParts < 1 || bytesPerSecond < 1) {
            throw new IllegalArgumentException("every bound of snapshots must be at least 1");
        }
        if (partBytes > BulkCodec.MAX_PART_BYTES) {
            throw new IllegalArgumentException("parts of " + partBytes + " bytes are larger than the allowed "
                    + BulkCodec.MAX_PART_BYTES + ": lower partBytes");
        }
        if (resendNanos < 1 || retryNanos < 1 || silenceNanos < 4 * resendNanos) {
            throw new IllegalArgumentException("a transfer must outlast some silence: silenceNanos (" + silenceNanos
                    + ") must be at least 4 times resendNanos (" + resendNanos + ")");
        }
    }

    /**
     * Two images each way, parts of 192 KiB with eight of them on their way, 64 MiB/s; sent again after 0.5 s, tried
     * again after 1 s, given up after 15 s.
     */
    public static SnapshotConfig defaults() {
        return new SnapshotConfig(2, 2, 192 << 10, 8, 64L << 20, 500_000_000L, 1_000_000_000L, 15_000_000_000L);
    }
}
