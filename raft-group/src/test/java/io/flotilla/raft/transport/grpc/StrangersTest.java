package io.flotilla.raft.transport.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.Greeting;
import io.flotilla.raft.transport.GroupMessage;
import io.flotilla.raft.transport.MessageCodec;
import io.flotilla.raft.transport.NodeMessage;
import io.flotilla.raft.transport.NodeStart;
import io.flotilla.raft.transport.PeerRecord;
import io.flotilla.raft.transport.TransportReceiver;
import io.flotilla.raft.transport.VersionRange;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** Who comes to a node's port and is not who it says, or not what it was. */
@Timeout(90)
class StrangersTest {
    private static final VersionRange OWN = VersionRange.SPOKEN;
    private static final NodeId N1 = new NodeId("n1");
    private static final NodeId N2 = new NodeId("n2");

    private final List<Node> nodes = new ArrayList<>();
    private final List<Raw> raws = new ArrayList<>();
    private final Queue<String> lines = new ConcurrentLinkedQueue<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger("io.flotilla.raft.transport.grpc");
    private final AppenderBase<ILoggingEvent> log = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            lines.add(event.getFormattedMessage());
        }
    };

    /** A node that remembers its peers, as production does. */
    private final class Node implements TransportReceiver {
        final NodeId id;
        final GrpcTransport transport;
        final Server server;
        final ConcurrentMap<NodeId, PeerRecord> known = new ConcurrentHashMap<>();
        final BlockingQueue<GroupMessage> messages = new LinkedBlockingQueue<>();
        final Queue<String> heard = new ConcurrentLinkedQueue<>();
        volatile long durable;

        Node(NodeId id) throws Exception {
            this.id = id;
            transport = new GrpcTransport(id, this::address, () -> "fleet", 1 << 20);
            server = GrpcRaftService.configure(NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0)))
                    .directExecutor()
                    .addService(new GrpcRaftService(transport))
                    .build()
                    .start();
            nodes.add(this);
        }

        String address() {
            return "127.0.0.1:" + server.getPort();
        }

        Node start(NodeStart start) {
            durable = start.heldBatch();
            transport.start(start, () -> durable, peer -> known.getOrDefault(peer, PeerRecord.NONE), this);
            return this;
        }

        @Override
        public void receive(NodeId from, List<GroupMessage> some) {
            messages.addAll(some);
        }

        @Override
        public void receive(NodeId from, NodeMessage message) {
            known.merge(
                    from,
                    PeerRecord.NONE.withDurable(((NodeMessage.DurableBatch) message).number()),
                    (before, now) -> before.withDurable(now.durableBatch()));
        }

        @Override
        public void receiveBulk(NodeId from, BulkMessage message) {}

        @Override
        public void peerUp(NodeId peer, NodeStart start) {
            known.merge(peer, PeerRecord.NONE.with(start), (before, now) -> before.with(start));
            heard.add(peer + " up " + start.incarnation());
        }

        @Override
        public void outdated(NodeId peer, String why) {
            heard.add("outdated by " + peer + ": " + why);
        }

        @Override
        public void displaced(NodeId peer, String why) {
            heard.add("displaced by " + peer + ": " + why);
        }

        void sendUntilReceived(Node to) throws Exception {
            for (int i = 0; i < 300; i++) {
                transport.send(to.id, List.of(heartbeat(i)));
                if (to.messages.poll(50, TimeUnit.MILLISECONDS) != null) {
                    return;
                }
            }
            throw new AssertionError("nothing from " + id + " reached " + to.id + ": " + lines);
        }

        void close() {
            transport.close();
            server.shutdownNow();
        }
    }

    /** A stream to a node, by hand. */
    private final class Raw extends ClientCall.Listener<byte[]> {
        final ManagedChannel channel;
        final ClientCall<byte[], byte[]> call;
        final CompletableFuture<byte[]> answer = new CompletableFuture<>();
        final CompletableFuture<Status> end = new CompletableFuture<>();

        Raw(Node to) {
            channel = NettyChannelBuilder.forTarget("dns:///" + to.address())
                    .usePlaintext()
                    .proxyDetector(target -> null)
                    .build();
            call = channel.newCall(GrpcTransport.FRAMES, CallOptions.DEFAULT);
            call.start(this, new Metadata());
            call.request(10);
            raws.add(this);
        }

        @Override
        public void onMessage(byte[] bytes) {
            answer.complete(bytes);
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            end.complete(status);
        }

        Status ended() throws Exception {
            return end.get(20, TimeUnit.SECONDS);
        }

        Raw greet(Node to, String name, String fleet, NodeStart start, String address) {
            call.sendMessage(
                    new Greeting(OWN, new NodeId(name), address, to.id, fleet, start, NodeStart.MOST, PeerRecord.NONE)
                            .encode());
            return this;
        }
    }

    private static GroupMessage heartbeat(long round) {
        return new GroupMessage(1, new Message.Heartbeat(1, 0, round));
    }

    @BeforeEach
    void listen() {
        log.start();
        logger.setLevel(Level.WARN);
        logger.addAppender(log);
    }

    @AfterEach
    void close() {
        raws.forEach(raw -> raw.channel.shutdownNow());
        nodes.forEach(Node::close);
        logger.detachAppender(log);
        logger.setLevel(null);
    }

    private static void await(BooleanSupplier there) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!there.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(end);
            Thread.onSpinWait();
        }
    }

    private Node[] two() throws Exception {
        Node one = new Node(N1).start(new NodeStart(5, 55, 100));
        Node two = new Node(N2).start(new NodeStart(7, 77, 200));
        one.transport.setAddress(N2, two.address());
        two.transport.setAddress(N1, one.address());
        one.sendUntilReceived(two);
        two.sendUntilReceived(one);
        return new Node[] {one, two};
    }

    @Test
    void inventedNamesBecomeNoPeers() throws Exception {
        Node one = two()[0];
        Raw first = new Raw(one);
        for (int i = 0; i < 1_000; i++) {
            Raw raw = i == 0 ? first : new Raw(one);
            raw.greet(one, "invented-" + i, i % 2 == 0 ? "" : "fleet", new NodeStart(1, 1, 0), "127.0.0.1:1");
            assertThat(raw.ended().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
            assertThat(raw.ended().getDescription())
                    .contains(i % 2 == 0 ? "to no fleet" : "n1 knows no node invented-" + i);
            raw.channel.shutdownNow();
        }
        assertThat(one.transport.peerCount()).isEqualTo(1);
        assertThat(one.known).containsOnlyKeys(N2);
        assertThat(lines).hasSizeLessThan(30);
    }

    @Test
    void aFalseAddressCutsNobodyOffAndAnImpostorIsNotRead() throws Exception {
        Node[] both = two();
        Node one = both[0];
        Node two = both[1];
        one.messages.clear();
        List<Raw> impostors = new ArrayList<>();
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"))) {
            String elsewhere = "127.0.0.1:" + silent.getLocalPort();
            for (int i = 0; i < 20; i++) {
                // one that knows how to count up as a restart does, and more
                NodeStart start = new NodeStart(8 + i * 1_000_000_000L, i, 1_000 + i);
                Raw raw = new Raw(one).greet(one, "n2", "fleet", start, i % 2 == 0 ? elsewhere : "127.0.0.1:1");
                raw.call.sendMessage(
                        MessageCodec.frame(List.of(new GroupMessage(1, new Message.Heartbeat(99, 0, 1_000_000)))));
                impostors.add(raw);
                one.transport.send(N2, List.of(heartbeat(i)));
                assertThat(two.messages.poll(10, TimeUnit.SECONDS)).isEqualTo(heartbeat(i));
            }
            for (Raw raw : impostors) {
                assertThat(raw.ended().isOk()).isFalse();
            }
        }
        assertThat(one.messages).isEmpty();
        assertThat(one.known.get(N2)).isEqualTo(new PeerRecord(7, 77, 200));
        two.close();
        Node again = new Node(N2).start(new NodeStart(8, 78, 200));
        again.transport.setAddress(N1, one.address());
        again.sendUntilReceived(one);
        one.sendUntilReceived(again);
        assertThat(one.heard).contains("n2 up 8");
        assertThat(one.transport.stats().dropped()).as("while n2 was up").isLessThan(300);
    }

    @Test
    void streamsThatDontGreetAreFewAndEnd() throws Exception {
        Node[] both = two();
        List<Raw> silent = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            silent.add(new Raw(both[0]));
        }
        await(() -> silent.stream().filter(raw -> !raw.end.isDone()).count() <= 64);
        both[0].sendUntilReceived(both[1]);
        both[1].sendUntilReceived(both[0]);
        for (Raw raw : silent) {
            assertThat(raw.ended().isOk()).isFalse();
        }
    }

    @Test
    void aDirectoryPutBackIsRefusedByEveryPeerAndHearsWhy() throws Exception {
        Node[] both = two();
        Node one = both[0];
        both[1].durable = 300;
        both[1].transport.send(N1, new NodeMessage.DurableBatch(300));
        await(() -> one.known.get(N2).durableBatch() == 300);
        both[1].close();
        for (NodeStart old : new NodeStart[] {
            new NodeStart(6, 1, 900), // a copy of an earlier start
            new NodeStart(7, 2, 900), // a copy of that start
            new NodeStart(8, 3, 299), // a copy made in the run, counted up
            new NodeStart(1_000, 4, 299)
        }) {
            Node again = new Node(N2).start(old);
            one.transport.setAddress(N2, again.address());
            again.transport.setAddress(N1, one.address());
            await(() -> again.heard.stream().anyMatch(line -> line.startsWith("outdated by n1: ")));
            again.transport.send(N1, List.of(heartbeat(1)));
            again.close();
        }
        assertThat(one.messages).isEmpty();
        assertThat(lines).anyMatch(line -> line.contains("n1 does not take node n2") && line.contains("older copy"));
        Node true8 = new Node(N2).start(new NodeStart(8, 9, 300));
        one.transport.setAddress(N2, true8.address());
        true8.transport.setAddress(N1, one.address());
        true8.sendUntilReceived(one);
        assertThat(true8.heard).noneMatch(line -> line.startsWith("outdated"));
    }

    @Test
    void ofTwoProcessesOnCopiesOfADirectoryTheSecondGoes() throws Exception {
        Node[] both = two();
        Node copy = new Node(N2).start(new NodeStart(8, 88, 200));
        copy.transport.setAddress(N1, both[0].address());
        await(() -> copy.heard.stream().anyMatch(line -> line.startsWith("displaced by n1: ")));
        assertThat(copy.heard).anyMatch(line -> line.contains("runs already, at " + both[1].address()));
        both[0].sendUntilReceived(both[1]);
        both[1].sendUntilReceived(both[0]);
        assertThat(both[0].known.get(N2).incarnation()).isEqualTo(7);
    }
}
