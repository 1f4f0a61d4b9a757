package io.flotilla.raft.sim;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.sim.invariant.Violation;
import io.flotilla.raft.transport.Greeting;
import io.flotilla.raft.transport.NodeMessage;
import io.flotilla.raft.transport.NodeStart;
import java.util.TreeMap;

/**
 * What all nodes of a run told of their starts and logs: no incarnation is used twice, and no log begins before what was told to
 * be durable.
 */
final class SimGreetings {
    private final TreeMap<NodeId, TreeMap<Long, NodeStart>> starts = new TreeMap<>();
    private final TreeMap<NodeId, Long> durable = new TreeMap<>();

    void sent(Greeting greeting) {
        NodeId node = greeting.from();
        NodeStart start = greeting.start();
        TreeMap<Long, NodeStart> ofNode = starts.computeIfAbsent(node, n -> new TreeMap<>());
        NodeStart same = ofNode.get(start.incarnation());
        if (same == null) {
            if (!ofNode.isEmpty() && ofNode.lastKey() > start.incarnation()) {
                throw new Violation(
                        "Incarnations", "%s greets with %s after %s", node, start, ofNode.get(ofNode.lastKey()));
            }
            if (start.heldBatch() < durable.getOrDefault(node, 0L)) {
                throw new Violation("DurableBatches", "%s begins with %s but told %s", node, start, durable.get(node));
            }
            ofNode.put(start.incarnation(), start);
        } else if (!same.equals(start)) {
            throw new Violation("Incarnations", "%s greets with %s and with %s", node, start, same);
        }
        tells(node, greeting.durableBatch());
    }

    void sent(NodeId from, NodeMessage message) {
        if (message instanceof NodeMessage.DurableBatch batch) {
            tells(from, batch.number());
        }
    }

    private void tells(NodeId node, long batch) {
        durable.merge(node, batch, Math::max);
    }

    /** The highest that a node told, 0 if it told nothing. */
    long durable(NodeId node) {
        return durable.getOrDefault(node, 0L);
    }
}
