package io.flotilla.raft.transfer;

import io.flotilla.raft.transport.BulkCodec;

/**
 * The bounds and times of transfers between nodes. A sender has one part in memory per transfer; a receiver as many as its inbox takes.
 *
 * @param maxSending transfers from this node at a time; who asks for more hears busy
 * @param maxReceiving transfers to this node at a time; further offers are answered busy
 * @param partBytes bytes of one part, at most {@link BulkCodec#MAX_PART_BYTES}; a single row may exceed it
 * @param windowParts parts on their way per transfer
 * @param bytesPerSecond what this node sends of all transfers together, and what it takes of them, at most
 * @param leastBytesPerSecond the same while writes of the log take long, see {@link TransferPace}
 * @param resendNanos after so long without a part the receiver asks again; doubled up to eight times while there is none
 * @param retryNanos how long whoever was told busy, or failed, waits before the next attempt
 * @param silenceNanos a sender closes what nobody asked for during so long; it may be opened again
 * @param patienceNanos a receiver keeps its parts against another sender's offer for so long without a new part: a sender that
 *     restarts is waited for
 * @param keepNanos a content that nobody asked for, and parts to which none was added, are deleted after so long
 * @param syncBytes parts become durable when there are so many bytes of them: what a crash of the receiver costs, at most, besides
 *     the window
 */
public record TransferConfig(
        int maxSending,
        int maxReceiving,
        int partBytes,
        int windowParts,
        long bytesPerSecond,
        long leastBytesPerSecond,
        long resendNanos,
        long retryNanos,
        long silenceNanos,
        long patienceNanos,
        long keepNanos,
        int syncBytes) {
    private static final int SYNC_PARTS = 16;

    public TransferConfig {
        if (maxSending < 1
                || maxReceiving < 1
                || partBytes < 1
                || windowParts < 1
                || bytesPerSecond < 1
                || leastBytesPerSecond < 1
                || syncBytes < 1) {
            throw new IllegalArgumentException("every bound of transfers must be at least 1");
        }
        if (leastBytesPerSecond > bytesPerSecond) {
            throw new IllegalArgumentException("transfers can't have at least " + leastBytesPerSecond
                    + " bytes a second of at most " + bytesPerSecond + ": lower leastBytesPerSecond");
        }
        if (partBytes > BulkCodec.MAX_PART_BYTES) {
            throw new IllegalArgumentException("parts of " + partBytes + " bytes are larger than the allowed "
                    + BulkCodec.MAX_PART_BYTES + ": lower partBytes");
        }
        if (resendNanos < 1 || retryNanos < 1 || silenceNanos < 4 * resendNanos) {
            throw new IllegalArgumentException("a transfer must outlast some silence: silenceNanos (" + silenceNanos
                    + ") must be at least 4 times resendNanos (" + resendNanos + ")");
        }
        if (patienceNanos < 1 || keepNanos < patienceNanos || keepNanos < silenceNanos) {
            throw new IllegalArgumentException("keepNanos (" + keepNanos + ") must be at least patienceNanos ("
                    + patienceNanos + ") and silenceNanos (" + silenceNanos + ")");
        }
    }

    /** A sixteenth. */
    private static long leastOf(long bytesPerSecond) {
        return Math.max(1, bytesPerSecond / 16);
    }

    /** A rate that falls to a sixteenth while writes of the log take long, patience of four silences, contents kept for forty, a sync every 16 parts. */
    public TransferConfig(
            int maxSending,
            int maxReceiving,
            int partBytes,
            int windowParts,
            long bytesPerSecond,
            long resendNanos,
            long retryNanos,
            long silenceNanos) {
        this(
                maxSending,
                maxReceiving,
                partBytes,
                windowParts,
                bytesPerSecond,
                leastOf(bytesPerSecond),
                resendNanos,
                retryNanos,
                silenceNanos,
                4 * silenceNanos,
                40 * silenceNanos,
                (int) Math.min(Integer.MAX_VALUE, (long) SYNC_PARTS * partBytes));
    }

    /**
     * Four transfers each way, parts of 192 KiB with sixteen of them on their way, 16 to 256 MiB/s, a sync every 3 MiB; asked again after
     * 0.5 s, tried again after 1 s, closed at the sender after 15 s, against others for 60 s, deleted after 10 min.
     */
    public static TransferConfig defaults() {
        return new TransferConfig(4, 4, 192 << 10, 16, 256L << 20, 500_000_000L, 1_000_000_000L, 15_000_000_000L);
    }

    public TransferConfig withBytesPerSecond(long other) {
        return new TransferConfig(
                maxSending,
                maxReceiving,
                partBytes,
                windowParts,
                other,
                leastOf(other),
                resendNanos,
                retryNanos,
                silenceNanos,
                patienceNanos,
                keepNanos,
                syncBytes);
    }
}
