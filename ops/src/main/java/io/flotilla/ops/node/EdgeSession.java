package io.flotilla.ops.node;

import io.flotilla.client.proto.ClientFrame;

/**
 * The node's end of one client stream. Called by the network, one call at a time; never blocks. What it answers leaves
 * through the consumer given to {@link FleetNode#openSession}.
 */
public interface EdgeSession {
    /** A frame has come; the first one of a stream carries the Hello. */
    void onFrame(ClientFrame frame);

    /** The stream is over: nothing leaves any more. */
    void onClosed();
}
