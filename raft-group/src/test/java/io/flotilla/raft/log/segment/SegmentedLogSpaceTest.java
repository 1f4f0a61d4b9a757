package io.flotilla.raft.log.segment;

import static io.flotilla.raft.log.segment.LogModel.base;
import static io.flotilla.raft.log.segment.LogModel.creation;
import static io.flotilla.raft.log.segment.LogModel.entry;
import static io.flotilla.raft.log.segment.LogModel.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.TermRun;
import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.RecoveredGroup;
import io.flotilla.raft.sim.DiskTimer;
import io.flotilla.raft.sim.SimDisk;
import io.flotilla.raft.sim.WatchedDisk;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Bases, the budget, and what becomes of segments that nobody needs. */
class SegmentedLogSpaceTest {
    private static final int SEGMENT = 16384;
    private static final long BUDGET = 6 * SEGMENT;
    private static final LogConfig CONFIG = new LogConfig(SEGMENT, BUDGET, 77, 2);
    private static final HardState VOTED = new HardState(3, new NodeId("n2"));

    private final SimDisk disk = new SimDisk("n1", DiskTimer.standalone(), 1);
    private final LogModel model = new LogModel();
    private SegmentedLogStore store = open();
    /** The last entry of group 1, which keeps the log busy. */
    private long last;

    private SegmentedLogStore open() {
        try {
            return SegmentedLogStore.open(disk, "log", CONFIG);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void reopen() throws IOException {
        store.close();
        store = open();
        model.assertHeldBy(store);
    }

    private void put(GroupWrite... writes) throws IOException {
        store.write(List.of(writes));
        model.apply(List.of(writes));
        LogStore.Upkeep upkeep = store.upkeep();
        if (upkeep != null) {
            upkeep.run();
        }
    }

    /** Writes entries of group 1 that fill so many segments; its base follows when it is asked for. */
    private void fill(int segments) throws IOException {
        for (int i = 0; i < segments * 6; i++) {
            last++;
            GroupWrite next = last == 1 ? creation(1, VOTED, entry(3, 1, 1800)) : write(1, null, entry(3, last, 1800));
            put(next);
            for (LogStore.Pin pin : store.pins()) {
                if (pin.groupId() == 1) {
                    put(base(1, 3, pin.index()));
                }
            }
            assertThat(logBytes()).isLessThanOrEqualTo(BUDGET + 3 * SEGMENT);
        }
    }

    private long logBytes() throws IOException {
        return disk.usedBytes() - LogBytes.read(disk, "log/" + Manifest.NAME).length;
    }

    @Test
    void entriesUpToTheBaseAreGoneAndTheRestStays() throws IOException {
        put(creation(1, VOTED, entry(1, 1, 9), entry(2, 2, 9), entry(2, 3, 9), entry(3, 4, 9)));
        put(base(1, 2, 2, entry(3, 5, 9)));
        assertThat(store.read(1, 3, 5, 1000)).containsExactly(entry(2, 3, 9), entry(3, 4, 9), entry(3, 5, 9));
        assertThatThrownBy(() -> store.read(1, 2, 5, 1000))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("holds 3 to 5");
        reopen();
        RecoveredGroup group = store.recovered().get(0);
        assertThat(group.base()).isEqualTo(new EntryId(2, 2));
        assertThat(group.terms()).containsExactly(new TermRun(3, 2), new TermRun(4, 3));
    }

    @Test
    void aBaseThatTheLogDoesNotHoldTakesAllEntriesAway() throws IOException {
        put(creation(1, VOTED, entry(1, 1, 9), entry(1, 2, 9), entry(1, 3, 9)));
        // another term at its index
        put(base(1, 2, 2));
        assertThatThrownBy(() -> store.read(1, 3, 3, 9)).isInstanceOf(IllegalArgumentException.class);
        reopen();
        put(write(1, null, entry(3, 3, 9)));
        reopen();
    }

    @Test
    void aBaseBeyondTheLogIsFollowedByTheEntriesBehindIt() throws IOException {
        put(creation(1, VOTED, entry(1, 1, 9)));
        put(base(1, 2, 40, entry(3, 41, 9)), creation(2, VOTED));
        put(new GroupWrite(2, null, new HardState(4, null), new EntryId(3, 7), List.of(entry(3, 8, 9))));
        put(new GroupWrite(3, LogModel.creation(3, null).creation(), VOTED, new EntryId(3, 5), List.of()));
        reopen();
        put(write(1, null, entry(3, 42, 9)), write(2, null, entry(4, 9, 9)), write(3, null, entry(3, 6, 9)));
        reopen();
    }

    @Test
    void aBaseBeforeThePresentOneIsRefused() throws IOException {
        put(creation(1, VOTED, entry(1, 1, 9), entry(2, 2, 9), entry(2, 3, 9)));
        put(base(1, 2, 2));
        long forces = disk.forces();
        put(base(1, 2, 2));
        assertThat(disk.forces()).as("the same base again is nothing new").isEqualTo(forces);
        for (GroupWrite refused : List.of(base(1, 1, 1), base(1, 3, 2), base(1, 1, 3), base(1, 2, 3, entry(3, 3, 9)))) {
            assertThatThrownBy(() -> store.write(List.of(refused))).isInstanceOf(IllegalArgumentException.class);
        }
        reopen();
    }

    @Test
    void aLogOfFourBudgetsIsOverfullUntilItsEntriesMayGo() throws IOException {
        put(creation(1, VOTED));
        while (logBytes() < 4 * BUDGET) {
            assertThat(store.isOverfull()).isFalse();
            put(write(1, null, entry(3, ++last, 1800)));
        }
        int segment = lastSegment();
        while (lastSegment() < segment + 2) {
            put(write(1, null, entry(3, ++last, 1800)));
        }
        assertThat(store.isOverfull()).isTrue();
        put(base(1, 3, last));
        while (lastSegment() < segment + 5) {
            put(write(1, null, entry(3, ++last, 1800)));
        }
        assertThat(store.isOverfull()).isFalse();
    }

    @Test
    void overTheBudgetTheOldestEntriesAreAskedFor() throws IOException {
        put(creation(1, VOTED), creation(2, VOTED, entry(3, 1, 1800), entry(3, 2, 1800)));
        put(write(2, null, entry(3, 3, 6000)));
        while (lastSegment() < 6) {
            assertThat(store.pins()).isEmpty();
            put(write(1, null, entry(3, ++last, 1800)));
        }
        List<LogStore.Pin> pins = store.pins();
        assertThat(pins).containsExactly(new LogStore.Pin(1, 1), new LogStore.Pin(2, 3));
        assertThat(store.pins()).isSameAs(pins);
        put(base(2, 3, 2));
        assertThat(store.pins()).isSameAs(pins);
        put(base(1, 3, 1));
        assertThat(store.pins()).containsExactly(new LogStore.Pin(2, 3));
        put(base(2, 3, 3));
        assertThat(store.pins()).isEmpty();
        fill(1);
        assertThat(disk.list("log")).doesNotContain("0000000001.log").contains("0000000002.log");
        reopen();
    }

    @Test
    void theLogKeepsItsBudget() throws IOException {
        fill(60);
        reopen();
        fill(20);
        reopen();
    }

    @Test
    void idleGroupsPinNothing() throws IOException {
        List<GroupWrite> idle = new ArrayList<>();
        for (long id = 2; id < 40; id++) {
            idle.add(id % 2 == 0 ? creation(id, null) : creation(id, new HardState(id, new NodeId("n" + id))));
        }
        put(idle.toArray(GroupWrite[]::new));
        put(new GroupWrite(5, null, null, new EntryId(5, 77), List.of()));
        fill(40);
        assertThat(disk.list("log")).doesNotContain("0000000001.log");
        reopen();
        fill(20);
        reopen();
    }

    /** As of a group without a quorum: nothing can be applied, so its base can't move. */
    @Test
    void aGroupThatCantMoveItsBasePinsNothing() throws IOException {
        put(
                creation(2, VOTED, entry(1, 1, 300), entry(1, 2, 300), entry(3, 3, 300)),
                creation(3, VOTED, entry(1, 1, 300)));
        put(write(2, null, entry(3, 4, 200)));
        fill(12);
        // replaces a part of what was copied
        put(write(2, new HardState(5, null), entry(5, 3, 100)));
        fill(40);
        assertThat(store.pins()).extracting(LogStore.Pin::groupId).doesNotContain(1L);
        reopen();
        put(write(2, null, entry(5, 4, 100)));
        fill(20);
        reopen();
    }

    /** Copying them over and over would cost more than their space. */
    @Test
    void groupsWithVeryManyBytesAreNotCopied() throws IOException {
        put(creation(2, VOTED, entry(3, 1, SEGMENT / 2)));
        put(write(2, null, entry(3, 2, SEGMENT / 2)));
        for (int i = 0; i < 200; i++) {
            last++;
            put(last == 1 ? creation(1, VOTED, entry(3, 1, 1800)) : base(1, 3, last - 1, entry(3, last, 1800)));
        }
        assertThat(disk.list("log")).contains("0000000001.log");
        assertThat(store.pins()).containsExactly(new LogStore.Pin(2, 2));
        put(base(2, 3, 2));
        for (int i = 0; i < 6; i++) {
            last++;
            put(base(1, 3, last - 1, entry(3, last, 1800)));
        }
        fill(3);
        assertThat(logBytes()).isLessThanOrEqualTo(BUDGET + 3 * SEGMENT);
        reopen();
    }

    @Test
    void aGroupWrittenInEveryBatchIsCopiedToo() throws IOException {
        put(creation(1, VOTED), creation(2, VOTED, entry(3, 1, 100)));
        for (int i = 0; i < 200; i++) {
            last++;
            put(
                    last == 1 ? write(1, null, entry(3, 1, 1800)) : base(1, 3, last - 1, entry(3, last, 1800)),
                    write(2, new HardState(3 + last, null), entry(3 + last, 1 + last % 3, 20)));
            assertThat(logBytes()).isLessThanOrEqualTo(BUDGET + 3 * SEGMENT);
        }
        reopen();
    }

    /** A refused write must not lose what was to be copied along with it. */
    @Test
    void aRefusedWriteTakesNoCopiesWithIt() throws IOException {
        put(creation(2, VOTED, entry(3, 1, 100)));
        for (int i = 0; i < 200; i++) {
            assertThatThrownBy(() -> store.write(List.of(write(9, VOTED))))
                    .isInstanceOf(IllegalArgumentException.class);
            last++;
            put(last == 1 ? creation(1, VOTED, entry(3, 1, 1800)) : base(1, 3, last - 1, entry(3, last, 1800)));
            assertThat(logBytes()).isLessThanOrEqualTo(BUDGET + 3 * SEGMENT);
        }
        reopen();
    }

    @Test
    void theIndexGivesMemoryBack() {
        EntryIndex index = new EntryIndex(0);
        for (int i = 1; i <= 100_000; i++) {
            index.put(i, i / 10, 1, i, 10);
        }
        assertThat(index.memory()).isLessThan(100_000 * 12 * 2 + 10_000 * 16 * 2);
        index.dropUpTo(99_900);
        assertThat(index.memory()).isLessThan(4_000);
        assertThat(index.bytes()).isEqualTo(1_000);
        assertThat(index.termOf(99_901)).isEqualTo(9_990);
        for (int i = 100_001; i <= 200_000; i++) {
            index.put(i, 10_000, 2, i, 10);
        }
        index.put(99_950, 10_001, 2, 1, 10);
        assertThat(index.memory()).isLessThan(4_000);
        assertThat(index.bytes()).isEqualTo(500);
        assertThat(index.lastUpTo(1)).isEqualTo(99_949);
        assertThat(index.last()).isEqualTo(99_950);
    }

    /** The spare of a busy log is a file that was a segment before, and it is used. */
    @Test
    void filesOfDroppedSegmentsAreUsedAgain() throws IOException {
        fill(30);
        for (int full = lastSegment(); lastSegment() == full; ) {
            put(write(1, null, entry(3, ++last, 1500)));
        }
        List<String> names = disk.list("log");
        int number = lastSegment();
        byte[] bytes = LogBytes.read(disk, "log/" + SegmentFormat.fileName(number));
        assertThat(LogBytes.segmentsOfBatches(bytes)).contains(number).anyMatch(other -> other < number);
        assertThat(names.stream().filter(SegmentFormat.SPARE::equals)).hasSizeLessThanOrEqualTo(1);
        reopen();
    }

    /**
     * A segment made of a file full of intact batches of the same store, and a last batch cut at every byte: what lies
     * behind is never taken for its successor.
     */
    @Test
    void oldBatchesBehindTheTailNeverComeBack() throws IOException {
        fill(30);
        for (int full = lastSegment(); lastSegment() == full; ) {
            put(write(1, null, entry(3, ++last, 1500)));
        }
        LogModel before = model.copy();
        String active = "log/" + SegmentFormat.fileName(lastSegment());
        byte[] old = LogBytes.read(disk, active);
        put(write(1, new HardState(4, null), entry(4, ++last, 100)));
        assertThat("log/" + SegmentFormat.fileName(lastSegment())).isEqualTo(active);
        byte[] written = LogBytes.read(disk, active);
        int from = firstDifference(old, written);
        List<Integer> boundaries = LogBytes.boundaries(written, lastSegment());
        // without the padding, which may be anything
        int end = boundaries.get(boundaries.size() - 1);
        assertThat(end - from).isGreaterThan(100);
        for (int cut = from; cut < end; cut++) {
            byte[] torn = old.clone();
            System.arraycopy(written, 0, torn, 0, cut);
            SimDisk after = disk.crash(Long.MAX_VALUE, new SplittableRandom(cut));
            LogBytes.write(after, active, torn);
            SegmentedLogStore found = SegmentedLogStore.open(after, "log", CONFIG);
            assertThat(before.matches(found)).as("cut at %s", cut).isTrue();
            GroupWrite next = write(1, null, entry(3, last, 1));
            found.write(List.of(next));
            LogModel expected = before.copy().apply(List.of(next));
            SimDisk again = after.crash(Long.MAX_VALUE, new SplittableRandom(cut));
            assertThat(expected.matches(SegmentedLogStore.open(again, "log", CONFIG)))
                    .as("cut at %s, then written to", cut)
                    .isTrue();
        }
    }

    /**
     * A reader took its places, and before it gets to read, the segment is dropped and its file is another one's: it
     * must find the entries where they are now, or that they are gone, and never call it damage.
     */
    @Test
    void aReaderThatIsOvertakenReadsAgain() throws IOException {
        Runnable[] meanwhile = new Runnable[1];
        Disk watched = WatchedDisk.of(disk, (method, path, arguments) -> {
            if (method.equals("read") && path.equals("log/0000000001.log") && meanwhile[0] != null) {
                Runnable now = meanwhile[0];
                meanwhile[0] = null;
                now.run();
            }
        });
        store = SegmentedLogStore.open(watched, "log", CONFIG);
        List<Entry> entries = List.of(entry(3, 1, 300), entry(3, 2, 300));
        put(creation(2, VOTED, entries.get(0), entries.get(1)), creation(1, VOTED));
        put(write(1, null, entry(3, ++last, 1800)));
        List<Integer> overtaken = new ArrayList<>();
        meanwhile[0] = () -> {
            try {
                fill(20);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
            assertThat(disk.list("log")).doesNotContain("0000000001.log");
            overtaken.add(lastSegment());
        };
        assertThat(store.read(2, 1, 2, 10_000)).isEqualTo(entries);
        assertThat(overtaken).hasSize(1);
    }

    @Test
    void aReaderOfEntriesThatAreGoneMeanwhileIsToldSo() throws IOException {
        Runnable[] meanwhile = new Runnable[1];
        Disk watched = WatchedDisk.of(disk, (method, path, arguments) -> {
            if (method.equals("read") && path.equals("log/0000000001.log") && meanwhile[0] != null) {
                Runnable now = meanwhile[0];
                meanwhile[0] = null;
                now.run();
            }
        });
        store = SegmentedLogStore.open(watched, "log", CONFIG);
        put(creation(1, VOTED, entry(3, ++last, 1800)));
        meanwhile[0] = () -> {
            try {
                fill(20);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
            assertThat(disk.list("log")).doesNotContain("0000000001.log");
        };
        assertThatThrownBy(() -> store.read(1, 1, 1, 10_000))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not in the log");
        assertThat(meanwhile[0]).isNull();
    }

    private int lastSegment() {
        return disk.list("log").stream().mapToInt(SegmentFormat::numberOf).max().orElseThrow();
    }

    private static int firstDifference(byte[] one, byte[] other) {
        int i = 0;
        while (one[i] == other[i]) {
            i++;
        }
        return i;
    }
}
