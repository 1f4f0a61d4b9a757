package io.flotilla.ops.node;

import io.flotilla.client.proto.NodeStatus;
import io.flotilla.client.proto.ServerFrame;
import java.util.function.Consumer;

/** One node of a fleet. Thread-safe; no call but {@link #close} blocks. */
public final class FleetNode implements AutoCloseable {
    public FleetNode(NodeConfig config, NodePorts ports, NodeListener listener) {
        throw new UnsupportedOperationException();
    }

    /** Begins to start and returns at once; the listener hears how it went. Called once. */
    public void start() {
        throw new UnsupportedOperationException();
    }

    /**
     * Takes a client's stream. Works from the construction on: a node that is not started yet answers what it can.
     *
     * @param out takes the frames for the client, one call at a time; must not block
     * @param closer closes the stream from this side, after the frames given before
     */
    public EdgeSession openSession(Consumer<ServerFrame> out, Runnable closer) {
        throw new UnsupportedOperationException();
    }

    /** A recent state of the node and its replicas. */
    public NodeStatus status() {
        throw new UnsupportedOperationException();
    }

    /** Stops the node in order: open requests are refused, the engine is flushed, the log is closed. */
    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
