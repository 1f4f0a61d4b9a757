package io.flotilla.ops.node.edge;

import io.flotilla.client.proto.ClientFrame;

/**
 * The node's end of one client stream. Called by the network, one call at a time; never blocks. What it answers leaves
 * through the sink given to {@code FleetNode.openSession}.
 */
public interface EdgeSession {
    /** A frame has come; the first one of a stream carries the Hello. */
    void onFrame(ClientFrame frame);

    /** The client takes answers again after it did not for a while. */
    void onReady();

    /** The stream is over: nothing leaves any more. */
    void onClosed();
}
