package io.flotilla.raft.transport.grpc;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.Greeting;
import io.flotilla.raft.transport.GroupMessage;
import io.flotilla.raft.transport.NodeMessage;
import io.flotilla.raft.transport.NodeStart;
import io.flotilla.raft.transport.PeersUp;
import io.flotilla.raft.transport.Transport;
import io.flotilla.raft.transport.TransportReceiver;
import io.flotilla.raft.transport.VersionRange;
import io.grpc.MethodDescriptor;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Messages between nodes over gRPC: to each peer one stream of its own, kept open and opened again after at most half
 * a second, and once there is bulk for it a second one on its own connection. Thread-safe; works on gRPC's event loops, or the
 * given ones, and one timer thread, whatever the number of peers.
 *
 * <p>What comes in arrives through {@link GrpcRaftService}, which the node adds to its server. While there is no
 * connection, messages wait in the peer's bounded queue until the attempt fails; then they are dropped.
 */
public final class GrpcTransport implements Transport {
    /** Bytes of messages that may wait for one peer, and as many of bulk. */
    public static final long QUEUE_BYTES = 16L << 20;

    static final MethodDescriptor<byte[], byte[]> FRAMES = method("Frames");
    static final MethodDescriptor<byte[], byte[]> BULK = method("Bulk");

    private static final Logger LOG = LoggerFactory.getLogger(GrpcTransport.class);

    private final NodeId self;
    private final Supplier<String> ownAddress;
    private final Supplier<String> fleetId;
    private final long queueBytes;
    /** Null: gRPC's own. */
    private final NetworkThreads threads;

    private final VersionRange versions;
    private final RetryTimer timer;
    private final ConcurrentMap<NodeId, Peer> peers = new ConcurrentHashMap<>();
    /** Null until this node greets. */
    private volatile Started started;

    private volatile boolean closed;

    final LongAdder framesOut = new LongAdder();
    final LongAdder bytesOut = new LongAdder();
    final LongAdder framesIn = new LongAdder();
    final LongAdder bytesIn = new LongAdder();
    final LongAdder dropped = new LongAdder();

    /**
     * @param ownAddress where others reach this node, {@code host:port}; asked at each connection
     * @param fleetId the fleet this node belongs to, empty while it belongs to none; asked at each connection
     */
    public GrpcTransport(NodeId self, Supplier<String> ownAddress, Supplier<String> fleetId) {
        this(self, ownAddress, fleetId, QUEUE_BYTES, null, VersionRange.SPOKEN);
    }

    /** @param threads its connections' threads; they are the caller's, to be closed after this */
    public GrpcTransport(NodeId self, Supplier<String> ownAddress, Supplier<String> fleetId, NetworkThreads threads) {
        this(self, ownAddress, fleetId, QUEUE_BYTES, threads, VersionRange.SPOKEN);
    }

    /** @param queueBytes bytes that may wait for one peer; beyond them messages are dropped */
    public GrpcTransport(NodeId self, Supplier<String> ownAddress, Supplier<String> fleetId, long queueBytes) {
        this(self, ownAddress, fleetId, queueBytes, null, VersionRange.SPOKEN);
    }

    GrpcTransport(
            NodeId self,
            Supplier<String> ownAddress,
            Supplier<String> fleetId,
            long queueBytes,
            NetworkThreads threads,
            VersionRange versions) {
        this.self = self;
        this.versions = versions;
        this.threads = threads;
        this.ownAddress = ownAddress;
        this.fleetId = fleetId;
        this.queueBytes = queueBytes;
        this.timer = new RetryTimer(self + "-raft-reconnect");
    }

    /** What there is from the start on. */
    private record Started(NodeStart self, LongSupplier durableBatch, TransportReceiver receiver, PeersUp up) {}

    private static MethodDescriptor<byte[], byte[]> method(String name) {
        return MethodDescriptor.<byte[], byte[]>newBuilder()
                .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
                .setFullMethodName(MethodDescriptor.generateFullMethodName("flotilla.raft.v1.Peer", name))
                .setRequestMarshaller(ByteMarshaller.INSTANCE)
                .setResponseMarshaller(ByteMarshaller.INSTANCE)
                .build();
    }

    @Override
    public void start(NodeStart start, LongSupplier durableBatch, TransportReceiver receiver) {
        started = new Started(start, durableBatch, receiver, new PeersUp(receiver));
        peers.values().forEach(Peer::start);
    }

    @Override
    public void send(NodeId to, List<GroupMessage> messages) {
        Peer peer = peers.get(to);
        if (peer == null || closed || !peer.send(messages)) {
            dropped.add(messages.size());
        }
    }

    @Override
    public void send(NodeId to, NodeMessage message) {
        Peer peer = peers.get(to);
        if (peer == null || closed || !peer.send(message)) {
            dropped.increment();
        }
    }

    @Override
    public void sendBulk(NodeId to, BulkMessage message) {
        Peer peer = peers.get(to);
        if (peer == null || closed || !peer.send(message)) {
            dropped.increment();
        }
    }

    @Override
    public void setAddress(NodeId node, String address) {
        if (!node.equals(self) && !closed) {
            peer(node).configured(address);
        }
    }

    /** A peer said itself where it listens now. */
    void learnt(NodeId node, String address) {
        if (!closed) {
            peer(node).learnt(address);
        }
    }

    private Peer peer(NodeId node) {
        Peer peer = peers.computeIfAbsent(node, n -> new Peer(this, n, timer, queueBytes));
        if (started != null) {
            peer.start();
        }
        if (closed) {
            peer.close();
        }
        return peer;
    }

    /** Counts since this transport was made. */
    public TransportStats stats() {
        return new TransportStats(framesOut.sum(), bytesOut.sum(), framesIn.sum(), bytesIn.sum(), dropped.sum());
    }

    NettyChannelBuilder channelTo(String address) {
        NettyChannelBuilder channel = NettyChannelBuilder.forTarget(PeerAddresses.target(address));
        return threads == null ? channel : threads.connect(channel);
    }

    NodeId self() {
        return self;
    }

    String fleetId() {
        String id = fleetId.get();
        return id == null ? "" : id;
    }

    VersionRange versions() {
        return versions;
    }

    /** Whether other nodes get an answer. */
    boolean greets() {
        return started != null && !closed;
    }

    /** Only while this node {@link #greets}. */
    Greeting greetingTo(NodeId peer) {
        Started now = started;
        return new Greeting(
                versions,
                self,
                ownAddress.get(),
                peer,
                fleetId(),
                now.self(),
                now.durableBatch().getAsLong());
    }

    /** A stream for messages, to that node or from it, has begun. */
    void greeted(Greeting greeting) {
        Started now = started;
        now.up().greeted(greeting.from(), greeting.start());
        if (!closed) {
            now.receiver().receive(greeting.from(), new NodeMessage.DurableBatch(greeting.durableBatch()));
        }
    }

    /** A stream that was greeted is over. */
    void parted(Greeting greeting) {
        started.up().parted(greeting.from(), greeting.start());
    }

    /** @return null before the start and after the end: what arrives is dropped */
    TransportReceiver receiver() {
        Started now = started;
        return closed || now == null ? null : now.receiver();
    }

    /** Whether the thread that connects has ended though this is not closed. */
    public boolean hasEnded() {
        return timer.hasEnded();
    }

    @Override
    public void close() {
        closed = true;
        peers.values().forEach(Peer::close);
        timer.close();
        LOG.debug("{}: transport closed", self);
    }
}
