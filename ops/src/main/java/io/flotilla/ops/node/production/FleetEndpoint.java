package io.flotilla.ops.node.production;

import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.FleetGrpc;
import io.flotilla.client.proto.ServerFrame;
import io.flotilla.ops.node.EdgeSession;
import io.flotilla.ops.node.FleetNode;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/**
 * Client streams over gRPC. While a client does not read its answers, nothing more is read from it, so what waits for
 * it stays bounded. Called on the server's threads, which it never blocks.
 */
final class FleetEndpoint extends FleetGrpc.FleetImplBase {
    private static final int FRAMES_AHEAD = 8;
    private static final int BUFFERED_BYTES = 1 << 20;

    private final Supplier<FleetNode> node;

    /** @param node null while there is none yet */
    FleetEndpoint(Supplier<FleetNode> node) {
        this.node = node;
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
        AtomicBoolean over = new AtomicBoolean();
        EdgeSession session = present.openSession(
                frame -> {
                    if (!over.get()) {
                        call.onNext(frame);
                    }
                },
                () -> {
                    if (!over.getAndSet(true)) {
                        call.onCompleted();
                    }
                });
        Incoming incoming = new Incoming(call, session, over);
        call.setOnReadyHandler(incoming::resume);
        call.setOnCancelHandler(incoming::end);
        call.request(FRAMES_AHEAD);
        return incoming;
    }

    /** One stream; calls come one at a time. */
    private static final class Incoming implements StreamObserver<ClientFrame> {
        private final ServerCallStreamObserver<ServerFrame> call;
        private final EdgeSession session;
        private final AtomicBoolean over;
        /** Frames that may be asked for once the client reads again. */
        private int withheld;

        Incoming(ServerCallStreamObserver<ServerFrame> call, EdgeSession session, AtomicBoolean over) {
            this.call = call;
            this.session = session;
            this.over = over;
        }

        @Override
        public void onNext(ClientFrame frame) {
            session.onFrame(frame);
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
        }

        @Override
        public void onError(Throwable cause) {
            end();
        }

        @Override
        public void onCompleted() {
            session.onClosed();
            if (!over.getAndSet(true)) {
                call.onCompleted();
            }
        }

        void end() {
            over.set(true);
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
