package io.flotilla.raft.transport.grpc;

import io.flotilla.raft.transport.BulkCodec;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.Frame;
import io.flotilla.raft.transport.Greeting;
import io.flotilla.raft.transport.MalformedFrameException;
import io.flotilla.raft.transport.MessageCodec;
import io.flotilla.raft.transport.TransportReceiver;
import io.grpc.BindableService;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The receiving end of other nodes' streams, for the node's gRPC server. A stream begins with a {@link Greeting} each way; one
 * without a common version, of another fleet, or meant for another node is refused with the reason, and any while this node
 * has not begun to greet. A frame that is damaged or breaks the protocol ends its stream; the sender begins a new one.
 * Thread-safe; frames are handed on by the server's threads.
 */
public final class GrpcRaftService implements BindableService {
    static final int KEEP_ALIVE_SECONDS = 5;

    private static final Logger LOG = LoggerFactory.getLogger(GrpcRaftService.class);
    private static final int FRAMES_AHEAD = 16;
    private static final int BULK_AHEAD = 4;

    private final GrpcTransport transport;
    private final RefusedPeers refusedPeers = new RefusedPeers();

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

    /** One stream; calls come one at a time. */
    private final class Incoming extends ServerCall.Listener<byte[]> {
        private final ServerCall<byte[], byte[]> call;
        private final boolean isBulk;
        private Greeting greeting;
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
                if (greeting == null) {
                    greet(Greeting.decode(bytes, transport.versions()));
                } else {
                    transport.framesIn.increment();
                    transport.bytesIn.add(bytes.length);
                    handOn(ByteBuffer.wrap(bytes));
                }
                call.request(1);
            } catch (MalformedFrameException e) {
                refuse(Status.INVALID_ARGUMENT, sender(), e.getMessage());
            }
        }

        private void handOn(ByteBuffer frame) throws MalformedFrameException {
            TransportReceiver receiver = transport.receiver();
            if (isBulk) {
                BulkMessage message = BulkCodec.decode(frame);
                if (receiver != null) {
                    receiver.receiveBulk(greeting.from(), message);
                }
            } else {
                Frame messages = MessageCodec.read(frame);
                if (receiver != null) {
                    hand(messages, receiver);
                }
            }
        }

        private void hand(Frame frame, TransportReceiver receiver) {
            for (int i = 0; i < frame.nodes().size(); i++) {
                receiver.receive(greeting.from(), frame.nodes().get(i));
            }
            if (!frame.groups().isEmpty()) {
                receiver.receive(greeting.from(), frame.groups());
            }
        }

        private void greet(Greeting theirs) {
            if (!transport.greets()) {
                over = true;
                call.close(
                        Status.UNAVAILABLE.withDescription(
                                "node " + transport.self() + " is starting and greets nobody yet"),
                        new Metadata());
                return;
            }
            String objection = theirs.objectionOf(transport.versions(), transport.self(), transport.fleetId());
            if (objection != null) {
                refuse(Status.FAILED_PRECONDITION, theirs.from() + " at " + theirs.address(), objection);
                return;
            }
            byte[] own = transport.greetingTo(theirs.from()).encode();
            call.sendHeaders(new Metadata());
            call.sendMessage(own);
            greeting = theirs;
            if (!isBulk) {
                transport.greeted(greeting);
            }
            refusedPeers.accepted(sender());
            transport.learnt(greeting.from(), greeting.address());
        }

        private String sender() {
            if (greeting != null) {
                return greeting.from() + " at " + greeting.address();
            }
            return call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR) instanceof InetSocketAddress remote
                    ? "a node at " + remote.getHostString()
                    : "a node";
        }

        private void refuse(Status status, String who, String reason) {
            if (refusedPeers.isNew(who, reason)) {
                LOG.warn("{}: refused a stream from {}: {}", transport.self(), who, reason);
            }
            end(status.withDescription(reason));
        }

        private void end(Status status) {
            over();
            call.close(status, new Metadata());
        }

        private void over() {
            if (!over) {
                over = true;
                if (greeting != null && !isBulk) {
                    transport.parted(greeting);
                }
            }
        }

        @Override
        public void onHalfClose() {
            if (!over) {
                end(Status.CANCELLED.withDescription("the sender ended the stream"));
            }
        }

        @Override
        public void onCancel() {
            over();
        }
    }
}
