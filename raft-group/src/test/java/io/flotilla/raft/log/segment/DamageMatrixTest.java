package io.flotilla.raft.log.segment;

import static io.flotilla.raft.log.segment.LogModel.base;
import static io.flotilla.raft.log.segment.LogModel.creation;
import static io.flotilla.raft.log.segment.LogModel.entry;
import static io.flotilla.raft.log.segment.LogModel.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.log.LogDamageException;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.sim.DiskTimer;
import io.flotilla.raft.sim.SimDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What may happen to a log's files, row by row, on a log that has dropped its first segments and used their files again.
 * A torn end is recovered with everything that was acknowledged; all else is refused with file and offset; and whatever
 * byte is damaged, nothing that was acknowledged is lost silently.
 */
class DamageMatrixTest {
    private static final LogConfig CONFIG = new LogConfig(8192, 5 * 8192, 77, 2);
    private static final String MANIFEST = "log/" + Manifest.NAME;

    /** Bytes of a batch header, by field. */
    private static final int[] HEADER_FIELDS = {0, 7, 8, 15, 16, 23, 24, 31, 32, 35, 36, 39, 40, 43, 44, 47};

    private SimDisk intact;
    /** What the log surely holds: the last batch is there, but nothing tells that it was synced. */
    private LogModel synced;

    private LogModel all;
    private List<String> segments;
    private String first;
    private String middle;
    private String last;

    @BeforeEach
    void aLogThatHasRunForAWhile() throws IOException {
        SimDisk disk = new SimDisk("n1", DiskTimer.standalone(), 1);
        all = fill(disk, CONFIG);
        intact = copy(disk);
        segments = new ArrayList<>();
        for (String name : intact.list("log")) {
            if (SegmentFormat.numberOf(name) > 0) {
                segments.add("log/" + name);
            }
        }
        assertThat(segments).hasSizeGreaterThanOrEqualTo(4);
        first = segments.get(0);
        middle = segments.get(2);
        last = segments.get(segments.size() - 1);
        assertThat(SegmentFormat.numberOf(first.substring(4))).isGreaterThan(5);
        assertThat(boundaries(last)).hasSizeGreaterThanOrEqualTo(4);
        assertThat(all.matches(SegmentedLogStore.open(copy(intact), "log", CONFIG)))
                .isTrue();
    }

    private LogModel fill(SimDisk disk, LogConfig config) throws IOException {
        SegmentedLogStore store = SegmentedLogStore.open(disk, "log", config);
        LogModel model = new LogModel();
        write(store, model, creation(1, new HardState(3, new NodeId("n2"))), creation(2, null, entry(1, 1, 50)));
        long index = 0;
        for (int i = 0; i < 40; i++) {
            GroupWrite next = index < 3
                    ? LogModel.write(1, null, entry(3, ++index, 900))
                    : base(1, 3, index - 2, entry(3, ++index, 900));
            write(store, model, next);
        }
        write(store, model, LogModel.write(1, new HardState(4, null), entry(4, ++index, 60)));
        synced = model.copy();
        write(store, model, LogModel.write(1, null, entry(4, ++index, 40), entry(4, ++index, 50)));
        return model;
    }

    private static void write(SegmentedLogStore store, LogModel model, GroupWrite... writes) throws IOException {
        store.write(List.of(writes));
        model.apply(List.of(writes));
        LogStore.Upkeep upkeep = store.upkeep();
        if (upkeep != null) {
            upkeep.run();
        }
    }

    private static SimDisk copy(SimDisk disk) {
        return disk.crash(Long.MAX_VALUE, new SplittableRandom(1));
    }

    private List<Integer> boundaries(String path) throws IOException {
        return LogBytes.boundaries(LogBytes.read(intact, path));
    }

    // --- torn ends ---

    @Test
    void theLastBatchCutAtEveryByte() throws IOException {
        List<Integer> batches = boundaries(last);
        int from = batches.get(batches.size() - 2);
        int end = batches.get(batches.size() - 1);
        for (int cut = from; cut <= end; cut++) {
            // what lay there before: an older batch of a file used again, or nothing
            for (byte behind : new byte[] {0, (byte) 0xAB}) {
                byte[] torn = LogBytes.read(intact, last);
                byte[] whole = torn.clone();
                Arrays.fill(torn, cut, torn.length, behind);
                boolean complete = Arrays.equals(torn, 0, end, whole, 0, end);
                assertRecovers(last, torn, complete ? all : synced, "cut at " + cut);
            }
        }
    }

    @Test
    void aZeroedTail() throws IOException {
        List<Integer> batches = boundaries(last);
        int from = batches.get(batches.size() - 2);
        int end = batches.get(batches.size() - 1);
        for (int hole = from; hole < end; hole += 8) {
            byte[] torn = LogBytes.read(intact, last);
            byte[] whole = torn.clone();
            Arrays.fill(torn, hole, Math.min(hole + 512, end), (byte) 0);
            assertRecovers(last, torn, Arrays.equals(torn, whole) ? all : synced, "hole at " + hole);
        }
    }

    @Test
    void aFlippedBitInTheLastBatch() throws IOException {
        List<Integer> batches = boundaries(last);
        for (int at = batches.get(batches.size() - 2); at < batches.get(batches.size() - 1); at++) {
            assertRecovers(last, flipped(last, at), synced, "flipped at " + at);
        }
        // unless an orderly close said that it was synced
        SimDisk closed = copy(intact);
        SegmentedLogStore.open(closed, "log", CONFIG).close();
        for (int field : HEADER_FIELDS) {
            SimDisk disk = copy(closed);
            disk.flipBit(last, batches.get(batches.size() - 2) + field, 4);
            assertDamage(disk, last, batches.get(batches.size() - 2));
        }
    }

    // --- damage inside ---

    @Test
    void aFlippedBitInAnySyncedBatch() throws IOException {
        for (String segment : List.of(first, middle, last)) {
            List<Integer> batches = boundaries(segment);
            int synced = segment.equals(last) ? batches.size() - 2 : batches.size() - 1;
            for (int batch : new int[] {0, synced / 2, synced - 1}) {
                int at = batches.get(batch);
                for (int field : HEADER_FIELDS) {
                    assertDamage(with(segment, flipped(segment, at + field)), segment, at);
                }
                // a record's length, checksum, type, group, number, and its body
                for (int field : new int[] {0, 4, 8, 9, 17, 25, 40}) {
                    int place = at + SegmentFormat.BATCH_HEADER + field;
                    assertDamage(with(segment, flipped(segment, place)), segment, at);
                }
            }
        }
    }

    @Test
    void aFlippedBitInAFileHeader() throws IOException {
        for (String segment : List.of(first, middle, last)) {
            for (int at = 0; at < 64; at++) {
                assertDamage(with(segment, flipped(segment, at)), segment, 0);
            }
        }
    }

    /** Wherever a bit flips: refused, or nothing that was acknowledged is missing. */
    @Test
    void aFlippedBitAnywhere() throws IOException {
        SplittableRandom random = new SplittableRandom(4);
        int refused = 0;
        for (int i = 0; i < 1500; i++) {
            List<String> names = intact.list("log");
            String path = "log/" + names.get(random.nextInt(names.size()));
            int at = random.nextInt(LogBytes.read(intact, path).length);
            refused += assertNothingLostSilently(path, flipped(path, at), path + " flipped at " + at) ? 0 : 1;
        }
        assertThat(refused).isBetween(300, 1300);
    }

    // --- files ---

    @Test
    void aMissingSegment() throws IOException {
        for (String segment : segments) {
            SimDisk disk = copy(intact);
            disk.delete(segment);
            assertDamage(disk, segment, 0);
        }
    }

    @Test
    void aTruncatedSegment() throws IOException {
        for (String segment : List.of(first, middle, last)) {
            byte[] bytes = LogBytes.read(intact, segment);
            for (int length : new int[] {0, 1, 63, 64, 4095, 4096, 5000, bytes.length - 1}) {
                assertDamage(with(segment, Arrays.copyOf(bytes, length)), segment, length);
            }
            assertDamage(with(segment, Arrays.copyOf(bytes, bytes.length + 1)), segment, bytes.length);
        }
    }

    @Test
    void aSegmentOfAnotherStoreOrPlace() throws IOException {
        SimDisk other = new SimDisk("n1", DiskTimer.standalone(), 1);
        fill(other, new LogConfig(8192, 5 * 8192, 78, 2));
        for (String segment : List.of(first, middle, last)) {
            assertDamage(with(segment, LogBytes.read(other, segment)), segment, 32);
        }
        assertDamage(with(middle, LogBytes.read(intact, first)), middle, 16);
        String next = "log/" + SegmentFormat.fileName(SegmentFormat.numberOf(last.substring(4)) + 1);
        byte[] foreign = LogBytes.read(other, last);
        ByteBuffer header = ByteBuffer.wrap(foreign);
        header.putLong(16, SegmentFormat.numberOf(next.substring(4))).putInt(60, SegmentFormat.crc(foreign, 0, 60));
        SimDisk disk = copy(intact);
        LogBytes.write(disk, next, foreign);
        assertDamage(disk, next, 32);
    }

    @Test
    void theManifest() throws IOException {
        SimDisk missing = copy(intact);
        missing.delete(MANIFEST);
        assertDamage(missing, MANIFEST, 0);
        byte[] bytes = LogBytes.read(intact, MANIFEST);
        for (int at = 0; at < bytes.length; at++) {
            assertDamage(with(MANIFEST, flipped(MANIFEST, at)), MANIFEST, 0);
            assertDamage(with(MANIFEST, Arrays.copyOf(bytes, at)), MANIFEST, at);
        }
        assertDamage(with(MANIFEST, Arrays.copyOf(bytes, 65)), MANIFEST, 64);
    }

    /** Put back from a copy taken earlier, or from elsewhere. */
    @Test
    void aManifestThatDoesNotBelongToTheSegments() throws IOException {
        Manifest now = Manifest.read(intact, "log");
        SimDisk older = copy(intact);
        new Manifest(77, now.first() - 1, now.firstBatch() - 4, now.last(), now.synced()).write(older, "log");
        assertDamage(older, "log/" + SegmentFormat.fileName(now.first() - 1), 0);
        SimDisk shorter = copy(intact);
        new Manifest(77, now.first(), now.firstBatch(), now.last() - 1, 0).write(shorter, "log");
        assertDamage(shorter, MANIFEST, 0);
        SimDisk longer = copy(intact);
        new Manifest(77, now.first(), now.firstBatch(), now.last() + 1, now.synced()).write(longer, "log");
        assertDamage(longer, "log/" + SegmentFormat.fileName(now.last() + 1), 0);
        SimDisk another = copy(intact);
        new Manifest(78, now.first(), now.firstBatch(), now.last(), now.synced()).write(another, "log");
        assertDamage(another, first, 32);
        SimDisk later = copy(intact);
        new Manifest(77, now.first(), now.firstBatch() + 1, now.last(), now.synced()).write(later, "log");
        assertDamage(later, first, SegmentFormat.DATA_START);
    }

    /** What the manifest witnesses was synced, even if no batch says so any more. */
    @Test
    void theEndOfASegmentWithTheNextOneEmpty() throws IOException {
        String before = segments.get(segments.size() - 2);
        List<Integer> batches = boundaries(before);
        SimDisk disk = copy(intact);
        byte[] empty = LogBytes.read(intact, last);
        Arrays.fill(empty, SegmentFormat.DATA_START, empty.length, (byte) 0);
        LogBytes.write(disk, last, empty);
        int at = batches.get(batches.size() - 2);
        disk.flipBit(before, at + 60, 1);
        assertDamage(disk, before, at);
    }

    /** What a crash may leave beside the segments: it holds nothing, and goes. */
    @Test
    void leftOvers() throws IOException {
        Manifest now = Manifest.read(intact, "log");
        SimDisk disk = copy(intact);
        String dropped = SegmentFormat.fileName(now.first() - 1);
        LogBytes.write(disk, "log/" + dropped, new byte[100]);
        String prepared = SegmentFormat.fileName(now.last() + 1);
        byte[] used = LogBytes.read(intact, middle);
        System.arraycopy(SegmentFormat.fileHeader(now.last() + 1, 8192, 77).array(), 0, used, 0, 64);
        LogBytes.write(disk, "log/" + prepared, used);
        LogBytes.write(disk, "log/" + SegmentFormat.SPARE, new byte[100]);
        LogBytes.write(disk, "log/" + SegmentFormat.TEMPORARY, new byte[100]);
        LogBytes.write(disk, "log/" + Manifest.TEMPORARY, new byte[100]);
        SegmentedLogStore store = SegmentedLogStore.open(disk, "log", CONFIG);
        all.assertHeldBy(store);
        assertThat(disk.list("log")).hasSize(segments.size() + 1).doesNotContain(dropped, prepared);
    }

    private byte[] flipped(String path, int at) throws IOException {
        byte[] bytes = LogBytes.read(intact, path);
        bytes[at] ^= (byte) (1 << at % 8);
        return bytes;
    }

    private SimDisk with(String path, byte[] bytes) throws IOException {
        SimDisk disk = copy(intact);
        LogBytes.write(disk, path, bytes);
        return disk;
    }

    private void assertRecovers(String path, byte[] bytes, LogModel expected, String what) throws IOException {
        SimDisk disk = with(path, bytes);
        SegmentedLogStore store = SegmentedLogStore.open(disk, "log", CONFIG);
        assertThat(expected.matches(store)).as(what).isTrue();
        LogModel more = expected.copy();
        write(store, more, LogModel.write(2, null, entry(1, 2, 5)));
        assertThat(more.matches(SegmentedLogStore.open(copy(disk), "log", CONFIG)))
                .as(what + ", then written to")
                .isTrue();
    }

    /** Whether it was recovered. */
    private boolean assertNothingLostSilently(String path, byte[] bytes, String what) throws IOException {
        SegmentedLogStore store;
        try {
            store = SegmentedLogStore.open(with(path, bytes), "log", CONFIG);
        } catch (LogDamageException e) {
            assertThat(e).as(what).hasMessageContaining("n1:/log/").hasMessageContaining("at offset ");
            return false;
        }
        assertThat(all.matches(store) || synced.matches(store)).as(what).isTrue();
        return true;
    }

    private static void assertDamage(SimDisk disk, String path, int offset) throws IOException {
        SimDisk before = copy(disk);
        assertThatThrownBy(() -> SegmentedLogStore.open(disk, "log", CONFIG))
                .isInstanceOf(LogDamageException.class)
                .hasMessageContaining("n1:/" + path + " is damaged at offset " + offset + ":");
        for (String name : before.list("log")) {
            if (SegmentFormat.numberOf(name) > 0) {
                assertThat(LogBytes.read(disk, "log/" + name))
                        .as("a refused log stays as it was: %s", name)
                        .isEqualTo(LogBytes.read(before, "log/" + name));
            }
        }
    }
}
