package io.flotilla.raft.transport.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.transport.BulkCodec;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.BulkMessage.Offer;
import io.flotilla.raft.transport.BulkMessage.Part;
import io.flotilla.raft.transport.GroupMessage;
import io.flotilla.raft.transport.NodeStart;
import io.flotilla.raft.transport.TransferId;
import io.flotilla.raft.transport.TransportReceiver;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class PeerLinkTest {
    private static final NodeId THERE = new NodeId("there");

    private static TransferId id(int number) {
        return TransferId.of(new byte[] {1, (byte) number});
    }

    private final BlockingQueue<BulkMessage> arrived = new LinkedBlockingQueue<>();
    private final BlockingQueue<BulkMessage> waiting = new LinkedBlockingQueue<>();
    private final AtomicInteger troubles = new AtomicInteger();
    private final RetryTimer timer = new RetryTimer("retries");
    private final GrpcTransport here = new GrpcTransport(new NodeId("here"), this::ownAddress, () -> "fleet");
    private final GrpcTransport there = new GrpcTransport(THERE, () -> "127.0.0.1:1", () -> "fleet");
    private volatile int failuresToCome;
    private Server server;

    /** Fails as class loading does in a process that runs out of memory. */
    private void mayFail() {
        if (failuresToCome > 0) {
            failuresToCome--;
            troubles.incrementAndGet();
            throw new NoClassDefFoundError("io/flotilla/Missing");
        }
    }

    private String ownAddress() {
        mayFail();
        return "127.0.0.1:1";
    }

    private final FrameQueue queue = new FrameQueue() {
        @Override
        public byte[] nextFrame() {
            if (waiting.isEmpty()) {
                return null;
            }
            mayFail();
            return BulkCodec.encode(waiting.poll());
        }

        @Override
        public int clear() {
            return 0;
        }

        @Override
        public void close() {}
    };

    @BeforeEach
    void serve() throws Exception {
        there.start(new NodeStart(1, 1, 0), () -> 0, new TransportReceiver() {
            @Override
            public void receive(NodeId from, List<GroupMessage> messages) {}

            @Override
            public void receiveBulk(NodeId from, BulkMessage message) {
                arrived.add(message);
            }
        });
        here.start(new NodeStart(1, 1, 0), () -> 0, new TransportReceiver() {
            @Override
            public void receive(NodeId from, List<GroupMessage> messages) {}

            @Override
            public void receiveBulk(NodeId from, BulkMessage message) {}
        });
        server = GrpcRaftService.configure(NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0)))
                .directExecutor()
                .addService(new GrpcRaftService(there))
                .build()
                .start();
    }

    @AfterEach
    void close() {
        here.close();
        there.close();
        server.shutdownNow();
        timer.close();
    }

    private PeerLink link() {
        PeerLink link = new PeerLink(here, THERE, timer, GrpcTransport.BULK, queue);
        link.configured("127.0.0.1:" + server.getPort());
        return link;
    }

    @Test
    void anErrorWhileWritingEndsTheStreamAndNotTheLink() throws Exception {
        PeerLink link = link();
        link.start();
        waiting.add(new Offer(id(0)));
        link.write();
        assertThat(arrived.poll(10, TimeUnit.SECONDS)).isEqualTo(new Offer(id(0)));
        failuresToCome = 3;
        waiting.add(new Offer(id(1)));
        link.write();
        assertThat(arrived.poll(10, TimeUnit.SECONDS)).isEqualTo(new Offer(id(1)));
        assertThat(troubles).hasValue(3);
        link.close();
    }

    @Test
    void anErrorWhileConnectingIsFollowedByAnotherAttempt() throws Exception {
        failuresToCome = 3;
        PeerLink link = link();
        waiting.add(new Offer(id(7)));
        link.start();
        assertThat(arrived.poll(10, TimeUnit.SECONDS)).isEqualTo(new Offer(id(7)));
        assertThat(troubles).hasValue(3);
        link.close();
    }

    @Test
    void bulkTravelsInOrderBesideMessagesAndWhatDoesNotFitIsDropped() throws Exception {
        here.setAddress(THERE, "127.0.0.1:" + server.getPort());
        for (int i = 0; i < 50; i++) {
            here.sendBulk(THERE, new Part(id(1), i, false, new byte[0], new byte[100_000]));
        }
        for (int i = 0; i < 50; i++) {
            assertThat(((Part) arrived.poll(10, TimeUnit.SECONDS)).number()).isEqualTo(i);
        }
        NodeId unknown = new NodeId("unknown");
        here.sendBulk(unknown, new Offer(id(1)));
        assertThat(here.stats().dropped()).isEqualTo(1);
        here.setAddress(unknown, "127.0.0.1:1");
        int tooMany = (int) (GrpcTransport.QUEUE_BYTES / 1_000_000) + 10;
        for (int i = 0; i < tooMany; i++) {
            here.sendBulk(unknown, new Part(id(1), i, false, new byte[0], new byte[1_000_000]));
        }
        assertThat(here.stats().dropped()).isGreaterThan(5);
    }
}
