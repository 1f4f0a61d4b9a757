package io.flotilla.raft.transport.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.runtime.threads.ThreadRuntime;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.GroupMessage;
import io.flotilla.raft.transport.NodeStart;
import io.flotilla.raft.transport.TransportReceiver;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Two nodes whose connections, and for a while whose lanes, have threads of their own. */
class NetworkThreadsTest {
    private static final NodeId A = new NodeId("a");
    private static final NodeId B = new NodeId("b");
    private static final int ROUNDS = 300;
    private static final long ROUND_NANOS = 1_000_000;

    private final BlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();
    private final Node a = new Node(A);
    private final Node b = new Node(B);

    /** Sends back what it gets, one round higher, from its lane. */
    private final class Node implements TransportReceiver {
        final NodeId id;
        final NetworkThreads threads;
        final ThreadRuntime runtime;
        final GrpcTransport transport;
        final Server server;
        final Lane lane;
        final List<Long> times = new ArrayList<>(); // the lane's
        final AtomicInteger carried = new AtomicInteger();
        final CountDownLatch done = new CountDownLatch(1);

        Node(NodeId id) {
            this.id = id;
            threads = new NetworkThreads(id + "-net", 1);
            runtime = new ThreadRuntime(id.value(), (which, cause) -> failures.add(cause), threads);
            lane = runtime.nonBlockingLane("worker");
            transport = new GrpcTransport(id, this::address, () -> "fleet", threads);
            try {
                NettyServerBuilder builder = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0));
                server = GrpcRaftService.configure(threads.serve(builder, new AcceptedConnections("test", 100)))
                        .directExecutor()
                        .addService(new GrpcRaftService(transport))
                        .build()
                        .start();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            transport.start(new NodeStart(1, 1, 0), () -> 0, this);
        }

        String address() {
            return "127.0.0.1:" + server.getPort();
        }

        @Override
        public void receive(NodeId from, List<GroupMessage> messages) {
            runtime.runInline(() -> lane.execute(() -> {
                if (Thread.currentThread().getName().startsWith(id + "-net")) {
                    carried.incrementAndGet();
                }
                for (GroupMessage message : messages) {
                    answer(from, ((Message.Heartbeat) message.message()).round());
                }
            }));
        }

        private void answer(NodeId from, long round) {
            times.add(System.nanoTime());
            if (round <= ROUNDS) {
                transport.send(from, List.of(heartbeat(round + 1)));
            }
            if (round >= ROUNDS) {
                done.countDown();
            }
        }

        /** Between two messages. After the end. */
        private long medianNanos() {
            long[] between = new long[times.size() - 1];
            for (int i = 0; i < between.length; i++) {
                between[i] = times.get(i + 1) - times.get(i);
            }
            Arrays.sort(between);
            return between[between.length / 2];
        }

        @Override
        public void receiveBulk(NodeId from, BulkMessage message) {}

        void close() {
            server.shutdownNow();
            transport.close();
            runtime.close();
            threads.close();
        }
    }

    private static GroupMessage heartbeat(long round) {
        return new GroupMessage(1, new Message.Heartbeat(1, 0, round));
    }

    @AfterEach
    void close() {
        a.close();
        b.close();
    }

    private void play() throws Exception {
        a.transport.setAddress(B, b.address());
        b.transport.setAddress(A, a.address());
        a.transport.send(B, List.of(heartbeat(1)));
        assertThat(a.done.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(b.done.await(30, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void lanesThatAreCarriedRunOnTheNetworksThreadsInRounds() throws Exception {
        for (Node node : List.of(a, b)) {
            node.runtime.setInlineRuns(false);
            assertThat(node.runtime.carry(ROUND_NANOS)).isTrue();
        }
        play();
        for (Node node : List.of(a, b)) {
            assertThat(node.carried).hasValueGreaterThan(ROUNDS / 4);
            // a message there and back is a round of each, one of which at least waits for its round
            assertThat(node.medianNanos()).isGreaterThan(ROUND_NANOS / 2);
        }
        assertThat(failures).isEmpty();
    }

    @Test
    void withoutAnIntervalNothingWaits() throws Exception {
        for (Node node : List.of(a, b)) {
            assertThat(node.runtime.carry(50 * ROUND_NANOS)).isTrue();
            assertThat(node.runtime.carry(0)).isFalse();
        }
        play();
        assertThat(a.medianNanos()).isLessThan(20 * ROUND_NANOS);
        assertThat(failures).isEmpty();
    }

    @Test
    void afterTheCloseNothingIsCarried() {
        a.close();
        assertThatThrownBy(() -> a.threads.carrier(0).execute(() -> {})).isInstanceOf(RejectedExecutionException.class);
    }
}
