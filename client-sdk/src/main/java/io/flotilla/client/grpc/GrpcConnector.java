package io.flotilla.client.grpc;

import io.flotilla.client.net.Connection;
import io.flotilla.client.net.ConnectionHandler;
import io.flotilla.client.net.Connector;
import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.FleetGrpc;
import io.flotilla.client.proto.ServerFrame;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.net.ConnectException;
import java.util.ArrayDeque;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Streams over gRPC, without encryption: one channel and one stream for each {@link #connect}. A stream that the node
 * does not drain is closed once {@link #QUEUE_BYTES} wait for it. Thread-safe; handlers are called on gRPC's own
 * threads.
 */
public final class GrpcConnector implements Connector {
    /** The largest frame taken from a node. */
    public static final int MAX_FRAME_BYTES = 64 << 20;

    /** Bytes that may wait for a node that does not read; beyond, the stream is closed. */
    public static final long QUEUE_BYTES = 256L << 20;

    private static final int READY_BYTES = 1 << 20;

    private final Set<Stream> open = new LinkedHashSet<>();
    private boolean closed;

    @Override
    public Connection connect(String address, ConnectionHandler handler) {
        ManagedChannel channel = NettyChannelBuilder.forTarget(NodeAddresses.target(address))
                .usePlaintext()
                .directExecutor()
                .maxInboundMessageSize(MAX_FRAME_BYTES)
                .flowControlWindow(4 << 20)
                .keepAliveTime(10, TimeUnit.SECONDS)
                .keepAliveTimeout(3, TimeUnit.SECONDS)
                .withOption(io.grpc.netty.shaded.io.netty.channel.ChannelOption.CONNECT_TIMEOUT_MILLIS, 2_000)
                .disableRetry()
                .build();
        Stream stream = new Stream(channel, handler);
        boolean refuse;
        synchronized (open) {
            refuse = closed;
            if (!refuse) {
                open.add(stream);
            }
        }
        if (refuse) {
            stream.end("the connector is closed");
        } else {
            FleetGrpc.newStub(channel).withOnReadyThreshold(READY_BYTES).stream(stream);
        }
        return stream;
    }

    @Override
    public void close() {
        Set<Stream> all;
        synchronized (open) {
            closed = true;
            all = new LinkedHashSet<>(open);
        }
        for (Stream stream : all) {
            stream.close();
        }
    }

    private static String reasonOf(Throwable error) {
        Status status = Status.fromThrowable(error);
        if (status.getCause() instanceof ConnectException refused
                && String.valueOf(refused.getMessage()).contains("Connection refused")) {
            return "connection refused";
        }
        String description = status.getDescription();
        Throwable cause = status.getCause();
        String detail = cause == null || cause.getMessage() == null ? "" : cause.getMessage();
        if (description == null) {
            return detail.isEmpty() ? status.getCode().toString() : detail;
        }
        return detail.isEmpty() ? description : description + ": " + detail;
    }

    private final class Stream implements Connection, ClientResponseObserver<ClientFrame, ServerFrame> {
        private final ManagedChannel channel;
        private final ConnectionHandler handler;
        // guarded by this
        private final ArrayDeque<ClientFrame> queue = new ArrayDeque<>();
        private ClientCallStreamObserver<ClientFrame> call;
        private long queuedBytes;
        private boolean ended;

        Stream(ManagedChannel channel, ConnectionHandler handler) {
            this.channel = channel;
            this.handler = handler;
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<ClientFrame> requests) {
            requests.setOnReadyHandler(this::drain);
            synchronized (this) {
                call = requests;
            }
        }

        @Override
        public void send(ClientFrame frame) {
            boolean overflow;
            synchronized (this) {
                if (ended) {
                    return;
                }
                queue.add(frame);
                queuedBytes += frame.getSerializedSize();
                overflow = queuedBytes > QUEUE_BYTES;
            }
            if (overflow) {
                cancel("the node does not read: " + (QUEUE_BYTES >> 20) + " MiB wait for it");
            } else {
                drain();
            }
        }

        private synchronized void drain() {
            while (!ended && call != null && call.isReady() && !queue.isEmpty()) {
                ClientFrame frame = queue.remove();
                queuedBytes -= frame.getSerializedSize();
                call.onNext(frame);
            }
        }

        @Override
        public void close() {
            cancel("closed by the client");
        }

        private void cancel(String reason) {
            ClientCallStreamObserver<ClientFrame> started;
            synchronized (this) {
                started = call;
            }
            if (started != null) {
                started.cancel(reason, null);
            }
            end(reason);
        }

        @Override
        public void onNext(ServerFrame frame) {
            handler.onFrame(frame);
        }

        @Override
        public void onError(Throwable error) {
            end(reasonOf(error));
        }

        @Override
        public void onCompleted() {
            end("closed by the node");
        }

        private void end(String reason) {
            synchronized (this) {
                if (ended) {
                    return;
                }
                ended = true;
                queue.clear();
                queuedBytes = 0;
            }
            synchronized (open) {
                open.remove(this);
            }
            channel.shutdownNow();
            handler.onClosed(reason);
        }
    }
}
