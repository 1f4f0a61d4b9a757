package io.flotilla.raft.transport;

import io.flotilla.raft.core.NodeId;
import java.util.TreeMap;

/**
 * Which other nodes are up, and by which of their starts: one is while any stream between it and this node is greeted, to it
 * or from it, and where streams of several starts are, the one of the highest incarnation counts. So a late greeting of a
 * process that died puts nobody back. Thread-safe; the receiver is told under this object's lock, so in order.
 */
public final class PeersUp {
    private final TransportReceiver receiver;
    /** For each node the greeted streams by the start of their other end. */
    private final TreeMap<NodeId, TreeMap<NodeStart, Integer>> streams = new TreeMap<>();

    public PeersUp(TransportReceiver receiver) {
        this.receiver = receiver;
    }

    /** One more stream with that start of a node. */
    public synchronized void greeted(NodeId peer, NodeStart start) {
        TreeMap<NodeStart, Integer> counts = streams.computeIfAbsent(peer, p -> new TreeMap<>());
        NodeStart before = counts.isEmpty() ? null : counts.lastKey();
        counts.merge(start, 1, Integer::sum);
        changed(peer, before, counts.lastKey());
    }

    /** One of the streams that were counted is over. */
    public synchronized void parted(NodeId peer, NodeStart start) {
        TreeMap<NodeStart, Integer> counts = streams.get(peer);
        if (counts == null || !counts.containsKey(start)) {
            throw new IllegalStateException("no stream with " + start + " of " + peer + " was greeted");
        }
        NodeStart before = counts.lastKey();
        counts.computeIfPresent(start, (s, count) -> count == 1 ? null : count - 1);
        NodeStart now = counts.isEmpty() ? null : counts.lastKey();
        if (now == null) {
            streams.remove(peer);
        }
        changed(peer, before, now);
    }

    private void changed(NodeId peer, NodeStart before, NodeStart now) {
        if (now != null && now.equals(before)) {
            return;
        }
        if (before != null) {
            receiver.peerDown(peer, before);
        }
        if (now != null) {
            receiver.peerUp(peer, now);
        }
    }
}
