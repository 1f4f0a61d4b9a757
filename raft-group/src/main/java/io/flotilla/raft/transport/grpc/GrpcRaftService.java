package io.flotilla.raft.transport.grpc;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.transport.BulkCodec;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.GroupMessage;
import io.flotilla.raft.transport.MalformedFrameException;
import io.flotilla.raft.transport.MessageCodec;
import io.flotilla.raft.transport.TransportReceiver;
import io.grpc.BindableService;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The receiving end of other nodes' streams, for the node's gRPC server. A stream begins with a hello; one of another
 * protocol version, another fleet, or meant for another node is refused with the reason. Thread-safe; frames are handed
 * on by the server's threads.
 */
public final class GrpcRaftService implements BindableService {
    static final int KEEP_ALIVE_SECONDS = 5;

    private static final Logger LOG = LoggerFactory.getLogger(GrpcRaftService.class);
    private static final int FRAMES_AHEAD = 16;
    private static final int BULK_AHEAD = 4;

    private final GrpcTransport transport;

    public GrpcRaftService(GrpcTransport transport) {
        this.transport = transport;
    }

    /** Sets the limits of a server that carries this service: message size, and keep-alive as peers send it. */
    public static NettyServerBuilder configure(NettyServerBuilder server) {
        return server.maxInboundMessageSize(MessageCodec.MAX_FRAME_BYTES + 1024)
                .permitKeepAliveTime(KEEP_ALIVE_SECONDS - 1, TimeUnit.SECONDS)
                .permitKeepAliveWithoutCalls(true);
    }

    @Override
    public ServerServiceDefinition bindService() {
        return ServerServiceDefinition.builder(GrpcTransport.FRAMES.getServiceName())
                .addMethod(GrpcTransport.FRAMES, (call, headers) -> open(call, false))
                .addMethod(GrpcTransport.BULK, (call, headers) -> open(call, true))
                .build();
    }

    private ServerCall.Listener<byte[]> open(ServerCall<byte[], byte[]> call, boolean isBulk) {
        call.request(isBulk ? BULK_AHEAD : FRAMES_AHEAD);
        return new Incoming(call, isBulk);
    }

    private String objectionTo(Hello hello) {
        if (hello.version() != Hello.VERSION) {
            return "node " + transport.self() + " speaks version " + Hello.VERSION + " of the node protocol, not "
                    + hello.version() + ": run the same release on both nodes";
        }
        if (!hello.to().equals(transport.self())) {
            return "this is node " + transport.self() + ", not " + hello.to() + ": the address of " + hello.to()
                    + " is out of date";
        }
        String ours = transport.fleetId();
        if (!ours.isEmpty() && !hello.fleetId().isEmpty() && !ours.equals(hello.fleetId())) {
            return "node " + transport.self() + " belongs to fleet " + ours + ", node " + hello.from() + " to fleet "
                    + hello.fleetId() + ": check the addresses given to " + hello.from();
        }
        return null;
    }

    /** One stream; calls come one at a time. */
    private final class Incoming extends ServerCall.Listener<byte[]> {
        private final ServerCall<byte[], byte[]> call;
        private final boolean isBulk;
        private NodeId from;
        private boolean over;

        Incoming(ServerCall<byte[], byte[]> call, boolean isBulk) {
            this.call = call;
            this.isBulk = isBulk;
        }

        @Override
        public void onMessage(byte[] bytes) {
            if (over) {
                return;
            }
            try {
                if (from == null) {
                    greet(Hello.decode(bytes));
                } else {
                    transport.framesIn.increment();
                    transport.bytesIn.add(bytes.length);
                    handOn(ByteBuffer.wrap(bytes));
                }
                call.request(1);
            } catch (MalformedFrameException e) {
                refuse(Status.INVALID_ARGUMENT, e.getMessage());
            }
        }

        private void handOn(ByteBuffer frame) throws MalformedFrameException {
            TransportReceiver receiver = transport.receiver();
            if (isBulk) {
                BulkMessage message = BulkCodec.decode(frame);
                if (receiver != null) {
                    receiver.receiveBulk(from, message);
                }
            } else {
                List<GroupMessage> messages = MessageCodec.read(frame);
                if (receiver != null) {
                    receiver.receive(from, messages);
                }
            }
        }

        private void greet(Hello hello) {
            String objection = objectionTo(hello);
            if (objection != null) {
                refuse(Status.FAILED_PRECONDITION, objection);
                return;
            }
            from = hello.from();
            call.sendHeaders(new Metadata());
            transport.learnt(from, hello.address());
        }

        private void refuse(Status status, String reason) {
            over = true;
            LOG.warn("{}: refused a stream from {}: {}", transport.self(), from == null ? "a node" : from, reason);
            call.close(status.withDescription(reason), new Metadata());
        }

        @Override
        public void onHalfClose() {
            if (!over) {
                over = true;
                call.close(Status.CANCELLED.withDescription("the sender ended the stream"), new Metadata());
            }
        }

        @Override
        public void onCancel() {
            over = true;
        }
    }
}
