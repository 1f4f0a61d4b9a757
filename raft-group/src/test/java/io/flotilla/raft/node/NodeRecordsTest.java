package io.flotilla.raft.node;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.disk.StateFile;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.log.segment.LogConfig;
import io.flotilla.raft.log.segment.SegmentedLogStore;
import io.flotilla.raft.sim.CrashPoints;
import io.flotilla.raft.sim.DiskTimer;
import io.flotilla.raft.sim.SimDisk;
import io.flotilla.raft.transport.NodeStart;
import io.flotilla.raft.transport.PeerRecord;
import java.io.IOException;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class NodeRecordsTest {
    private static final NodeId N2 = new NodeId("n2");
    private static final NodeId N3 = new NodeId("n3");

    private static final class Timer implements DiskTimer {
        private long now;

        @Override
        public long now() {
            return now;
        }

        @Override
        public void spend(long nanos) {
            now += nanos;
        }

        @Override
        public long taskStart() {
            return 0;
        }
    }

    private final Timer timer = new Timer();
    private final SimDisk disk = new SimDisk("n1", timer, 1);

    private static SegmentedLogStore log(Disk on) throws IOException {
        return SegmentedLogStore.open(on, "log", new LogConfig(8192, 32768, 77, 2));
    }

    private static NodeRecords open(Disk on) throws IOException {
        return NodeRecords.open(on, log(on), 11);
    }

    private static void use(SimDisk on) throws IOException {
        try (SegmentedLogStore log = log(on)) {
            GroupDescriptor group = new GroupDescriptor(1, Membership.of(new NodeId("n1")), new byte[0]);
            log.write(List.of(new GroupWrite(1, group, null, null, List.of())));
        }
    }

    @Test
    void eachStartHasTheNextIncarnationAndKnowsWhereItsLogBegan() throws IOException {
        assertThat(open(disk).start()).isEqualTo(new NodeStart(1, 11, 0));
        use(disk);
        long batches;
        try (SegmentedLogStore log = log(disk)) {
            batches = log.lastBatch();
            assertThat(batches).isPositive();
            assertThat(NodeRecords.open(disk, log, -5).start()).isEqualTo(new NodeStart(2, -5, batches));
        }
        SimDisk cut = disk.crash(timer.now, new SplittableRandom(1));
        assertThat(open(cut).start()).isEqualTo(new NodeStart(3, 11, batches));
    }

    /** The power goes at any moment of a start, also of many starts after one another. */
    @Test
    void noIncarnationIsEverUsedTwice() throws IOException {
        int interrupted = 0;
        for (int seed = 0; seed < 300; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            SimDisk now = new SimDisk("n1", timer, seed);
            now.syncLatency(1_000, 1_000);
            long highest = 0;
            for (int life = 0; life < 8; life++) {
                long before = timer.now;
                NodeStart start = open(now).start();
                long end = before + random.nextLong(timer.now - before + 1) + random.nextInt(2) * 1_000;
                if (end >= timer.now) {
                    // it may have told somebody
                    assertThat(start.incarnation()).isGreaterThan(highest);
                    highest = start.incarnation();
                } else {
                    interrupted++;
                }
                timer.now = Math.max(timer.now, end);
                now = now.crash(end, random);
                now.syncLatency(1_000, 1_000);
            }
        }
        assertThat(interrupted).isGreaterThan(500);
    }

    /** A crash after each step of a write, then one after each step of the start after it. */
    @Test
    void pairsOfCrashesUseNoIncarnationTwiceAndForgetNothingWritten() throws IOException {
        CrashPoints first = new CrashPoints(4);
        SimDisk running = new SimDisk("n1", first, 3);
        NodeRecords records = open(first.stepped(running));
        records.durable(N2, 7);
        records.write();
        long[] pairs = {0};
        first.enumerate(
                running,
                stepped -> {
                    records.durable(N2, 8);
                    records.write();
                },
                (left, whole) -> {
                    CrashPoints second = new CrashPoints(4, first.now());
                    SimDisk disk = left.on(second);
                    long least = whole ? 8 : 7;
                    second.enumerate(disk, stepped -> assertKnown(stepped, 2, least), (again, told) -> {
                        pairs[0]++;
                        // a start that came to its end may have told its incarnation to others
                        assertKnown(again, told ? 3 : 2, least);
                    });
                });
        assertThat(pairs[0]).isGreaterThan(500);
    }

    private void assertKnown(Disk on, long leastIncarnation, long leastBatch) throws IOException {
        NodeRecords found = open(on);
        assertThat(found.start().incarnation()).isGreaterThanOrEqualTo(leastIncarnation);
        assertThat(found.of(N2).durableBatch()).isBetween(leastBatch, 8L);
    }

    @Test
    void whatIsKnownOfPeersSurvivesRestartsOnceItIsWritten() throws IOException {
        NodeRecords records = open(disk);
        assertThat(records.of(N2)).isEqualTo(PeerRecord.NONE);
        assertThat(records.isChanged()).isFalse();
        assertThat(records.greeted(N2, new NodeStart(4, 1, 100))).isTrue();
        assertThat(records.greeted(N2, new NodeStart(4, 2, 90)))
                .as("no later incarnation")
                .isFalse();
        records.durable(N2, 120);
        records.durable(N2, 110);
        assertThat(records.greeted(N3, new NodeStart(1, 1, 0))).isTrue();
        assertThat(records.isChanged()).isTrue();
        records.write();
        assertThat(records.isChanged()).isFalse();
        records.durable(N2, 130);
        assertThat(records.of(N2)).isEqualTo(new PeerRecord(4, 1, 130));

        SimDisk cut = disk.crash(timer.now, new SplittableRandom(1));
        NodeRecords again = open(cut);
        assertThat(again.of(N2)).as("130 was heard and not written").isEqualTo(new PeerRecord(4, 1, 120));
        assertThat(again.greeted(N2, new NodeStart(3, 1, 5))).isFalse();
        assertThat(again.of(N2)).as("a peer that came back with less").isEqualTo(new PeerRecord(4, 1, 120));
        assertThat(again.all()).containsOnlyKeys(N2, N3);
        assertThat(again.start().incarnation()).isEqualTo(2);
    }

    @Test
    void writingAgainCanBeCutAtAnyMoment() throws IOException {
        disk.syncLatency(1_000, 1_000);
        NodeRecords records = open(disk);
        records.durable(N2, 7);
        records.write();
        long before = timer.now;
        records.durable(N2, 8);
        records.write();
        for (int seed = 0; seed < 200; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            SimDisk cut = disk.crash(before + random.nextLong(timer.now - before + 1), random);
            NodeRecords after = open(cut);
            assertThat(after.of(N2).durableBatch()).isBetween(7L, 8L);
            assertThat(after.start().incarnation()).isEqualTo(2);
        }
    }

    @Test
    void strangersBeyondTheBoundAreNotRemembered() throws IOException {
        NodeRecords records = open(disk);
        for (int i = 0; i < NodeRecords.MOST_PEERS; i++) {
            records.durable(new NodeId("p" + i), i);
        }
        records.write();
        assertThat(records.greeted(N2, new NodeStart(1, 1, 1))).isFalse();
        records.durable(new NodeId("p0"), 99);
        assertThat(records.of(N2)).isEqualTo(PeerRecord.NONE);
        assertThat(records.of(new NodeId("p0")).durableBatch()).isEqualTo(99);
        records.write();
        assertThat(open(disk).all()).hasSize(NodeRecords.MOST_PEERS);
    }

    @Test
    void aRefusedDirectoryIsNotStartedAgainAndCountsNothing() throws IOException {
        NodeRecords records = open(disk);
        records.refuse("node n2 does not take this start: it is older");
        records.write();
        for (int i = 0; i < 3; i++) {
            SimDisk cut = disk.crash(timer.now, new SplittableRandom(i));
            assertThatThrownBy(() -> open(cut))
                    .isInstanceOf(DirectoryRefusedException.class)
                    .hasMessageContaining("node n2 does not take this start: it is older")
                    .hasMessageContaining(disk.describe(NodeRecords.FILE));
            assertThat(new String(
                            new StateFile(cut, NodeRecords.FILE, NodeRecords.FILE_VERSION)
                                    .read()
                                    .orElseThrow(),
                            UTF_8))
                    .contains("incarnation 1\n");
        }
    }

    @Test
    void aFileThatIsGoneOrMakesNoSenseStopsTheNode() throws IOException {
        open(disk);
        use(disk);
        for (String content : new String[] {"", "incarnation 0\n", "peer n2 1 1\n", "incarnation 3\nstranger\n"}) {
            new StateFile(disk, NodeRecords.FILE, NodeRecords.FILE_VERSION).write(content.getBytes(UTF_8));
            assertThatThrownBy(() -> open(disk))
                    .isInstanceOf(StateFile.StateFileException.class)
                    .hasMessageContaining(disk.describe(NodeRecords.FILE));
        }
        new StateFile(disk, NodeRecords.FILE).delete();
        assertThatThrownBy(() -> open(disk))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(disk.describe(NodeRecords.FILE) + " is gone: restore it; there is a log");
    }
}
