package io.flotilla.raft.transport;

import io.flotilla.raft.core.NodeId;
import java.util.List;

/** Takes what arrives. Called on the network's threads; must not block. */
public interface TransportReceiver {
    void receive(NodeId from, List<GroupMessage> messages);

    void receiveBulk(NodeId from, BulkMessage message);
}
