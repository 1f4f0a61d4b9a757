package io.flotilla.client.net;

/** Opens streams to nodes, as a port: gRPC in production, the simulated network in tests. Thread-safe. */
public interface Connector extends AutoCloseable {
    /**
     * Begins to connect and returns at once. The handler hears {@link ConnectionHandler#onFrame} for each frame, then
     * {@link ConnectionHandler#onClosed} exactly once, also when the address can't be reached at all.
     *
     * @param address {@code host:port}
     */
    Connection connect(String address, ConnectionHandler handler);

    @Override
    void close();
}
