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
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** How streams between nodes begin and end, and what nodes hear of it. */
@Timeout(60)
class GreetedStreamsTest {
    private static final VersionRange OWN = VersionRange.SPOKEN;

    private final List<Node> nodes = new ArrayList<>();
    private final Queue<String> lines = new ConcurrentLinkedQueue<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger("io.flotilla.raft.transport.grpc");
    private final AppenderBase<ILoggingEvent> log = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            lines.add(event.getFormattedMessage());
        }
    };

    private final class Node implements TransportReceiver {
        final NodeId id;
        final GrpcTransport transport;
        final Server server;
        final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        final BlockingQueue<GroupMessage> messages = new LinkedBlockingQueue<>();

        Node(String name, VersionRange versions) throws Exception {
            id = new NodeId(name);
            transport = new GrpcTransport(id, this::address, () -> "fleet", 1 << 20, null, versions);
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

        void start(long incarnation, long durableBatch) {
            transport.start(new NodeStart(incarnation, 5, 3), () -> durableBatch, peer -> PeerRecord.NONE, this);
        }

        @Override
        public void receive(NodeId from, List<GroupMessage> some) {
            messages.addAll(some);
        }

        @Override
        public void receive(NodeId from, NodeMessage message) {
            heard.add(from + " " + message);
        }

        @Override
        public void receiveBulk(NodeId from, BulkMessage message) {}

        @Override
        public void peerUp(NodeId peer, NodeStart start) {
            heard.add(peer + " up " + start.incarnation());
        }

        @Override
        public void peerDown(NodeId peer, NodeStart start) {
            heard.add(peer + " down " + start.incarnation());
        }

        void expect(String... lines) throws Exception {
            for (String line : lines) {
                String next;
                do {
                    next = heard.poll(20, TimeUnit.SECONDS);
                } while (next != null && next.contains("DurableBatch") && !line.contains("DurableBatch"));
                assertThat(next).isEqualTo(line);
            }
        }

        void close() {
            transport.close();
            server.shutdownNow();
        }
    }

    /** A stream to a node, by hand. */
    private static final class Raw extends ClientCall.Listener<byte[]> {
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
        }

        @Override
        public void onMessage(byte[] bytes) {
            answer.complete(bytes);
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            end.complete(status);
        }

        /** As that node would. */
        void greet(Node as, Node to) {
            call.sendMessage(as.transport.greetingTo(to.id).encode());
        }
    }

    @BeforeEach
    void listen() {
        log.start();
        logger.setLevel(Level.WARN);
        logger.addAppender(log);
    }

    @AfterEach
    void close() {
        logger.detachAppender(log);
        logger.setLevel(null);
        nodes.forEach(Node::close);
    }

    private List<String> logged(String part) {
        return lines.stream().filter(line -> line.contains(part)).toList();
    }

    @Test
    void bothHearOfEachOtherWhoeverCalls() throws Exception {
        Node a = new Node("a", OWN);
        Node b = new Node("b", OWN);
        a.start(4, 30);
        b.start(9, 40);
        know(a, b);
        b.expect("a up 4", "a DurableBatch[number=30]");
        a.expect("b up 9");
        // only the end of both streams is an end
        a.transport.send(b.id, new NodeMessage.DurableBatch(31));
        String line;
        do {
            line = b.heard.poll(20, TimeUnit.SECONDS);
        } while (line != null && line.equals("a DurableBatch[number=30]"));
        assertThat(line).isEqualTo("a DurableBatch[number=31]");
        a.close();
        b.expect("a down 4");
    }

    @Test
    void theHighestCommonVersionIsUsedWhoeverIsNewer() throws Exception {
        Node a = new Node("a", OWN);
        Node b = new Node("b", new VersionRange(OWN.highest(), OWN.highest() + 3));
        a.start(1, 0);
        b.start(1, 0);
        know(a, b);
        b.expect("a up 1");
        a.expect("b up 1");
    }

    @Test
    void withoutACommonVersionBothSayWhyInOneLineEach() throws Exception {
        Node a = new Node("a", OWN);
        Node b = new Node("b", new VersionRange(OWN.highest() + 1, OWN.highest() + 3));
        a.start(1, 0);
        b.start(1, 0);
        VersionRange newer = new VersionRange(OWN.highest() + 1, OWN.highest() + 3);
        String ranges = "node b speaks " + newer + " of the protocol between nodes, node a at " + a.address() + " "
                + OWN + ": run releases that share a version";
        a.transport.setAddress(b.id, b.address());
        await(() -> logged("b: refused a stream").size() == 1
                && logged("a: no stream to b").size() == 1);
        assertThat(logged("b: refused a stream"))
                .containsExactly("b: refused a stream from a at " + a.address() + ": " + ranges);
        assertThat(logged("a: no stream to b"))
                .containsExactly("a: no stream to b at " + b.address() + ": FAILED_PRECONDITION " + ranges);
        // the newer one calls: the same
        b.transport.setAddress(a.id, a.address());
        await(() -> logged("a: refused a stream").size() == 1
                && logged("b: no stream to a").size() == 1);
        String other = "node a speaks " + OWN + " of the protocol between nodes, node b at " + b.address() + " " + newer
                + ": run releases that share a version";
        assertThat(logged("a: refused a stream"))
                .containsExactly("a: refused a stream from b at " + b.address() + ": " + other);
        assertThat(logged("b: no stream to a").get(0)).contains(other);
        assertThat(a.heard).isEmpty();
        assertThat(b.heard).isEmpty();
    }

    private static void know(Node a, Node b) {
        a.transport.setAddress(b.id, b.address());
        b.transport.setAddress(a.id, a.address());
    }

    private static void await(BooleanSupplier there) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!there.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(end);
            Thread.onSpinWait();
        }
    }

    @Test
    void aDamagedFrameEndsItsStreamWithOneLineAndTheNextStreamGoesOn() throws Exception {
        Node b = new Node("b", OWN);
        b.start(9, 40);
        Node x = new Node("x", OWN);
        x.start(1, 0);
        know(b, x);
        Raw first = new Raw(b);
        first.greet(x, b);
        Greeting answer = Greeting.decode(first.answer.get(20, TimeUnit.SECONDS), OWN);
        assertThat(answer.from()).isEqualTo(b.id);
        assertThat(answer.start()).isEqualTo(new NodeStart(9, 5, 3));
        assertThat(answer.durableBatch()).isEqualTo(40);
        GroupMessage heartbeat = new GroupMessage(1, new Message.Heartbeat(1, 0, 7));
        byte[] frame = MessageCodec.frame(List.of(heartbeat));
        first.call.sendMessage(frame);
        assertThat(b.messages.poll(20, TimeUnit.SECONDS)).isEqualTo(heartbeat);
        byte[] damaged = frame.clone();
        damaged[damaged.length - 1] ^= 1;
        first.call.sendMessage(damaged);
        assertThat(first.end.get(20, TimeUnit.SECONDS).getDescription()).contains("checksum of the frame is wrong");
        assertThat(b.messages).isEmpty();
        b.expect("x up 1");
        assertThat(logged("checksum")).hasSize(1);
        Raw second = new Raw(b);
        second.greet(x, b);
        second.call.sendMessage(frame);
        assertThat(b.messages.poll(20, TimeUnit.SECONDS)).isEqualTo(heartbeat);
        first.channel.shutdownNow();
        second.channel.shutdownNow();
    }

    @Test
    void aNodeThatHasNotStartedGreetsNobody() throws Exception {
        Node a = new Node("a", OWN);
        Node b = new Node("b", OWN);
        a.start(1, 0);
        Raw early = new Raw(b);
        early.greet(a, b);
        assertThat(early.end.get(20, TimeUnit.SECONDS).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(early.answer).isNotDone();
        know(a, b);
        await(() -> logged("b is starting and greets nobody yet").size() == 1);
        b.start(2, 0);
        a.expect("b up 2");
        early.channel.shutdownNow();
    }
}
