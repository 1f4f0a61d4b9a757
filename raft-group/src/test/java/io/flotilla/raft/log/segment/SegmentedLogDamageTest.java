package io.flotilla.raft.log.segment;

import static io.flotilla.raft.log.segment.LogModel.creation;
import static io.flotilla.raft.log.segment.LogModel.entry;
import static io.flotilla.raft.log.segment.LogModel.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.disk.os.OsDisk;
import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.log.LogDamageException;
import io.flotilla.raft.sim.DiskTimer;
import io.flotilla.raft.sim.SimDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a crash can leave is cut, all else is refused with file and offset. */
class SegmentedLogDamageTest {
    private static final LogConfig CONFIG = new LogConfig(8192, 32768, 77, 2);
    private static final String FILE = "0000000001.log";
    private static final String PATH = "log/" + FILE;

    /** Three batches; that the first two were synced is known from the log, that the third was is not. */
    private final LogModel two = new LogModel();

    private LogModel three;
    private byte[] intact;
    private List<Integer> boundaries;

    @BeforeEach
    void threeBatches() throws IOException {
        SimDisk disk = new SimDisk("n1", DiskTimer.standalone(), 1);
        SegmentedLogStore store = SegmentedLogStore.open(disk, "log", CONFIG);
        List<GroupWrite> first =
                List.of(creation(1, new HardState(1, new NodeId("n2")), entry(1, 1, 50)), creation(2, null));
        List<GroupWrite> second = List.of(write(2, new HardState(4, null), entry(4, 1, 30)));
        List<GroupWrite> third = List.of(write(1, new HardState(5, null), entry(5, 1, 40), entry(5, 2, 60)));
        store.write(first);
        store.write(second);
        store.write(third);
        two.apply(first).apply(second);
        three = two.copy().apply(third);
        intact = LogBytes.read(disk, PATH);
        boundaries = LogBytes.boundaries(intact);
        assertThat(boundaries).hasSize(4);
    }

    @Test
    void aTailTornAtAnyByteIsCutAndTheLogGoesOn() throws IOException {
        for (int at = boundaries.get(2); at <= boundaries.get(3); at++) {
            byte[] torn = intact.clone();
            Arrays.fill(torn, at, torn.length, (byte) 0);
            LogModel expected = Arrays.equals(torn, intact) ? three : two;
            assertRecovers(torn, expected.copy(), "torn at " + at);
            assertThat(expected == three).isEqualTo(at == boundaries.get(3));
        }
    }

    @Test
    void aTailWithAnyZeroedSectorOrByteIsCut() throws IOException {
        for (int at = boundaries.get(2); at < boundaries.get(3); at++) {
            for (int length : new int[] {1, 8, 64}) {
                byte[] holed = intact.clone();
                Arrays.fill(holed, at, Math.min(at + length, boundaries.get(3)), (byte) 0);
                assertRecovers(holed, Arrays.equals(holed, intact) ? three.copy() : two.copy(), "hole at " + at);
            }
        }
    }

    /** What lies behind a shorter next batch must not be taken for its successor. */
    @Test
    void theRemainsOfACutTailAreGone() throws IOException {
        byte[] torn = intact.clone();
        torn[boundaries.get(2) + 60] ^= 1;
        SimDisk disk = LogBytes.diskWith(FILE, torn);
        SegmentedLogStore store = SegmentedLogStore.open(disk, "log", CONFIG);
        two.assertHeldBy(store);
        byte[] after = LogBytes.read(disk.crash(Long.MAX_VALUE, new SplittableRandom(1)), PATH);
        byte[] expected = intact.clone();
        Arrays.fill(expected, boundaries.get(2), expected.length, (byte) 0);
        assertThat(after).isEqualTo(expected);
    }

    @Test
    void aFlippedBitInASyncedBatchIsRefusedWithFileAndOffset() throws IOException {
        for (int batch = 0; batch < 2; batch++) {
            int end = ByteBuffer.wrap(intact).getInt(boundaries.get(batch) + 32)
                    + SegmentFormat.BATCH_HEADER
                    + boundaries.get(batch);
            for (int at = boundaries.get(batch); at < end; at++) {
                byte[] flipped = intact.clone();
                flipped[at] ^= (byte) (1 << at % 8);
                assertDamage(LogBytes.diskWith(FILE, flipped), PATH, boundaries.get(batch));
            }
        }
    }

    @Test
    void aSyncedBatchThatIsZeroedIsRefused() throws IOException {
        byte[] zeroed = intact.clone();
        Arrays.fill(zeroed, boundaries.get(0), boundaries.get(2), (byte) 0);
        assertDamage(LogBytes.diskWith(FILE, zeroed), PATH, boundaries.get(0));
    }

    /** The torn batch's payload is bad, but its header can be trusted: it says that the one before was synced. */
    @Test
    void aTornBatchStillProvesThatTheOneBeforeItWasSynced() throws IOException {
        byte[] damaged = intact.clone();
        damaged[boundaries.get(1) + 50] ^= 1;
        Arrays.fill(damaged, boundaries.get(3) - 30, damaged.length, (byte) 0);
        assertDamage(LogBytes.diskWith(FILE, damaged), PATH, boundaries.get(1));
    }

    @Test
    void aFlippedBitInTheLastUnprovenBatchIsCut() throws IOException {
        for (int at = boundaries.get(2); at < boundaries.get(3); at++) {
            byte[] flipped = intact.clone();
            flipped[at] ^= (byte) (1 << at % 8);
            assertRecovers(flipped, two.copy(), "flipped at " + at);
        }
    }

    @Test
    void afterAnOrderlyCloseTheLastBatchIsProven() throws IOException {
        SimDisk disk = LogBytes.diskWith(FILE, intact);
        SegmentedLogStore.open(disk, "log", CONFIG).close();
        disk.flipBit(PATH, boundaries.get(2) + 70, 3);
        assertDamage(disk, PATH, boundaries.get(2));
    }

    @Test
    void aFlippedBitInAFileHeaderIsRefused() throws IOException {
        for (int at = 0; at < 64; at++) {
            byte[] flipped = intact.clone();
            flipped[at] ^= (byte) (1 << at % 8);
            assertDamage(LogBytes.diskWith(FILE, flipped), PATH, 0);
        }
    }

    @Test
    void aNewerVersionIsRefusedByName() throws IOException {
        byte[] newer = intact.clone();
        ByteBuffer header = ByteBuffer.wrap(newer);
        header.putInt(8, SegmentFormat.VERSION + 1).putInt(60, SegmentFormat.crc(newer, 0, 60));
        SimDisk disk = LogBytes.diskWith(FILE, newer);
        assertThatThrownBy(() -> SegmentedLogStore.open(disk, "log", CONFIG))
                .isNotInstanceOf(LogDamageException.class)
                .hasMessageContaining("n1:/" + PATH)
                .hasMessageContaining("format version " + (SegmentFormat.VERSION + 1))
                .hasMessageContaining("version " + SegmentFormat.VERSION);
    }

    @Test
    void anOlderVersionIsRefusedInOneLineThatSaysWhatToDo() throws IOException {
        SimDisk disk = new SimDisk("n1", DiskTimer.standalone(), 1);
        SegmentedLogStore.open(disk, "log", CONFIG).close();
        byte[] manifest = LogBytes.read(disk, "log/MANIFEST");
        ByteBuffer.wrap(manifest).putInt(8, SegmentFormat.VERSION - 1);
        ByteBuffer.wrap(manifest).putInt(60, SegmentFormat.crc(manifest, 0, 60));
        LogBytes.write(disk, "log/MANIFEST", manifest);
        assertThatThrownBy(() -> SegmentedLogStore.open(disk, "log", CONFIG))
                .isNotInstanceOf(LogDamageException.class)
                .hasMessage("log file n1:/log/MANIFEST has format version " + (SegmentFormat.VERSION - 1)
                        + ", this program reads version " + SegmentFormat.VERSION
                        + ": start the program version that wrote it, or give the node an empty data directory");
    }

    /** It may mean that the entry must not be taken yet. */
    @Test
    void anUnknownFlagOfAnEntryIsRefused() throws IOException {
        byte[] flagged = intact.clone();
        int batch = boundaries.get(1);
        ByteBuffer bytes = ByteBuffer.wrap(flagged);
        int payload = bytes.getInt(batch + 32);
        int record = batch + SegmentFormat.BATCH_HEADER + payload - 30 - RecordFormat.ENTRY_HEADER;
        assertThat(RecordFormat.type(bytes, record)).isEqualTo(RecordFormat.ENTRY);
        flagged[record + RecordFormat.ENTRY_HEADER - 1] = 2;
        int length = RecordFormat.length(bytes, record);
        bytes.putInt(record + 4, SegmentFormat.crc(flagged, record + 8, length - 8));
        bytes.putInt(batch + 40, SegmentFormat.crc(flagged, batch + SegmentFormat.BATCH_HEADER, payload));
        bytes.putInt(batch + 44, SegmentFormat.batchHeaderCrc(flagged, batch, 77));
        assertThatThrownBy(() -> SegmentedLogStore.open(LogBytes.diskWith(FILE, flagged), "log", CONFIG))
                .isInstanceOf(LogDamageException.class)
                .hasMessageContaining("n1:/" + PATH)
                .hasMessageContaining("unknown entry flags 2");
    }

    @Test
    void entriesThatRotAreRefusedWhenTheyAreRead() throws IOException {
        SimDisk disk = LogBytes.diskWith(FILE, intact);
        SegmentedLogStore store = SegmentedLogStore.open(disk, "log", CONFIG);
        disk.flipBit(PATH, boundaries.get(3) - 1, 0);
        assertThat(store.read(1, 1, 1, 1000)).containsExactly(entry(5, 1, 40));
        assertThatThrownBy(() -> store.read(1, 1, 2, 1000))
                .isInstanceOf(LogDamageException.class)
                .hasMessageContaining("n1:/" + PATH)
                .hasMessageContaining("offset " + (boundaries.get(3) - 60 - RecordFormat.ENTRY_HEADER));
    }

    @Test
    void missingForeignAndCutFilesAreRefused() throws IOException {
        SimDisk disk = segments(77);
        assertThat(disk.list("log")).hasSize(5);
        byte[] second = LogBytes.read(disk, "log/0000000002.log");

        SimDisk missing = disk.crash(0, new SplittableRandom(1));
        missing.delete("log/0000000002.log");
        assertDamage(missing, "log/0000000002.log", 0);
        SimDisk firstMissing = disk.crash(0, new SplittableRandom(1));
        firstMissing.delete(PATH);
        assertDamage(firstMissing, PATH, 0);

        SimDisk cut = disk.crash(0, new SplittableRandom(1));
        LogBytes.write(cut, "log/0000000002.log", Arrays.copyOf(second, 5000));
        assertDamage(cut, "log/0000000002.log", 5000);
        SimDisk cutInHeader = disk.crash(0, new SplittableRandom(1));
        LogBytes.write(cutInHeader, "log/0000000002.log", Arrays.copyOf(second, 10));
        assertDamage(cutInHeader, "log/0000000002.log", 10);

        SimDisk swapped = disk.crash(0, new SplittableRandom(1));
        LogBytes.write(swapped, "log/0000000003.log", second);
        assertDamage(swapped, "log/0000000003.log", 16);

        SimDisk foreign = disk.crash(0, new SplittableRandom(1));
        LogBytes.write(foreign, "log/0000000002.log", LogBytes.read(segments(78), "log/0000000002.log"));
        assertDamage(foreign, "log/0000000002.log", 32);

        // a segment that lost its content, though later ones know of it
        SimDisk emptied = disk.crash(0, new SplittableRandom(1));
        byte[] empty = second.clone();
        Arrays.fill(empty, SegmentFormat.DATA_START, empty.length, (byte) 0);
        LogBytes.write(emptied, "log/0000000002.log", empty);
        List<Integer> before = LogBytes.boundaries(LogBytes.read(disk, PATH));
        assertDamage(emptied, PATH, (int) SegmentFormat.align(before.get(before.size() - 1), 8));
    }

    /** Records of another segment or store with good checksums, as recycling or a stray copy would leave them. */
    @Test
    void batchesAreBoundToTheirSegmentAndStore() throws IOException {
        byte[] stale = intact.clone();
        int end = (int) SegmentFormat.align(boundaries.get(3), 8);
        byte[] batch = new byte[SegmentFormat.BATCH_HEADER];
        SegmentFormat.sealBatchHeader(batch, 0, 0, 77, 9, 4, 3);
        System.arraycopy(batch, 0, stale, end, batch.length);
        SegmentFormat.sealBatchHeader(batch, 0, 0, 78, 1, 5, 4);
        System.arraycopy(batch, 0, stale, end + batch.length, batch.length);
        assertRecovers(stale, three.copy(), "stale batches");
    }

    @Test
    void aHalfCreatedSegmentIsRemoved() throws IOException {
        SimDisk disk = LogBytes.diskWith(FILE, intact);
        LogBytes.write(disk, "log/" + SegmentFormat.TEMPORARY, new byte[100]);
        SegmentedLogStore store = SegmentedLogStore.open(disk, "log", CONFIG);
        three.assertHeldBy(store);
        assertThat(disk.list("log")).containsExactly(FILE, Manifest.NAME);
    }

    @Test
    void onTheOperatingSystemsDiskTheMessageNamesTheRealFile(@TempDir Path root) throws IOException {
        Disk disk = new OsDisk(root);
        disk.createDirectories("log");
        new Manifest(77, 1, 1, 1, 0).write(disk, "log");
        byte[] flipped = intact.clone();
        flipped[boundaries.get(0) + 60] ^= 1;
        LogBytes.write(disk, PATH, flipped);
        assertThatThrownBy(() -> SegmentedLogStore.open(disk, "log", CONFIG))
                .isInstanceOf(LogDamageException.class)
                .hasMessageContaining(root.resolve(PATH) + " is damaged at offset " + boundaries.get(0));
        // nothing was changed
        assertThat(LogBytes.read(disk, PATH)).isEqualTo(flipped);
    }

    private static SimDisk segments(long storeId) throws IOException {
        SimDisk disk = new SimDisk("n1", DiskTimer.standalone(), 1);
        SegmentedLogStore store = SegmentedLogStore.open(disk, "log", new LogConfig(8192, 32768, storeId, 2));
        store.write(List.of(creation(1, null)));
        for (int index = 1; index <= 7; index++) {
            store.write(List.of(write(1, null, entry(1, index, 1500))));
        }
        return disk;
    }

    private static void assertRecovers(byte[] segment, LogModel expected, String what) throws IOException {
        SimDisk disk = LogBytes.diskWith(FILE, segment);
        SegmentedLogStore store = SegmentedLogStore.open(disk, "log", CONFIG);
        assertThat(expected.matches(store)).as(what).isTrue();
        List<GroupWrite> next = List.of(write(2, null, entry(4, 2, 5)));
        store.write(next);
        expected.apply(next);
        SimDisk after = disk.crash(Long.MAX_VALUE, new SplittableRandom(1));
        assertThat(expected.matches(SegmentedLogStore.open(after, "log", CONFIG)))
                .as(what + ", then written to")
                .isTrue();
    }

    private static void assertDamage(Disk disk, String path, int offset) {
        assertThatThrownBy(() -> SegmentedLogStore.open(disk, "log", CONFIG))
                .isInstanceOf(LogDamageException.class)
                .hasMessageContaining("n1:/" + path + " is damaged at offset " + offset + ":");
    }
}
