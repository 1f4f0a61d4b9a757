package io.flotilla.raft.transport;

import io.flotilla.raft.core.NodeId;
import java.util.List;

/**
 * Carries messages between nodes, those of all groups together. Sending never blocks, never throws for a peer that is
 * away, and may drop: Raft repeats. Queues are bounded in bytes per peer; beyond the bound messages are dropped.
 * Thread-safe.
 */
public interface Transport extends AutoCloseable {
    /** Begins to receive. Called once, before the first send. */
    void start(TransportReceiver receiver);

    /** Queues messages for a node, in order. Dropped if the node's address is unknown or its queue is full. */
    void send(NodeId to, List<GroupMessage> messages);

    /** Tells where a node listens ({@code host:port}); a changed address reconnects. */
    void setAddress(NodeId node, String address);

    @Override
    void close();
}
