package io.flotilla.ops.node.production;

import io.flotilla.client.proto.NodeStatus;
import io.flotilla.ops.node.NodeListener;

/** A node on real threads, files and sockets: one server on its port for other nodes and clients. Thread-safe. */
public final class NodeServer implements AutoCloseable {
    /** @param listener called on a thread of the node; must not block and must not close the server itself */
    public NodeServer(NodeServerConfig config, NodeListener listener) {
        throw new UnsupportedOperationException();
    }

    /**
     * Takes the directory and the port, then begins to start the node and returns; the listener hears how it went.
     *
     * @throws NodeStartException if the directory is in use or unusable, or the port is taken; nothing is left open
     */
    public void start() throws NodeStartException {
        throw new UnsupportedOperationException();
    }

    /** {@code host:port} at which the node serves, its port known; after {@link #start}. */
    public String address() {
        throw new UnsupportedOperationException();
    }

    public NodeStatus status() {
        throw new UnsupportedOperationException();
    }

    /** Stops in order and frees port and directory. Takes a few seconds at most. May be called again, or unstarted. */
    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
