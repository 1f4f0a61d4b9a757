package io.flotilla.raft.transport;

import io.flotilla.raft.core.NodeId;
import java.util.List;

/** Takes what arrives. Called on the network's threads; must not block. */
public interface TransportReceiver {
    /** Messages of any groups, in the order in which the peer sent them. */
    void receive(NodeId from, List<GroupMessage> messages);

    /** A piece of bulk. */
    void receiveBulk(NodeId from, BulkMessage message);
}
