package io.flotilla.raft.transport.grpc;

import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

/**
 * A server for other nodes' streams and nothing else, for nodes that have no gRPC server of their own. Thread-safe; frames
 * are handed on by its threads.
 */
public final class GrpcPeerServer implements AutoCloseable {
    private static final int STOP_SECONDS = 5;

    private final Server server;

    private GrpcPeerServer(Server server) {
        this.server = server;
    }

    /**
     * Listens for a transport.
     *
     * @param address {@code host:port}, of this machine
     * @throws IllegalArgumentException if that is no address
     * @throws IOException if nobody can listen there, because the port is taken for example; says where
     */
    public static GrpcPeerServer start(GrpcTransport transport, String address) throws IOException {
        int colon = address.lastIndexOf(':');
        if (colon < 1 || !address.substring(colon + 1).matches("[0-9]{1,5}")) {
            throw new IllegalArgumentException("'" + address + "' is no address: write host:port");
        }
        InetSocketAddress socket =
                new InetSocketAddress(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
        try {
            return new GrpcPeerServer(GrpcRaftService.configure(NettyServerBuilder.forAddress(socket))
                    .directExecutor()
                    .addService(new GrpcRaftService(transport))
                    .build()
                    .start());
        } catch (IOException e) {
            throw new IOException("can't listen at " + address + ": choose a free port of this machine", e);
        }
    }

    /** Ends all streams and frees the port; waits for that, some seconds at most. May be called again. */
    @Override
    public void close() {
        server.shutdownNow();
        try {
            server.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
