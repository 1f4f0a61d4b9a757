package io.flotilla.raft.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.disk.DiskFile;
import io.flotilla.raft.transfer.TransferConfig;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.TransferId;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Logs that keep a few entries only, and snapshots for whoever was away for longer. */
@Timeout(60)
class SnapshotHostTest {
    private static final int KEPT = 50;

    private long bytesPerSecond = 64 << 20;
    private final MemoryNetwork network = new MemoryNetwork();
    private final Map<NodeId, MemoryLogStore> logs = new ConcurrentHashMap<>();
    private final TestFleet fleet = new TestFleet(this::log, network::transport) {
        @Override
        HostConfig change(HostConfig config) {
            return config.withTransfers(
                    new TransferConfig(2, 2, 4_000, 4, bytesPerSecond, 20_000_000L, 50_000_000L, 2_000_000_000L));
        }
    };

    private MemoryLogStore log(NodeId id) {
        MemoryLogStore log = logs.computeIfAbsent(id, i -> new MemoryLogStore());
        log.keepAtMost(KEPT);
        return log;
    }

    @BeforeEach
    void start() {
        fleet.startAll();
        fleet.create(2);
    }

    @AfterEach
    void stop() throws Exception {
        List<Throwable> defects = new ArrayList<>();
        List<String> halted = new ArrayList<>();
        for (TestNode node : fleet.nodes.values()) {
            defects.addAll(node.defects);
            node.host.status().stream()
                    .map(GroupStatus::failure)
                    .filter(failure -> failure != null)
                    .forEach(halted::add);
        }
        fleet.closeAll();
        assertThat(defects).isEmpty();
        assertThat(halted).as("replicas halted by themselves").isEmpty();
    }

    /** A node that is closed before its groups are durable would come back without them. */
    private void closeAllOnceFounded() throws Exception {
        for (TestNode node : fleet.nodes.values()) {
            for (long group = 1; group <= 2; group++) {
                node.machines.opened(group).get(20, TimeUnit.SECONDS);
            }
        }
        fleet.closeAll();
    }

    private long increment(int times) throws Exception {
        long count = 0;
        for (int done = 0; done < times; done += 20) {
            count = (Long) fleet.untilDone(node -> {
                List<CompletableFuture<Object>> all = new ArrayList<>();
                for (int i = 0; i < 20; i++) {
                    all.add(node.increment(1));
                }
                return CompletableFuture.allOf(all.toArray(new CompletableFuture<?>[0]))
                        .thenApply(done20 -> all.get(19).join());
            });
        }
        return count;
    }

    /** Increments until no log that is still there holds what the node that is away needs next. */
    private long incrementUntilCut() throws Exception {
        long last = increment(20);
        while (fleet.nodes.values().stream()
                .anyMatch(node -> node.host.status(1).firstIndex() < 200)) {
            last = increment(20);
        }
        return last;
    }

    /** The node has everything, and what comes after it. */
    private void goesOn(TestNode node, long count) throws Exception {
        CounterMachine machine = node.machines.opened(1).get(20, TimeUnit.SECONDS);
        machine.reaches(count).get(30, TimeUnit.SECONDS);
        machine.reaches(increment(20)).get(20, TimeUnit.SECONDS);
    }

    private TestNode kill(TestNode node) {
        node.kill();
        fleet.nodes.remove(node.id);
        return node;
    }

    @Test
    void whoWasAwayForLongGetsASnapshotAndThenEntriesWhileProposalsGoOn() throws Exception {
        increment(100);
        TestNode away = kill(fleet.leaderOf(1));
        long count = incrementUntilCut();
        TestNode back = fleet.start(away.id);
        CompletableFuture<Void> caughtUp =
                back.machines.opened(1).get(20, TimeUnit.SECONDS).reaches(count);
        while (!caughtUp.isDone()) {
            count = increment(20);
        }
        goesOn(back, count);
        assertThat(back.host.stats().snapshotsInstalled()).isPositive();
        assertThat(back.host.stats().snapshotBytesIn()).isGreaterThan(100_000);
        GroupStatus status = back.host.status(1);
        assertThat(status.firstIndex()).isGreaterThan(200);
    }

    @Test
    void anOverfullLogKeepsNothingForASnapshotThatIsOut() throws Exception {
        closeAllOnceFounded();
        bytesPerSecond = 5_000; // a snapshot takes many seconds
        fleet.startAll();
        increment(100);
        TestNode away = kill(fleet.leaderOf(1));
        incrementUntilCut();
        logs.values().forEach(MemoryLogStore::overfull);
        TestNode back = fleet.start(away.id);
        long count = increment(20);
        while (back.host.stats().snapshotBytesIn() == 0) {
            count = increment(20);
        }
        long begun = count;
        TestNode leader = fleet.leaderOf(1);
        while (leader.host.status(1).firstIndex() < begun + 2 * KEPT) {
            increment(20);
        }
        assertThat(back.host.stats().snapshotsInstalled()).isZero();
    }

    @Test
    void aSlowSnapshotOfABusyGroupIsEnoughBecauseTheLogKeepsWhatFollowsIt() throws Exception {
        closeAllOnceFounded();
        bytesPerSecond = 100_000; // a snapshot takes a second
        fleet.startAll();
        increment(100);
        TestNode away = kill(fleet.leaderOf(1));
        long count = incrementUntilCut();
        TestNode back = fleet.start(away.id);
        CompletableFuture<Void> installed =
                back.machines.opened(1).get(20, TimeUnit.SECONDS).reaches(count);
        long proposed = 0;
        while (!installed.isDone()) {
            count = increment(20);
            proposed += 20;
        }
        goesOn(back, count);
        assertThat(proposed).as("many times what the logs keep").isGreaterThan(4 * KEPT);
        assertThat(back.host.stats().snapshotsInstalled()).isEqualTo(1);
        long held = count;
        while (fleet.nodes.values().stream()
                .anyMatch(node -> node.host.status(1).firstIndex() < held)) {
            increment(20); // and lets go of it afterwards
        }
    }

    @Test
    void aSnapshotArrivesThoughMuchOfItIsLostOnTheWay() throws Exception {
        increment(100);
        TestNode away = kill(fleet.leaderOf(1));
        long count = incrementUntilCut();
        SplittableRandom random = new SplittableRandom(1);
        network.lost = message -> {
            synchronized (random) {
                return random.nextInt(4) == 0;
            }
        };
        TestNode back = fleet.start(away.id);
        goesOn(back, count);
        assertThat(back.host.stats().snapshotsInstalled()).isPositive();
    }

    @Test
    void afterAStopOfAllEverythingAcknowledgedIsThereThoughTheLogsBeginLater() throws Exception {
        long count = incrementUntilCut();
        fleet.closeAll();
        fleet.startAll();
        assertThat(fleet.untilDone(node -> node.read(1))).isEqualTo(count);
        for (TestNode node : fleet.nodes.values()) {
            node.machines.opened(1).get(20, TimeUnit.SECONDS).reaches(count).get(20, TimeUnit.SECONDS);
            assertThat(node.host.status(1).firstIndex()).isGreaterThan(1);
        }
    }

    @Test
    void aReceiverThatStartsAnewInTheMiddleGoesOnBehindWhatItHolds() throws Exception {
        increment(100);
        TestNode away = kill(fleet.leaderOf(1));
        long count = incrementUntilCut();
        CompletableFuture<Void> halfWay = new CompletableFuture<>();
        network.lost = message -> {
            if (message instanceof BulkMessage.Part part && part.number() >= 10 && !halfWay.isDone()) {
                halfWay.complete(null);
            }
            return message instanceof BulkMessage.Part part && part.number() >= 10;
        };
        TestNode back = fleet.start(away.id);
        halfWay.get(20, TimeUnit.SECONDS);
        kill(back);
        network.lost = message -> false;
        back = fleet.start(away.id);
        goesOn(back, count);
        assertThat(back.host.stats().snapshotsInstalled()).isEqualTo(1);
        assertThat(back.host.stats().snapshotBytesIn())
                .as("without the first parts")
                .isBetween(1L, CounterMachine.FILLER - 6 * 4_000L);
    }

    @Test
    void aReceiverThatForgotWhatItHeldIsServedFromTheBeginning() throws Exception {
        increment(100);
        TestNode away = kill(fleet.leaderOf(1));
        long count = incrementUntilCut();
        CompletableFuture<Void> halfWay = new CompletableFuture<>();
        network.lost = message -> {
            boolean isLate = message instanceof BulkMessage.Part part && part.number() >= 10;
            if (isLate) {
                halfWay.complete(null);
            }
            return isLate;
        };
        TestNode back = fleet.start(away.id);
        halfWay.get(20, TimeUnit.SECONDS);
        kill(back);
        Disk disk = fleet.disks.get(away.id);
        for (String file : disk.list("transfers")) {
            disk.delete("transfers/" + file);
        }
        network.lost = message -> false;
        back = fleet.start(away.id);
        goesOn(back, count);
        assertThat(back.host.stats().snapshotsInstalled()).isEqualTo(1);
        assertThat(back.host.stats().snapshotBytesIn()).isGreaterThan(CounterMachine.FILLER);
    }

    @Test
    void aReceiverThatForgotWhatItHeldGetsAnotherSnapshotFromASenderThatStartedAnew() throws Exception {
        increment(100);
        TestNode away = kill(fleet.leaderOf(1));
        long count = incrementUntilCut();
        fleet.nodes.values().forEach(node -> node.machines.snapshotsLast = true);
        CompletableFuture<Void> halfWay = new CompletableFuture<>();
        network.lost = message -> {
            boolean isLate = message instanceof BulkMessage.Part part && part.number() >= 10;
            if (isLate) {
                halfWay.complete(null);
            }
            return isLate;
        };
        TestNode back = fleet.start(away.id);
        halfWay.get(20, TimeUnit.SECONDS);
        network.lost = message -> message instanceof BulkMessage.Part || message instanceof BulkMessage.Offer;
        TestNode sender = fleet.nodes.values().stream()
                .filter(node -> !node.machines.keptSnapshots().isEmpty())
                .findFirst()
                .orElseThrow();
        kill(sender);
        sender = fleet.start(sender.id);
        sender.machines.reopened.get(20, TimeUnit.SECONDS);
        kill(back);
        Disk disk = fleet.disks.get(away.id);
        for (String file : disk.list("transfers")) {
            forgetParts(disk, "transfers/" + file);
        }
        network.lost = message -> false;
        goesOn(fleet.start(away.id), count);
        assertThat(sender.host.status(1).failure()).isNull();
    }

    /** As a power cut does before they are durable. */
    private static void forgetParts(Disk disk, String path) throws Exception {
        try (DiskFile file = disk.open(path)) {
            ByteBuffer fixed = ByteBuffer.allocate(16);
            assertThat(file.read(fixed, 0)).isEqualTo(16);
            file.setSize(16 + fixed.getInt(8));
        }
    }

    @Test
    void aNodeThatStopsWhileASnapshotIsMadeToLastClosesItBeforeItsEnd() throws Exception {
        increment(100);
        TestNode away = kill(fleet.leaderOf(1));
        incrementUntilCut();
        TestNode leader = fleet.leaderOf(1);
        CountDownLatch gate = new CountDownLatch(1);
        fleet.nodes.values().forEach(node -> node.machines.keepGate = gate);
        fleet.start(away.id);
        leader.machines.keepBegun.get(20, TimeUnit.SECONDS);
        leader.host.close();
        gate.countDown();
        leader.host.closed().get(20, TimeUnit.SECONDS);
        assertThat(leader.machines.openSnapshots).hasValue(0);
    }

    @Test
    void aSnapshotThatWasMadeToLastForWhoDoesNotLeadAnyMoreDoesNotStayOnTheDisk() throws Exception {
        increment(100);
        TestNode away = kill(fleet.leaderOf(1));
        incrementUntilCut();
        TestNode leader = fleet.leaderOf(1);
        CountDownLatch gate = new CountDownLatch(1);
        leader.machines.keepGate = gate;
        leader.machines.snapshotsLast = true;
        TestNode back = fleet.start(away.id);
        leader.machines.keepBegun.get(20, TimeUnit.SECONDS);
        NodeId other = fleet.nodes.keySet().stream()
                .filter(id -> !id.equals(leader.id) && !id.equals(back.id))
                .findFirst()
                .orElseThrow();
        while (leader.id.equals(leader.host.status(1).leader())) {
            leader.host.transferLeadership(1, other, new TransferCallback() {
                @Override
                public void transferred(NodeId newLeader) {}

                @Override
                public void refused(Refusal refusal) {}
            });
            increment(20);
        }
        gate.countDown();
        goesOn(back, increment(20));
        while (leader.machines.openSnapshots.get() > 0) {
            increment(20);
        }
        increment(20);
        assertThat(leader.machines.keptSnapshots()).isEmpty();
    }

    @Test
    void aReplicaThatIsStillBeingDroppedAfterARestartTakesNoSnapshot() throws Exception {
        TestNode node = fleet.nodes.get(TestFleet.IDS.get(2));
        node.machines.opened(2).get(20, TimeUnit.SECONDS);
        CountDownLatch gate = new CountDownLatch(1);
        fleet.kept.get(node.id).get(2L).dropGate = gate;
        node.host.retire(2, Long.MAX_VALUE, new RetireCallback() {
            @Override
            public void retired() {}

            @Override
            public void isMember(long index) {}

            @Override
            public void refused(Refusal refusal) {}
        });
        node.machines.dropBegun.get(20, TimeUnit.SECONDS);
        kill(node);
        TransferId id = TransferId.of(
                ByteBuffer.allocate(17).put((byte) 1).putLong(2).putLong(5).array());
        CompletableFuture<BulkMessage> answer = new CompletableFuture<>();
        network.lost = message -> {
            if (message instanceof BulkMessage.Over over && over.id().equals(id)
                    || message instanceof BulkMessage.Ask ask && ask.id().equals(id)) {
                answer.complete(message);
            }
            return false;
        };
        node = fleet.start(node.id);
        node.machines.dropBegun.get(20, TimeUnit.SECONDS);
        network.inject(TestFleet.IDS.get(0), node.id, new BulkMessage.Offer(id));
        assertThat(answer.get(20, TimeUnit.SECONDS)).isInstanceOf(BulkMessage.Over.class);
        gate.countDown();
    }
}
