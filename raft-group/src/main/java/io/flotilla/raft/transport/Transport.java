package io.flotilla.raft.transport;

import io.flotilla.raft.core.NodeId;
import java.util.List;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * Carries messages between nodes, those of all groups together, and beside them the bulk of snapshots and other large contents.
 * Sending never blocks, never throws for a peer that is away, and may drop: whoever sends repeats what matters. Queues are
 * bounded in bytes per peer; beyond the bound messages are dropped. Thread-safe.
 */
public interface Transport extends AutoCloseable {
    /**
     * Begins to greet and to receive; until then no other node gets an answer. Called once, before the first send.
     *
     * @param self which start of this node it is
     * @param durableBatch the number of the newest durable batch of this node's log, asked for at each greeting; any thread
     * @param known what is remembered of a peer, likewise: a start of it that can't follow is not taken
     */
    void start(
            NodeStart self, LongSupplier durableBatch, Function<NodeId, PeerRecord> known, TransportReceiver receiver);

    /** Queues messages for a node, in order. Dropped if the node's address is unknown or its queue is full. */
    void send(NodeId to, List<GroupMessage> messages);

    /** Queues a message of this node itself, before those of groups that wait. Dropped as by the other {@code send}. */
    void send(NodeId to, NodeMessage message);

    /**
     * Queues one piece of bulk for a node, behind the earlier ones; it never holds up what {@link #send} carries. Dropped
     * if the node's address is unknown or too many bytes of bulk wait for it already.
     */
    void sendBulk(NodeId to, BulkMessage message);

    /**
     * Makes a node a peer, and tells where it listens ({@code host:port}); a changed address reconnects. Nobody else becomes a peer:
     * streams of nodes that were never named here are refused.
     */
    void setAddress(NodeId node, String address);

    @Override
    void close();
}
