package io.flotilla.raft.transport.grpc;

import io.flotilla.raft.runtime.LogPace;
import io.flotilla.raft.transport.BulkCodec;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.Frame;
import io.flotilla.raft.transport.Greeting;
import io.flotilla.raft.transport.MalformedFrameException;
import io.flotilla.raft.transport.MessageCodec;
import io.flotilla.raft.transport.NodeStart;
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
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The receiving end of other nodes' streams, for the node's gRPC server. A stream begins with a {@link Greeting} each way; one
 * without a common version, of another fleet, of a node that is no peer, of a start that can't follow what is known of its node, or
 * meant for another node is refused with the reason, and any while this node has not begun to greet. Nothing more is read before the
 * peer, called back, has confirmed that it is there by that start. A frame that is damaged or breaks the protocol ends its stream; the
 * sender begins a new one. Thread-safe; frames are handed on by the server's threads.
 */
public final class GrpcRaftService implements BindableService {
    static final int KEEP_ALIVE_SECONDS = 5;

    private static final Logger LOG = LoggerFactory.getLogger(GrpcRaftService.class);
    private static final int FRAMES_AHEAD = 16;
    private static final int BULK_AHEAD = 4;
    /** Streams that have not greeted yet; one more ends the one that is silent for longest. */
    private static final int MOST_SILENT = 64;

    private static final int SILENT_SECONDS = 5;

    private final GrpcTransport transport;
    private final RefusedPeers refusedPeers = new RefusedPeers();
    private final LogPace lines = new LogPace(System::nanoTime);
    /** In the order in which they came. Guarded by itself. */
    private final Set<Incoming> silent = new LinkedHashSet<>();

    private final AtomicBoolean sweeping = new AtomicBoolean();

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
        Incoming incoming = new Incoming(call, isBulk);
        Incoming oldest = null;
        synchronized (silent) {
            silent.add(incoming);
            if (silent.size() > MOST_SILENT) {
                oldest = silent.iterator().next();
            }
        }
        if (oldest != null) {
            oldest.end(Status.RESOURCE_EXHAUSTED.withDescription("too many streams came and did not greet"));
        }
        planSweep();
        call.request(1);
        return incoming;
    }

    private void planSweep() {
        if (sweeping.compareAndSet(false, true)) {
            transport.later(this::sweep, TimeUnit.SECONDS.toNanos(1));
        }
    }

    /** Ends the streams on which nobody greeted for long; one task for all of them. */
    private void sweep() {
        sweeping.set(false);
        List<Incoming> late = new ArrayList<>();
        boolean isEmpty;
        synchronized (silent) {
            for (Incoming each : silent) {
                if (System.nanoTime() - each.since >= TimeUnit.SECONDS.toNanos(SILENT_SECONDS)) {
                    late.add(each);
                }
            }
            isEmpty = silent.isEmpty();
        }
        late.forEach(
                each -> each.end(Status.CANCELLED.withDescription("no greeting came within " + SILENT_SECONDS + " s")));
        if (!isEmpty) {
            planSweep();
        }
    }

    private void log(String who, String reason) {
        if (refusedPeers.isNew(who, reason)) {
            String line = lines.pace(transport.self() + ": refused a stream from " + who + ": " + reason);
            if (line != null) {
                LOG.warn(line);
            }
        }
    }

    /** One stream. The network's calls come one at a time; those of {@link Peer} come from any thread. */
    private final class Incoming extends ServerCall.Listener<byte[]> implements Peer.Arrival {
        private final ServerCall<byte[], byte[]> call;
        private final boolean isBulk;
        private final long since = System.nanoTime();
        /** Set once, by the network's calls. */
        private volatile Greeting greeting;

        // guarded by this
        private boolean counted;
        private volatile boolean over;

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
                    call.request(1);
                }
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
            speaks();
            if (!transport.greets()) {
                end(Status.UNAVAILABLE.withDescription(
                        "node " + transport.self() + " is starting and greets nobody yet"));
                return;
            }
            String who = theirs.from() + " at " + theirs.address();
            String objection = theirs.objectionOf(transport.versions(), transport.self(), transport.fleetId());
            Peer peer = transport.peerNamed(theirs.from());
            if (objection == null && peer == null) {
                objection = "node " + transport.self() + " knows no node " + theirs.from()
                        + ": the fleet's configuration does not name it";
            }
            if (objection != null) {
                refuse(Status.FAILED_PRECONDITION, who, objection);
                return;
            }
            byte[] own = transport.greetingTo(theirs.from()).encode();
            String outdated = transport.outdated(theirs);
            synchronized (this) {
                if (over) {
                    return;
                }
                call.sendHeaders(new Metadata());
                // also to one that is refused: it sees what is remembered of it
                call.sendMessage(own);
            }
            if (outdated != null) {
                refuse(Status.FAILED_PRECONDITION, who, outdated);
                return;
            }
            greeting = theirs;
            peer.arrived(this);
        }

        private void speaks() {
            synchronized (silent) {
                silent.remove(this);
            }
        }

        @Override
        public NodeStart start() {
            return greeting.start();
        }

        @Override
        public String address() {
            return greeting.address();
        }

        @Override
        public boolean isBulk() {
            return isBulk;
        }

        @Override
        public void open() {
            synchronized (this) {
                counted = !over;
                if (counted && !isBulk) {
                    transport.greeted(greeting);
                }
            }
            if (over) {
                transport.peerNamed(greeting.from()).left(this);
                return;
            }
            refusedPeers.accepted(sender());
            call.request(isBulk ? BULK_AHEAD : FRAMES_AHEAD);
        }

        private String sender() {
            Greeting known = greeting;
            if (known != null) {
                return known.from() + " at " + known.address();
            }
            return call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR) instanceof InetSocketAddress remote
                    ? "a node at " + remote.getHostString()
                    : "a node";
        }

        private void refuse(Status status, String who, String reason) {
            log(who, reason);
            end(status.withDescription(LogPace.oneLine(reason)));
        }

        @Override
        public void end(Status status) {
            if (over()) {
                synchronized (this) {
                    call.close(status, new Metadata());
                }
            }
        }

        /** @return false if it was over before */
        private boolean over() {
            synchronized (this) {
                if (over) {
                    return false;
                }
                over = true;
                if (counted && !isBulk) {
                    transport.parted(greeting);
                }
            }
            speaks();
            Greeting known = greeting;
            Peer peer = known == null ? null : transport.peerNamed(known.from());
            if (peer != null) {
                peer.left(this);
            }
            return true;
        }

        @Override
        public void onHalfClose() {
            end(Status.CANCELLED.withDescription("the sender ended the stream"));
        }

        @Override
        public void onCancel() {
            over();
        }

        /** Also if this side ended it, or a call of this threw. */
        @Override
        public void onComplete() {
            over();
        }
    }
}
