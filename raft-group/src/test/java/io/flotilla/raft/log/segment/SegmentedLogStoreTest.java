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
import io.flotilla.raft.core.log.TermRun;
import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.disk.DiskFile;
import io.flotilla.raft.disk.os.OsDisk;
import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.RecoveredGroup;
import io.flotilla.raft.sim.DiskTimer;
import io.flotilla.raft.sim.SimDisk;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SegmentedLogStoreTest {
    private static final LogConfig SMALL = new LogConfig(8192, 32768, 77, 2);
    private static final HardState VOTED = new HardState(3, new NodeId("n2"));

    @TempDir
    Path directory;

    enum Kind {
        SIMULATED,
        OPERATING_SYSTEM
    }

    private Disk disk(Kind kind) {
        return kind == Kind.SIMULATED ? new SimDisk("n1", DiskTimer.standalone(), 1) : new OsDisk(directory);
    }

    @ParameterizedTest
    @EnumSource
    void anotherOpeningFindsWhatWasWritten(Kind kind) throws IOException {
        Disk disk = disk(kind);
        LogModel model = new LogModel();
        SplittableRandom random = new SplittableRandom(5);
        for (int opening = 0; opening < 4; opening++) {
            try (SegmentedLogStore store = SegmentedLogStore.open(disk, "log", SMALL)) {
                model.assertHeldBy(store);
                for (int i = 0; i < 40; i++) {
                    List<GroupWrite> batch = model.randomBatch(random, 700);
                    store.write(batch);
                    model.apply(batch);
                }
                model.assertReadBy(store);
            }
        }
        assertThat(disk.list("log")).hasSizeGreaterThan(10);
    }

    @ParameterizedTest
    @EnumSource
    void aBatchLargerThanASegmentGetsOneOfItsOwn(Kind kind) throws IOException {
        Disk disk = disk(kind);
        LogModel model = new LogModel();
        List<List<GroupWrite>> batches = List.of(
                List.of(creation(1, VOTED, entry(3, 1, 300_000))),
                List.of(write(1, null, entry(3, 2, 10))),
                List.of(write(1, null, entry(3, 3, 20_000), entry(3, 4, 20_000))),
                List.of(write(1, null, entry(3, 5, 10))));
        SegmentedLogStore store = SegmentedLogStore.open(disk, "log", SMALL);
        for (List<GroupWrite> batch : batches) {
            store.write(batch);
            model.apply(batch);
        }
        model.assertReadBy(store);
        try (SegmentedLogStore again = SegmentedLogStore.open(disk, "log", SMALL)) {
            model.assertHeldBy(again);
        }
    }

    /** So a disk whose every force takes seconds is told from one that hangs, also where a write needs several. */
    @Test
    void eachForceOfAWriteIsAStep() throws IOException {
        SegmentedLogStore[] store = new SegmentedLogStore[1];
        List<Long> steps = new ArrayList<>();
        DiskTimer alone = DiskTimer.standalone();
        SimDisk disk = new SimDisk(
                "n1",
                new DiskTimer() {
                    @Override
                    public long now() {
                        return alone.now();
                    }

                    @Override
                    public long taskStart() {
                        return alone.taskStart();
                    }

                    @Override
                    public void spend(long nanos) {
                        alone.spend(nanos);
                        if (store[0] != null) {
                            steps.add(store[0].steps());
                        }
                    }
                },
                1);
        LogModel model = new LogModel();
        SplittableRandom random = new SplittableRandom(6);
        store[0] = SegmentedLogStore.open(disk, "log", SMALL);
        int most = 0;
        for (int i = 0; i < 100; i++) {
            int before = steps.size();
            List<GroupWrite> batch = model.randomBatch(random, 700);
            store[0].write(batch);
            model.apply(batch);
            most = Math.max(most, steps.size() - before);
        }
        assertThat(most)
                .as("forces of a write that goes on to the next segment")
                .isEqualTo(5);
        assertThat(steps).doesNotHaveDuplicates().isSorted();
    }

    /** Batches of every length around what is left of a segment: none spans two, none is lost. */
    @Test
    void segmentsRollAtEveryRemainder() throws IOException {
        int room = 8192 - SegmentFormat.DATA_START;
        int overhead = SegmentFormat.BATCH_HEADER + RecordFormat.ENTRY_HEADER;
        for (int second = room / 2 - overhead - 20; second < room / 2 - overhead + 20; second++) {
            Disk disk = disk(Kind.SIMULATED);
            SegmentedLogStore store = SegmentedLogStore.open(disk, "log", SMALL);
            LogModel model = new LogModel();
            List<List<GroupWrite>> batches = List.of(
                    List.of(creation(1, null)),
                    List.of(write(1, null, entry(1, 1, room - overhead))),
                    List.of(write(1, null, entry(1, 2, room / 2 - overhead))),
                    List.of(write(1, null, entry(1, 3, second))),
                    List.of(write(1, null, entry(1, 4, 1))));
            for (List<GroupWrite> batch : batches) {
                store.write(batch);
                model.apply(batch);
            }
            boolean fits = second + overhead <= room / 2;
            assertThat(disk.list("log")).as("payload %s", second).hasSize(5);
            assertThat(LogBytes.firstBatchOf(disk, "log/0000000004.log")).isEqualTo(fits ? 5 : 4);
            store.close();
            model.assertHeldBy(SegmentedLogStore.open(disk, "log", SMALL));
        }
    }

    @Test
    void anEntryAtAnOldIndexReplacesTheSuffixAndItsTerms() throws IOException {
        Disk disk = disk(Kind.SIMULATED);
        SegmentedLogStore store = SegmentedLogStore.open(disk, "log", SMALL);
        store.write(List.of(creation(1, VOTED, entry(1, 1, 9), entry(1, 2, 9), entry(2, 3, 9), entry(3, 4, 9))));
        store.write(List.of(write(1, null, entry(4, 3, 5))));
        assertThat(store.read(1, 1, 3, Integer.MAX_VALUE))
                .containsExactly(entry(1, 1, 9), entry(1, 2, 9), entry(4, 3, 5));
        assertThatThrownBy(() -> store.read(1, 4, 4, 1)).isInstanceOf(IllegalArgumentException.class);
        RecoveredGroup group =
                SegmentedLogStore.open(disk, "log", SMALL).recovered().get(0);
        assertThat(group.terms()).containsExactly(new TermRun(1, 1), new TermRun(3, 4));
        assertThat(group.lastIndex()).isEqualTo(3);
    }

    @Test
    void readingStopsAtTheByteLimitButNotBeforeTheFirstEntry() throws IOException {
        SegmentedLogStore store = SegmentedLogStore.open(disk(Kind.SIMULATED), "log", SMALL);
        List<Entry> entries = List.of(entry(1, 1, 900), entry(1, 2, 900), entry(1, 3, 900));
        store.write(List.of(new GroupWrite(4, LogModel.creation(4, null).creation(), null, null, entries)));
        assertThat(store.read(4, 1, 3, 1)).isEqualTo(entries.subList(0, 1));
        assertThat(store.read(4, 1, 3, 2000)).isEqualTo(entries.subList(0, 2));
        assertThat(store.read(4, 2, 3, 10_000)).isEqualTo(entries.subList(1, 3));
    }

    @Test
    void tenThousandGroupsInFewBatchesAreWrittenWithOneSyncEach() throws IOException {
        SimDisk disk = new SimDisk("n1", DiskTimer.standalone(), 1);
        LogConfig config = new LogConfig(4 << 20, 16 << 20, 77, 2);
        SegmentedLogStore store = SegmentedLogStore.open(disk, "log", config);
        LogModel model = new LogModel();
        long before = disk.forces();
        for (long index = 1; index <= 3; index++) {
            List<GroupWrite> batch = new ArrayList<>();
            for (long group = 0; group < 10_000; group++) {
                batch.add(
                        index == 1 ? creation(group, VOTED, entry(3, 1, 10)) : write(group, null, entry(3, index, 10)));
            }
            store.write(batch);
            model.apply(batch);
        }
        assertThat(disk.forces() - before).isEqualTo(3);
        SegmentedLogStore again = SegmentedLogStore.open(disk, "log", config);
        assertThat(again.recovered()).hasSize(10_000).allSatisfy(g -> {
            assertThat(g.hardState()).isEqualTo(VOTED);
            assertThat(g.lastIndex()).isEqualTo(3);
        });
        model.assertReadBy(again);
    }

    @Test
    void aRefusedWriteLeavesTheLogAsItWas() throws IOException {
        Disk disk = disk(Kind.SIMULATED);
        SegmentedLogStore store = SegmentedLogStore.open(disk, "log", SMALL);
        LogModel model = new LogModel();
        List<GroupWrite> good = List.of(creation(1, VOTED, entry(3, 1, 9)));
        store.write(good);
        model.apply(good);
        List<List<GroupWrite>> refused = List.of(
                List.of(write(2, VOTED)),
                List.of(creation(1, VOTED)),
                List.of(write(1, null, entry(3, 3, 9))),
                List.of(write(1, null, entry(3, 0, 9))),
                List.of(write(1, null, entry(3, 2, 9), entry(3, 4, 9))),
                List.of(write(1, new HardState(2, null))),
                List.of(creation(2, VOTED), write(1, null, entry(3, 3, 9))),
                List.of(creation(2, VOTED), write(2, null, entry(3, 1, 9))),
                List.of(write(1, VOTED), write(1, null, entry(3, 2, 9))),
                List.of(base(1, 3, 1), base(1, 3, 1)));
        for (List<GroupWrite> writes : refused) {
            assertThatThrownBy(() -> store.write(writes)).isInstanceOf(IllegalArgumentException.class);
        }
        List<GroupWrite> more = List.of(write(1, null, entry(3, 2, 9)), creation(2, VOTED, entry(3, 1, 9)));
        store.write(more);
        model.apply(more);
        model.assertReadBy(store);
        model.assertHeldBy(SegmentedLogStore.open(disk, "log", SMALL));
    }

    /** With failing forces at each place: in the middle of a segment and at every step of a roll. */
    @Test
    void aFailedSyncIsFinal() throws IOException {
        for (int passing = 0; passing < 6; passing++) {
            SimDisk disk = new SimDisk("n1", DiskTimer.standalone(), 1);
            SegmentedLogStore store = SegmentedLogStore.open(disk, "log", SMALL);
            store.write(List.of(creation(1, VOTED, entry(3, 1, 3000))));
            disk.failForceAfter(passing);
            // the next batch rolls: segment, directory, manifest, directory, batch; the one after that is in its middle
            List<List<GroupWrite>> batches = new ArrayList<>(
                    List.of(List.of(write(1, null, entry(3, 2, 3000))), List.of(write(1, null, entry(3, 3, 10)))));
            long acknowledged = 1;
            while (passing == 5 && batches.size() > 1) {
                store.write(batches.remove(0));
                acknowledged++;
            }
            long last = acknowledged;
            assertThatThrownBy(() -> store.write(batches.get(0))).hasMessageContaining("Input/output error");
            assertThatThrownBy(() -> store.write(List.of(write(1, null, entry(3, last + 1, 1)))))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("can't be used any more");
            assertThatThrownBy(() -> store.read(1, 1, 1, 1))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("Input/output error");
            store.close();
            SegmentedLogStore again =
                    SegmentedLogStore.open(disk.crash(Long.MAX_VALUE, new SplittableRandom(passing)), "log", SMALL);
            assertThat(again.recovered().get(0).lastIndex()).isBetween(last, last + 1);
        }
    }

    /** After a failed sync the system may take pages for written that are not on disk. */
    @Test
    void whatIsFoundAfterAFailedSyncIsThereForGood() throws IOException {
        for (int seed = 0; seed < 30; seed++) {
            DiskTimer timer = DiskTimer.standalone();
            SimDisk disk = new SimDisk("n1", timer, 1);
            SegmentedLogStore store = SegmentedLogStore.open(disk, "log", SMALL);
            LogModel model = new LogModel();
            List<GroupWrite> good = List.of(creation(1, VOTED, entry(3, 1, 1000)));
            List<GroupWrite> unsynced = List.of(write(1, new HardState(4, null), entry(4, 2, 1000)));
            store.write(good);
            disk.failForceAfter(0);
            assertThatThrownBy(() -> store.write(unsynced)).hasMessageContaining("Input/output error");
            SimDisk stillOn = disk.kill(timer.now());
            model.apply(good).apply(unsynced).assertHeldBy(SegmentedLogStore.open(stillOn, "log", SMALL));
            SimDisk afterPowerCut = stillOn.crash(timer.now(), new SplittableRandom(seed));
            model.assertHeldBy(SegmentedLogStore.open(afterPowerCut, "log", SMALL));
        }
    }

    @Test
    void aFullDiskFailsTheWriteAndKeepsWhatWasThere() throws IOException {
        SimDisk disk = new SimDisk("n1", DiskTimer.standalone(), 1);
        SegmentedLogStore store = SegmentedLogStore.open(disk, "log", SMALL);
        LogModel model = new LogModel();
        List<GroupWrite> good = List.of(creation(1, VOTED, entry(3, 1, 3000)));
        store.write(good);
        model.apply(good);
        disk.capacity(disk.usedBytes() + 100);
        assertThatThrownBy(() -> store.write(List.of(write(1, null, entry(3, 2, 3000)))))
                .hasMessageContaining("No space left");
        SimDisk after = disk.crash(Long.MAX_VALUE, new SplittableRandom(1));
        model.assertHeldBy(SegmentedLogStore.open(after, "log", SMALL));
        assertThat(after.list("log")).containsExactly("0000000001.log", Manifest.NAME);
    }

    /** The roll then names a file that is already on disk; without it the write waits for a whole segment of zeros. */
    @ParameterizedTest
    @EnumSource
    void spaceForTheNextSegmentIsWrittenAhead(Kind kind) throws IOException {
        Disk disk = disk(kind);
        SegmentedLogStore store = SegmentedLogStore.open(disk, "log", SMALL);
        LogModel model = new LogModel();
        List<List<GroupWrite>> batches = List.of(
                List.of(creation(1, VOTED, entry(3, 1, 3000))),
                List.of(write(1, null, entry(3, 2, 2000))),
                List.of(write(1, null, entry(3, 3, 9000))));
        assertThat(store.upkeep()).isNull();
        store.write(batches.get(0));
        LogStore.Upkeep upkeep = store.upkeep();
        assertThat(store.upkeep()).isNull();
        upkeep.run();
        assertThat(disk.list("log")).containsExactly("0000000001.log", Manifest.NAME, SegmentFormat.SPARE);
        try (DiskFile spare = disk.open("log/" + SegmentFormat.SPARE)) {
            assertThat(spare.size()).isEqualTo(8192);
        }
        store.write(batches.get(1));
        assertThat(disk.list("log")).containsExactly("0000000001.log", "0000000002.log", Manifest.NAME);
        store.upkeep().run();
        // too large for the spare, which waits for the next one
        store.write(batches.get(2));
        assertThat(disk.list("log"))
                .containsExactly(
                        "0000000001.log", "0000000002.log", "0000000003.log", Manifest.NAME, SegmentFormat.SPARE);
        batches.forEach(model::apply);
        model.assertReadBy(store);
        store.close();
        model.assertHeldBy(SegmentedLogStore.open(disk, "log", SMALL));
        assertThat(disk.list("log"))
                .containsExactly("0000000001.log", "0000000002.log", "0000000003.log", Manifest.NAME);
    }

    @Test
    void failedUpkeepIsFinal() throws IOException {
        SimDisk disk = new SimDisk("n1", DiskTimer.standalone(), 1);
        SegmentedLogStore store = SegmentedLogStore.open(disk, "log", SMALL);
        store.write(List.of(creation(1, VOTED, entry(3, 1, 3000))));
        disk.failForceAfter(0);
        assertThatThrownBy(store.upkeep()::run).hasMessageContaining("Input/output error");
        assertThatThrownBy(() -> store.write(List.of(write(1, null, entry(3, 2, 1)))))
                .hasMessageContaining("can't be used any more");
    }

    @Test
    void nothingToWriteCostsNoSync() throws IOException {
        SimDisk disk = new SimDisk("n1", DiskTimer.standalone(), 1);
        SegmentedLogStore store = SegmentedLogStore.open(disk, "log", SMALL);
        store.write(List.of(creation(1, VOTED)));
        long before = disk.forces();
        store.write(List.of());
        store.write(List.of(write(1, null)));
        assertThat(disk.forces()).isEqualTo(before);
    }
}
