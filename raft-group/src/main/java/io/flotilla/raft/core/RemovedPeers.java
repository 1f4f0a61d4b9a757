package io.flotilla.raft.core;

import java.util.Map;
import java.util.TreeMap;

/**
 * Replicas that the newest membership leaves out, and that a leader still tells about it, so that they can stop instead of campaigning for
 * ever. For a bounded time: who is away for longer is told by its owner. Belongs to the leader.
 */
final class RemovedPeers {
    /** Heartbeats with the commit of the new membership that a replica is sent before it is left alone. */
    private static final int NOTICES = 3;

    private final long patience;
    private final Map<NodeId, RemovedPeer> removedPeers = new TreeMap<>();

    /** @param patience in ticks */
    RemovedPeers(long patience) {
        this.patience = patience;
    }

    boolean contains(NodeId node) {
        return removedPeers.containsKey(node);
    }

    void begin(NodeId node, long now) {
        removedPeers.putIfAbsent(node, new RemovedPeer(now));
    }

    /** It is a member again, or gone. */
    void end(NodeId node) {
        removedPeers.remove(node);
    }

    /**
     * A heartbeat goes to the replica.
     *
     * @param isToldNow whether it says that the membership is committed to a replica that holds it
     * @return whether that was the last one
     */
    boolean isOver(NodeId node, boolean isToldNow, long now) {
        RemovedPeer peer = removedPeers.get(node);
        if (peer == null) {
            return false;
        }
        peer.notices += isToldNow ? 1 : 0;
        return peer.notices > NOTICES || now - peer.since > patience;
    }

    private static final class RemovedPeer {
        private final long since;
        private int notices;

        RemovedPeer(long since) {
            this.since = since;
        }
    }
}
