package io.flotilla.raft.transport.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.GroupMessage;
import io.flotilla.raft.transport.MessageCodec;
import io.flotilla.raft.transport.NodeStart;
import io.flotilla.raft.transport.PeerRecord;
import io.flotilla.raft.transport.TransportReceiver;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class GrpcTransportTest {
    private final List<Node> nodes = new ArrayList<>();

    /** A transport with a server on a free port; what arrives is queued. */
    private final class Node {
        final NodeId id;
        final GrpcTransport transport;
        final BlockingQueue<GroupMessage> received = new LinkedBlockingQueue<>();
        final BlockingQueue<BulkMessage> bulk = new LinkedBlockingQueue<>();
        Server server;
        private String address;

        Node(String name, String fleet) throws Exception {
            this(name, fleet, 1);
        }

        Node(String name, String fleet, long incarnation) throws Exception {
            id = new NodeId(name);
            transport = new GrpcTransport(id, this::address, () -> fleet, 1 << 20);
            server = serve();
            transport.start(
                    new NodeStart(incarnation, 1, 0), () -> 0, peer -> PeerRecord.NONE, new TransportReceiver() {
                        @Override
                        public void receive(NodeId from, List<GroupMessage> messages) {
                            received.addAll(messages);
                        }

                        @Override
                        public void receiveBulk(NodeId from, BulkMessage message) {
                            bulk.add(message);
                        }
                    });
            nodes.add(this);
        }

        Server serve() throws Exception {
            return GrpcRaftService.configure(NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0)))
                    .directExecutor()
                    .addService(new GrpcRaftService(transport))
                    .build()
                    .start();
        }

        String address() {
            if (!server.isTerminated()) {
                address = "127.0.0.1:" + server.getPort();
            }
            return address;
        }

        /** Both are nodes of one fleet. */
        void know(Node other) {
            transport.setAddress(other.id, other.address());
            other.transport.setAddress(id, address());
        }

        /** Sends until one arrives, as Raft does. */
        void sendUntilReceived(Node to) throws Exception {
            for (int i = 0; i < 300; i++) {
                transport.send(to.id, List.of(heartbeat(i)));
                if (to.received.poll(50, TimeUnit.MILLISECONDS) != null) {
                    return;
                }
            }
            throw new AssertionError("nothing from " + id + " reached " + to.id);
        }
    }

    private static GroupMessage heartbeat(long round) {
        return new GroupMessage(1, new Message.Heartbeat(1, 0, round));
    }

    private static GroupMessage append(int payloadBytes) {
        return new GroupMessage(
                1,
                new Message.AppendRequest(
                        1, EntryId.ZERO, 0, List.of(new Entry(1, 1, EntryKind.COMMAND, new byte[payloadBytes]))));
    }

    @AfterEach
    void close() {
        for (Node node : nodes) {
            node.transport.close();
            node.server.shutdownNow();
        }
    }

    @Test
    void messagesArriveInOrderInFramesOfManyAndTheLargestEntryToo() throws Exception {
        Node a = new Node("a", "fleet");
        Node b = new Node("b", "fleet");
        a.know(b);
        a.sendUntilReceived(b);
        long framesBefore = a.transport.stats().framesOut();
        List<GroupMessage> many = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            many.add(heartbeat(i));
        }
        b.received.clear();
        a.transport.send(b.id, many);
        for (int i = 0; i < 10_000; i++) {
            assertThat(b.received.poll(60, TimeUnit.SECONDS)).isEqualTo(heartbeat(i));
        }
        assertThat(a.transport.stats().framesOut() - framesBefore).isLessThanOrEqualTo(2);
        GroupMessage large = append(MessageCodec.MAX_PAYLOAD_BYTES);
        a.transport.send(b.id, List.of(large));
        assertThat(b.received.poll(60, TimeUnit.SECONDS)).isEqualTo(large);
    }

    @Test
    void aNodeThatComesBackAtANewPortIsFoundThere() throws Exception {
        Node a = new Node("a", "fleet");
        Node b = new Node("b", "fleet");
        a.know(b);
        a.sendUntilReceived(b);
        String old = b.address();
        b.transport.close();
        b.server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
        Node again = new Node("b", "fleet", 2);
        again.transport.setAddress(a.id, a.address());
        a.sendUntilReceived(again);
        a.transport.setAddress(b.id, old); // told once more by whoever knows only the old one
        a.sendUntilReceived(again);
        again.sendUntilReceived(a);
    }

    @Test
    void aNodeThatWasNeverNamedIsNotHeard() throws Exception {
        Node a = new Node("a", "fleet");
        Node b = new Node("b", "fleet");
        a.transport.setAddress(b.id, b.address());
        expectNothingFrom(a, b);
        b.transport.setAddress(a.id, a.address());
        a.sendUntilReceived(b);
    }

    @Test
    void aPeerThatWasAwayIsReachedAgainSoonAfterItIsBack() throws Exception {
        Node a = new Node("a", "fleet");
        Node b = new Node("b", "fleet");
        a.know(b);
        long began = System.nanoTime();
        a.sendUntilReceived(b);
        long usual = System.nanoTime() - began;
        int port = b.server.getPort();
        b.server.shutdownNow().awaitTermination(60, TimeUnit.SECONDS);
        b.received.clear();
        long away = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
        while (System.nanoTime() < away) {
            a.transport.send(b.id, List.of(heartbeat(1)));
            assertThat(b.received.poll(20, TimeUnit.MILLISECONDS)).isNull();
        }
        assertThat(a.transport.stats().dropped())
                .as("nothing old is kept for it")
                .isPositive();
        b.server = GrpcRaftService.configure(NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", port)))
                .directExecutor()
                .addService(new GrpcRaftService(b.transport))
                .build()
                .start();
        long back = System.nanoTime();
        a.sendUntilReceived(b);
        assertThat(System.nanoTime() - back)
                .as("a second between attempts, and what the machine takes for one")
                .isLessThan(TimeUnit.MILLISECONDS.toNanos(1_500) + 10 * usual);
    }

    @Test
    void anotherFleetIsRefused() throws Exception {
        Node a = new Node("a", "fleet-1");
        Node b = new Node("b", "fleet-2");
        a.know(b);
        expectNothingFrom(a, b);
    }

    @Test
    void aNodeThatIsNotTheOneMeantIsRefused() throws Exception {
        Node a = new Node("a", "fleet");
        Node b = new Node("b", "fleet");
        NodeId meant = new NodeId("c");
        a.transport.setAddress(meant, b.address());
        for (int i = 0; i < 10; i++) {
            a.transport.send(meant, List.of(heartbeat(i)));
            assertThat(b.received.poll(50, TimeUnit.MILLISECONDS)).isNull();
        }
        assertThat(b.transport.stats().framesIn()).isZero();
    }

    @Test
    void aNodeWithoutAFleetIsRefused() throws Exception {
        Node a = new Node("a", "");
        Node b = new Node("b", "fleet");
        a.know(b);
        expectNothingFrom(a, b);
    }

    @Test
    void whatDoesNotFitIntoTheQueueIsDropped() throws Exception {
        Node a = new Node("a", "fleet");
        NodeId silent = new NodeId("silent");
        try (ServerSocket accepting = new ServerSocket(0)) {
            a.transport.setAddress(silent, "127.0.0.1:" + accepting.getLocalPort());
            for (int i = 0; i < 100; i++) {
                a.transport.send(silent, List.of(append(100_000)));
            }
            assertThat(a.transport.stats().dropped()).isGreaterThanOrEqualTo(89);
        }
    }

    private static void expectNothingFrom(Node a, Node b) throws Exception {
        for (int i = 0; i < 10; i++) {
            a.transport.send(b.id, List.of(heartbeat(i)));
            assertThat(b.received.poll(50, TimeUnit.MILLISECONDS)).isNull();
        }
        assertThat(b.transport.stats().framesIn()).isZero();
    }
}
