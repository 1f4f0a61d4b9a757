package io.flotilla.raft.transport;

import io.flotilla.raft.core.NodeId;
import java.util.List;

/**
 * Carries messages between nodes, those of all groups together, and beside them the bulk of images. Sending never blocks, never throws for a peer that is
 * away, and may drop: Raft repeats. Queues are bounded in bytes per peer; beyond the bound messages are dropped.
 * Thread-safe.
 */
public interface Transport extends AutoCloseable {
    /** Begins to receive. Called once, before the first send. */
    void start(TransportReceiver receiver);

    /** Queues messages for a node, in order. Dropped if the node's address is unknown or its queue is full. */
    void send(NodeId to, List<GroupMessage> messages);

    /**
     * Queues one piece of bulk for a node, behind the earlier ones; it never holds up what {@link #send} carries. Dropped
     * if the node's address is unknown or too many bytes of bulk wait for it already.
     */
    void sendBulk(NodeId to, BulkMessage message);

    /** Tells where a node listens ({@code host:port}); a changed address reconnects. */
    void setAddress(NodeId node, String address);

    @Override
    void close();
}
