package io.flotilla.raft.transport.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.disk.os.OsDisk;
import io.flotilla.raft.runtime.threads.ThreadRuntime;
import io.flotilla.raft.transfer.TransferConfig;
import io.flotilla.raft.transfer.TransferCounters;
import io.flotilla.raft.transfer.TransferProvider;
import io.flotilla.raft.transfer.TransferSource;
import io.flotilla.raft.transfer.TransferStore;
import io.flotilla.raft.transfer.TransferTarget;
import io.flotilla.raft.transfer.Transfers;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.GroupMessage;
import io.flotilla.raft.transport.NodeStart;
import io.flotilla.raft.transport.PeerRecord;
import io.flotilla.raft.transport.TransferId;
import io.flotilla.raft.transport.TransportReceiver;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A transfer over gRPC whose connections break ten times. By default 64 MiB; {@code -Dflotilla.transfer.mib=2048} is the full size.
 */
@Timeout(value = 20, unit = TimeUnit.MINUTES)
class BrokenTransferTest {
    private static final NodeId HERE = new NodeId("here");
    private static final NodeId THERE = new NodeId("there");
    private static final TransferId ID = TransferId.of(new byte[] {9, 1});
    private static final long SIZE = Long.getLong("flotilla.transfer.mib", 64) << 20;

    /** Each break costs a window: it is as large beside the content as the defaults' are beside 2 GiB. */
    private static final TransferConfig CONFIG = SIZE >= 1L << 30
            ? TransferConfig.defaults()
            : new TransferConfig(2, 2, 16 << 10, 16, 256L << 20, 500_000_000L, 1_000_000_000L, 15_000_000_000L);

    @TempDir
    private Path directory;

    private final CompletableFuture<Long> arrived = new CompletableFuture<>();
    private final CompletableFuture<String> failed = new CompletableFuture<>();
    private final Node here = new Node(HERE);
    private final Node there = new Node(THERE);

    private final class Node {
        final ThreadRuntime runtime;
        final GrpcTransport transport;
        Server server;
        Transfers transfers;
        int port;
        private int starts;

        Node(NodeId id) {
            runtime = new ThreadRuntime(id.value(), (lane, cause) -> failed.complete("a defect: " + cause));
            transport = new GrpcTransport(id, () -> "127.0.0.1:" + port, () -> "fleet");
        }

        void serve() throws IOException {
            server = GrpcRaftService.configure(NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", port)))
                    .directExecutor()
                    .addService(new GrpcRaftService(transport))
                    .build()
                    .start();
            port = server.getPort();
        }

        void start(Path home) {
            transfers = new Transfers(
                    CONFIG,
                    runtime.clock(),
                    runtime.lane("transfers"),
                    transport,
                    new OsDisk(home),
                    new TransferCounters());
            transfers.bind(ID.kind(), new Provider(), new Target());
            transport.start(
                    new NodeStart(++starts, starts, 0), () -> 0, peer -> PeerRecord.NONE, new TransportReceiver() {
                        @Override
                        public void receive(NodeId from, List<GroupMessage> messages) {}

                        @Override
                        public void receiveBulk(NodeId from, BulkMessage message) {
                            transfers.receive(from, message);
                        }
                    });
            transfers.start(cause -> failed.complete("not started: " + cause));
        }

        void breakConnections() throws Exception {
            server.shutdownNow().awaitTermination(60, TimeUnit.SECONDS);
            serve();
        }

        void close() {
            transport.close();
            server.shutdownNow();
            runtime.close();
        }
    }

    /** Bytes that follow from their place. */
    private static byte[] bytes(long at, int length) {
        byte[] bytes = new byte[length];
        new SplittableRandom(at).nextBytes(bytes);
        return bytes;
    }

    private static final class Provider implements TransferProvider {
        @Override
        public void open(NodeId peer, TransferId id, byte[] position, Opening opening) {
            opening.opened(new TransferSource() {
                private long at;

                @Override
                public void seek(byte[] to) {
                    at = to.length == 0 ? 0 : ByteBuffer.wrap(to).getLong();
                }

                @Override
                public Chunk next(int maxBytes) {
                    if (at == SIZE) {
                        return null;
                    }
                    byte[] part = bytes(at, (int) Math.min(maxBytes, SIZE - at));
                    at += part.length;
                    return new Chunk(
                            part, ByteBuffer.allocate(Long.BYTES).putLong(at).array());
                }

                @Override
                public void close() {}
            });
        }

        @Override
        public void closed(NodeId peer, TransferId id, Throwable cause) {}

        @Override
        public void misplaced(NodeId peer, TransferId id) {}

        @Override
        public void over(NodeId peer, TransferId id, BulkMessage.Outcome outcome, String text) {}
    }

    private final class Target implements TransferTarget {
        @Override
        public void offered(NodeId from, TransferId id) {}

        @Override
        public boolean recovered(NodeId from, TransferId id) {
            return true;
        }

        @Override
        public void begun(TransferId id, byte[] first) {}

        @Override
        public void whole(TransferId id, TransferStore parts) {
            try {
                TransferStore.Reader reader = parts.read();
                long at = 0;
                for (byte[] part = reader.next(); part != null; part = reader.next()) {
                    if (!Arrays.equals(part, bytes(at, part.length))) {
                        failed.complete("other bytes at " + at);
                    }
                    at += part.length;
                }
                arrived.complete(at);
            } catch (IOException e) {
                failed.complete("unreadable: " + e);
            }
            there.transfers.receiver().end(id, BulkMessage.Outcome.HELD, "");
        }

        @Override
        public void failed(TransferId id, Failure failure, String text) {
            failed.complete(failure + " " + text);
        }
    }

    @AfterEach
    void close() {
        here.close();
        there.close();
    }

    @Test
    void tenBrokenConnectionsCostLessThanATenthOfTheContent() throws Exception {
        here.serve();
        there.serve();
        here.transport.setAddress(THERE, "127.0.0.1:" + there.port);
        there.transport.setAddress(HERE, "127.0.0.1:" + here.port);
        here.start(directory.resolve("here"));
        there.start(directory.resolve("there"));
        there.transfers.lane().execute(() -> {
            there.transfers.receiver().fetch(HERE, ID, new Target());
            there.transfers.keepTicking();
        });
        for (int cut = 1; cut <= 10; cut++) {
            long threshold = SIZE / 12 * cut;
            while (there.transfers.counters().bytesIn.sum() < threshold && !failed.isDone()) {
                LockSupport.parkNanos(1_000_000);
            }
            (cut % 2 == 0 ? here : there).breakConnections();
        }
        CompletableFuture.anyOf(arrived, failed).get(10, TimeUnit.MINUTES);
        assertThat(failed).isNotDone();
        assertThat(arrived).isCompletedWithValue(SIZE);
        long sent = here.transfers.counters().bytesOut.sum();
        System.out.printf("%d MiB, ten broken connections, sent %.3f times%n", SIZE >> 20, (double) sent / SIZE);
        assertThat(sent).isBetween(SIZE, SIZE * 11 / 10);
    }
}
