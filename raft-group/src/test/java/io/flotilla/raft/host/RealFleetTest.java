package io.flotilla.raft.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.CoreConfig;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.disk.os.OsDisk;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.segment.LogConfig;
import io.flotilla.raft.log.segment.SegmentedLogStore;
import io.flotilla.raft.transfer.TransferConfig;
import io.flotilla.raft.transport.Transport;
import io.flotilla.raft.transport.grpc.GrpcRaftService;
import io.flotilla.raft.transport.grpc.GrpcTransport;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three hosts as in production: threads, gRPC on free ports, the segmented log on the file system. */
class RealFleetTest {
    /** Keeps next to nothing in memory, so that whoever lags is served from disk. */
    private static final CoreConfig CORE =
            new CoreConfig(20, 5, 4 << 10, 64, 1 << 20, 1 << 20, 64 << 10, 1 << 10, true);

    @TempDir
    private Path directory;

    private final Map<NodeId, Server> servers = new TreeMap<>();
    private final Map<NodeId, GrpcTransport> transports = new TreeMap<>();
    private final Map<NodeId, LogStore> logs = new TreeMap<>();
    private final TestFleet fleet = new TestFleet(this::openLog, this::serve) {
        @Override
        HostConfig change(HostConfig c) {
            TransferConfig parts =
                    new TransferConfig(2, 2, 4 << 10, 4, 64 << 20, 100_000_000L, 100_000_000L, 5_000_000_000L);
            return new HostConfig(c.self(), CORE, 2, 2, 20_000_000L, c.limits(), parts);
        }
    };

    private LogStore openLog(NodeId id) {
        try {
            LogStore log = SegmentedLogStore.open(
                    new OsDisk(directory.resolve(id.value())), "log", new LogConfig(1 << 20, 7, 4));
            logs.put(id, log);
            return log;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Each start is on a new port; the others are told of none but the first. */
    private Transport serve(NodeId id) {
        GrpcTransport transport =
                new GrpcTransport(id, () -> "127.0.0.1:" + servers.get(id).getPort(), () -> "fleet");
        try {
            servers.put(
                    id,
                    GrpcRaftService.configure(NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0)))
                            .directExecutor()
                            .addService(new GrpcRaftService(transport))
                            .build()
                            .start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        boolean first = transports.put(id, transport) == null;
        for (NodeId other : TestFleet.IDS) {
            if (!other.equals(id) && servers.containsKey(other)) {
                String there = "127.0.0.1:" + servers.get(other).getPort();
                transport.setAddress(other, there);
                if (first) {
                    transports
                            .get(other)
                            .setAddress(id, "127.0.0.1:" + servers.get(id).getPort());
                }
            }
        }
        return transport;
    }

    private void kill(TestNode node) throws Exception {
        servers.get(node.id).shutdownNow().awaitTermination(60, TimeUnit.SECONDS);
        node.kill();
        logs.get(node.id).close();
        fleet.nodes.remove(node.id);
    }

    @BeforeEach
    void start() {
        fleet.startAll();
        fleet.create(3);
    }

    @AfterEach
    void stop() throws Exception {
        fleet.closeAll();
        servers.values().forEach(Server::shutdownNow);
    }

    private long incrementMany(long group, int times) throws Exception {
        return incrementMany(group, times, 100, 200);
    }

    private long incrementMany(long group, int times, int atOnce, int bytes) throws Exception {
        long count = 0;
        for (int done = 0; done < times; done += atOnce) {
            count = (Long) fleet.untilDone(node -> {
                List<CompletableFuture<Object>> all = new ArrayList<>();
                for (int i = 0; i < atOnce; i++) {
                    all.add(node.propose(group, new byte[bytes]));
                }
                return CompletableFuture.allOf(all.toArray(new CompletableFuture<?>[0]))
                        .thenApply(allDone -> all.get(atOnce - 1).join());
            });
        }
        return count;
    }

    @Test
    void aNodeThatWasAwayComesBackOnAnotherPortAndCatchesUpFromTheOthersDisks() throws Exception {
        incrementMany(1, 100);
        TestNode away = fleet.leaderOf(1);
        kill(away);
        long count = incrementMany(1, 2_000);
        assertThat(count).isGreaterThanOrEqualTo(2_100);
        TestNode back = fleet.start(away.id);
        back.machines.opened(1).get(20, TimeUnit.SECONDS).reaches(count).get(20, TimeUnit.SECONDS);
        assertThat(fleet.untilDone(node -> node.read(1))).isEqualTo(count);
    }

    @Test
    void aNodeThatWasAwayForLongerThanTheLogsReachIsSentASnapshotWhileProposalsGoOn() throws Exception {
        incrementMany(1, 100);
        TestNode away = fleet.leaderOf(1);
        kill(away);
        // 4 MB are what the logs keep
        do {
            incrementMany(1, 100, 25, 10_000);
        } while (fleet.nodes.values().stream()
                .anyMatch(node -> node.host.status(1).firstIndex() < 200));
        TestNode back = fleet.start(away.id);
        CompletableFuture<Void> caughtUp =
                back.machines.opened(1).get(20, TimeUnit.SECONDS).reaches(200);
        long count = 0;
        while (!caughtUp.isDone()) {
            count = incrementMany(1, 25, 25, 1_000);
        }
        back.machines.open.get(1L).reaches(count).get(20, TimeUnit.SECONDS);
        assertThat(back.host.stats().snapshotsInstalled()).isPositive();
        assertThat(back.host.status(1).firstIndex()).isGreaterThan(200);
        for (TestNode node : fleet.nodes.values()) {
            assertThat(node.host.status(1).failure()).isNull();
        }
    }

    @Test
    void afterAStopOfAllEverythingAcknowledgedIsThere() throws Exception {
        long[] counts = new long[4];
        for (int group = 1; group <= 3; group++) {
            counts[group] = incrementMany(group, 300);
        }
        for (TestNode node : new ArrayList<>(fleet.nodes.values())) {
            kill(node);
        }
        transports.clear(); // all start on new ports: the first start's rule again
        servers.clear();
        fleet.startAll();
        for (int group = 1; group <= 3; group++) {
            long id = group;
            assertThat(fleet.untilDone(node -> node.read(id))).isEqualTo(counts[group]);
        }
    }
}
