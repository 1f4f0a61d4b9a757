package io.flotilla.raft.host;

import io.flotilla.raft.core.CoreConfig;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.read.LeaseConfig;
import io.flotilla.raft.transfer.TransferConfig;

/**
 * How a host is cut into lanes, and its bounds.
 *
 * @param workers group worker lanes; a group belongs to one for its whole life on the node
 * @param appliers applier lanes
 * @param tickNanos length of a tick
 * @param transfers how snapshots of state machines, and whatever else is large, travel
 */
public record HostConfig(
        NodeId self,
        CoreConfig core,
        int workers,
        int appliers,
        long tickNanos,
        HostLimits limits,
        TransferConfig transfers) {
    public HostConfig {
        if (workers < 1 || appliers < 1 || tickNanos < 1) {
            throw new IllegalArgumentException("lanes and tick length must be at least 1");
        }
    }

    /** With {@link TransferConfig#defaults}. */
    public HostConfig(NodeId self, CoreConfig core, int workers, int appliers, long tickNanos, HostLimits limits) {
        this(self, core, workers, appliers, tickNanos, limits, TransferConfig.defaults());
    }

    /**
     * For a machine with so many cores and a process with so much memory: at most half of the cores step groups, as many
     * apply. Ticks of 50 ms.
     */
    public static HostConfig defaults(NodeId self, int cores, long heapBytes) {
        HostLimits limits = HostLimits.of(heapBytes);
        int workers = Math.max(1, Math.min(4, cores / 2));
        return new HostConfig(
                self,
                CoreConfig.defaults().withMaxUncommittedBytes(limits.maxUncommittedBytes()),
                workers,
                workers,
                50_000_000L,
                limits);
    }

    public HostConfig withLimits(HostLimits other) {
        return new HostConfig(self, core, workers, appliers, tickNanos, other, transfers);
    }

    public HostConfig withLeases(LeaseConfig other) {
        return new HostConfig(self, core.withLeases(other), workers, appliers, tickNanos, limits, transfers);
    }

    public HostConfig withTransfers(TransferConfig other) {
        return new HostConfig(self, core, workers, appliers, tickNanos, limits, other);
    }
}
