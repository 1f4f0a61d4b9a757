package io.flotilla.raft.transport;

import io.flotilla.raft.core.NodeId;
import java.util.List;

/** Takes what arrives. Called on the network's threads; must not block. */
public interface TransportReceiver {
    /** Messages of any groups, in the order in which the peer sent them. */
    void receive(NodeId from, List<GroupMessage> messages);

    /** A message of the peer itself. */
    default void receive(NodeId from, NodeMessage message) {}

    /**
     * From now on the peer is connected, by that start of it. Between two calls of this for one peer comes {@link
     * #peerDown}; calls for one peer come one at a time, in order. What it sent before may still arrive after it.
     */
    default void peerUp(NodeId peer, NodeStart start) {}

    /** No connection with that start of the peer is left, or a later start of it has one. */
    default void peerDown(NodeId peer, NodeStart start) {}

    /**
     * A peer, reached at its own address, remembers what this start of the node can't follow: {@link PeerRecord#objectionTo}. The
     * node's directory is not the one that it last ran with.
     */
    default void outdated(NodeId peer, String why) {}

    /** A peer says that another process answers as this node at the address where it looked. */
    default void displaced(NodeId peer, String why) {}

    /** A piece of bulk. */
    void receiveBulk(NodeId from, BulkMessage message);
}
