package io.flotilla.ops.node.production;

import java.time.Duration;

/**
 * What a node may use.
 *
 * @param memoryBytes what the bounds of its queues are made from; at most the heap, or this node's share of it
 * @param diskTimeout a write to the disk that lasts longer counts as failed
 * @param logBytes the budget of the shared log
 */
public record NodeLimits(long memoryBytes, Duration diskTimeout, long logBytes) {
    public static final long LEAST_MEMORY_BYTES = 64L << 20;
    public static final Duration DISK_TIMEOUT = Duration.ofSeconds(10);
    public static final long LEAST_LOG_BYTES = 16L << 20;
    public static final long LOG_BYTES = 256L << 20;

    public NodeLimits {
        if (memoryBytes < 1 || diskTimeout.isNegative() || diskTimeout.isZero()) {
            throw new IllegalArgumentException("memory and disk timeout must be above 0");
        }
        if (logBytes < LEAST_LOG_BYTES) {
            throw new IllegalArgumentException("a log needs " + LEAST_LOG_BYTES + " bytes, not " + logBytes);
        }
    }

    /** For one of so many nodes in this process. */
    public static NodeLimits ofProcess(int nodes) {
        return new NodeLimits(Runtime.getRuntime().maxMemory() / nodes, DISK_TIMEOUT, LOG_BYTES);
    }
}
