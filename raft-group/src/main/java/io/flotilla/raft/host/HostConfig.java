package io.flotilla.raft.host;

import io.flotilla.raft.core.CoreConfig;
import io.flotilla.raft.core.NodeId;

/**
 * How a host is cut into lanes, and its bounds.
 *
 * @param workers group worker lanes; a group belongs to one for its whole life on the node
 * @param appliers applier lanes
 * @param tickNanos length of a tick
 * @param maxPendingProposals proposals of one group that wait for their result; beyond it callers get busy
 * @param maxPendingReads reads of one group that wait; beyond it callers get busy
 * @param maxInboxEvents events waiting for one worker beyond which messages from peers are dropped and callers get busy
 */
public record HostConfig(
        NodeId self,
        CoreConfig core,
        int workers,
        int appliers,
        long tickNanos,
        int maxPendingProposals,
        int maxPendingReads,
        int maxInboxEvents) {
    public HostConfig {
        if (workers < 1
                || appliers < 1
                || tickNanos < 1
                || maxPendingProposals < 1
                || maxPendingReads < 1
                || maxInboxEvents < 1) {
            throw new IllegalArgumentException("lanes, tick length and limits must all be at least 1");
        }
    }

    /** Lanes for a machine with so many cores: at most half of them step groups, as many apply. Ticks of 50 ms. */
    public static HostConfig defaults(NodeId self, int cores) {
        int workers = Math.max(1, Math.min(4, cores / 2));
        return new HostConfig(self, CoreConfig.defaults(), workers, workers, 50_000_000L, 10_000, 100_000, 100_000);
    }
}
