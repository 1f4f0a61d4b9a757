package io.flotilla.ops.node.production;

import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.FleetGrpc;
import io.flotilla.client.proto.ServerFrame;
import io.flotilla.ops.node.FleetNode;
import io.flotilla.ops.node.edge.EdgeSession;
import io.flotilla.ops.node.edge.EdgeSink;
import io.flotilla.raft.runtime.LogPace;
import io.flotilla.raft.runtime.NodeRuntime;
import io.grpc.BindableService;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.InputStream;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Client streams over gRPC. While a client does not read its answers, nothing more is read from it, so what waits for
 * it stays bounded. However a stream ends, its session hears of it once. Called on the server's threads, which it never blocks.
 */
final class FleetEndpoint implements BindableService {
    private static final Logger LOG = LoggerFactory.getLogger(FleetEndpoint.class);
    private static final int FRAMES_AHEAD = 2;
    private static final int BUFFERED_BYTES = 256 << 10;
    private static final MethodDescriptor<ClientFrame, ServerFrame> STREAM = FleetGrpc.getStreamMethod();

    /** Stands for bytes that are no frame: this very object. */
    private static final ClientFrame UNREADABLE = ClientFrame.newBuilder().build();

    private final Supplier<FleetNode> node;
    private final Executor inline;
    private final LogPace lines = new LogPace(System::nanoTime);

    /**
     * @param node null while there is none yet
     * @param inline runs what a frame brings on the calling thread, as {@link NodeRuntime#runInline} does
     */
    FleetEndpoint(Supplier<FleetNode> node, Executor inline) {
        this.node = node;
        this.inline = inline;
    }

    @Override
    public ServerServiceDefinition bindService() {
        return ServerServiceDefinition.builder(STREAM.getServiceName())
                .addMethod(
                        STREAM.toBuilder(new Frames(), STREAM.getResponseMarshaller())
                                .build(),
                        ServerCalls.asyncBidiStreamingCall(this::stream))
                .build();
    }

    /** What it throws for bytes that are no frame would end the call behind the session's back. */
    private static final class Frames implements MethodDescriptor.Marshaller<ClientFrame> {
        @Override
        public InputStream stream(ClientFrame frame) {
            return STREAM.streamRequest(frame);
        }

        @Override
        public ClientFrame parse(InputStream bytes) {
            try {
                return STREAM.parseRequest(bytes);
            } catch (StatusRuntimeException e) {
                return UNREADABLE;
            }
        }
    }

    private StreamObserver<ClientFrame> stream(StreamObserver<ServerFrame> responses) {
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
        Incoming incoming = new Incoming(call, session, outgoing);
        call.setOnReadyHandler(incoming::resume);
        call.setOnCancelHandler(incoming::end);
        call.setOnCloseHandler(incoming::end);
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

        synchronized void refuse(Status status) {
            if (!over) {
                over = true;
                call.onError(status.asRuntimeException());
            }
        }

        synchronized void cancelled() {
            over = true;
        }
    }

    /** The frames from the client; calls come one at a time. */
    private final class Incoming implements StreamObserver<ClientFrame> {
        private final ServerCallStreamObserver<ServerFrame> call;
        private final EdgeSession session;
        private final Outgoing outgoing;
        private boolean over;
        /** Frames that may be asked for once the client reads again. */
        private int withheld;

        Incoming(ServerCallStreamObserver<ServerFrame> call, EdgeSession session, Outgoing outgoing) {
            this.call = call;
            this.session = session;
            this.outgoing = outgoing;
        }

        @Override
        public void onNext(ClientFrame frame) {
            if (over) {
                return;
            }
            if (frame == UNREADABLE) {
                refuse();
                return;
            }
            inline.execute(() -> session.onFrame(frame));
            if (call.isReady()) {
                call.request(1);
            } else {
                withheld++;
            }
        }

        private void refuse() {
            String line = lines.pace("a client's stream was closed: what came is no frame of a client");
            if (line != null) {
                LOG.warn(line);
            }
            outgoing.refuse(Status.INVALID_ARGUMENT.withDescription(
                    "this is no frame of a client: speak the protocol of this node's release"));
            end();
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
            outgoing.close();
            end();
        }

        private void end() {
            outgoing.cancelled();
            if (!over) {
                over = true;
                session.onClosed();
            }
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
