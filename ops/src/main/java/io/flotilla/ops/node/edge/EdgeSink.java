package io.flotilla.ops.node.edge;

import io.flotilla.client.proto.ServerFrame;

/** The way to one client. Calls come one at a time, on any lane; none blocks. */
public interface EdgeSink {
    /** Whether the client takes what it gets: while it does not, no frame is sent but the first. */
    boolean isReady();

    void send(ServerFrame frame);

    /** Closes the stream from this side, after the frames sent before. */
    void close();
}
