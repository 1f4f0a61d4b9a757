package io.flotilla.ops.node.production;

import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.FleetGrpc;
import io.flotilla.client.proto.ServerFrame;
import io.flotilla.ops.node.FleetNode;
import io.flotilla.ops.node.edge.EdgeSession;
import io.flotilla.ops.node.edge.EdgeSink;
import io.flotilla.raft.runtime.NodeRuntime;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/**
 * Client streams over gRPC. While a client does not read its answers, nothing more is read from it, so what waits for
 * it stays bounded. Called on the server's threads, which it never blocks.
 */
final class FleetEndpoint extends FleetGrpc.FleetImplBase {
    private static final int FRAMES_AHEAD = 2;
    private static final int BUFFERED_BYTES = 256 << 10;

    private final Supplier<FleetNode> node;
    private final Executor inline;

    /**
     * @param node null while there is none yet
     * @param inline runs what a frame brings on the calling thread, as {@link NodeRuntime#runInline} does
     */
    FleetEndpoint(Supplier<FleetNode> node, Executor inline) {
        this.node = node;
        this.inline = inline;
    }

    @Override
    public StreamObserver<ClientFrame> stream(StreamObserver<ServerFrame> responses) {
        ServerCallStreamObserver<ServerFrame> call = (ServerCallStreamObserver<ServerFrame>) responses;
        FleetNode present = node.get();
        if (present == null) {
            call.onError(
                    Status.UNAVAILABLE.withDescription("the node is starting").asRuntimeException());
            return new Ignored();
        }
        call.disableAutoRequest();
        call.setOnReadyThreshold(BUFFERED_BYTES);
        Outgoing outgoing = new Outgoing(call);
        EdgeSession session = present.openSession(outgoing);
        Incoming incoming = new Incoming(call, session, outgoing, inline);
        call.setOnReadyHandler(incoming::resume);
        call.setOnCancelHandler(incoming::end);
        call.request(FRAMES_AHEAD);
        return incoming;
    }

    /** The frames to the client. The node sends, the network ends; both may come at a time. */
    private static final class Outgoing implements EdgeSink {
        private final ServerCallStreamObserver<ServerFrame> call;
        private boolean over;

        Outgoing(ServerCallStreamObserver<ServerFrame> call) {
            this.call = call;
        }

        @Override
        public boolean isReady() {
            return call.isReady();
        }

        @Override
        public synchronized void send(ServerFrame frame) {
            if (!over) {
                call.onNext(frame);
            }
        }

        @Override
        public synchronized void close() {
            if (!over) {
                over = true;
                call.onCompleted();
            }
        }

        synchronized void cancelled() {
            over = true;
        }
    }

    /** The frames from the client; calls come one at a time. */
    private static final class Incoming implements StreamObserver<ClientFrame> {
        private final ServerCallStreamObserver<ServerFrame> call;
        private final EdgeSession session;
        private final Outgoing outgoing;
        private final Executor inline;
        /** Frames that may be asked for once the client reads again. */
        private int withheld;

        Incoming(ServerCallStreamObserver<ServerFrame> call, EdgeSession session, Outgoing outgoing, Executor inline) {
            this.call = call;
            this.session = session;
            this.outgoing = outgoing;
            this.inline = inline;
        }

        @Override
        public void onNext(ClientFrame frame) {
            inline.execute(() -> session.onFrame(frame));
            if (call.isReady()) {
                call.request(1);
            } else {
                withheld++;
            }
        }

        void resume() {
            if (withheld > 0) {
                call.request(withheld);
                withheld = 0;
            }
            session.onReady();
        }

        @Override
        public void onError(Throwable cause) {
            end();
        }

        @Override
        public void onCompleted() {
            session.onClosed();
            outgoing.close();
        }

        void end() {
            outgoing.cancelled();
            session.onClosed();
        }
    }

    private static final class Ignored implements StreamObserver<ClientFrame> {
        @Override
        public void onNext(ClientFrame frame) {}

        @Override
        public void onError(Throwable cause) {}

        @Override
        public void onCompleted() {}
    }
}
