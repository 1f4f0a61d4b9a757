package io.flotilla.ops.node.production;

import java.time.Duration;

/**
 * What a node may use.
 *
 * @param memoryBytes what the bounds of its queues are made from; at most the heap, or this node's share of it
 * @param diskTimeout a write to the disk that lasts longer counts as failed
 * @param logBytes the budget of the shared log
 * @param keptLogBytes what the log may grow to while nodes that fetch snapshots make progress and will need its entries; 0 for
 *     {@value #KEPT_BUDGETS} budgets
 * @param transferBytesPerSecond what the node sends of snapshots in a second, all together
 */
public record NodeLimits(
        long memoryBytes, Duration diskTimeout, long logBytes, long keptLogBytes, long transferBytesPerSecond) {
    public static final long LEAST_MEMORY_BYTES = 64L << 20;
    public static final Duration DISK_TIMEOUT = Duration.ofSeconds(10);
    public static final long LEAST_LOG_BYTES = 16L << 20;
    public static final long LOG_BYTES = 256L << 20;
    public static final long TRANSFER_BYTES_PER_SECOND = 256L << 20;
    public static final int KEPT_BUDGETS = 32;

    public NodeLimits {
        if (memoryBytes < 1 || diskTimeout.isNegative() || diskTimeout.isZero()) {
            throw new IllegalArgumentException("memory and disk timeout must be above 0");
        }
        if (logBytes < LEAST_LOG_BYTES) {
            throw new IllegalArgumentException("a log needs " + LEAST_LOG_BYTES + " bytes, not " + logBytes);
        }
        if (keptLogBytes != 0 && keptLogBytes < logBytes || transferBytesPerSecond < 1) {
            throw new IllegalArgumentException("a log may not keep less than its budget, and a transfer needs a rate");
        }
    }

    /** {@link #keptLogBytes}, or what follows from the budget. */
    public long mostLogBytes() {
        return keptLogBytes == 0 ? KEPT_BUDGETS * logBytes : keptLogBytes;
    }

    /** For one of so many nodes in this process. */
    public static NodeLimits ofProcess(int nodes) {
        return new NodeLimits(
                Runtime.getRuntime().maxMemory() / nodes, DISK_TIMEOUT, LOG_BYTES, 0, TRANSFER_BYTES_PER_SECOND);
    }
}
