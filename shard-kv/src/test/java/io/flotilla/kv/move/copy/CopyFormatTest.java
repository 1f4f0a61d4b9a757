package io.flotilla.kv.move.copy;

import static io.flotilla.kv.move.copy.CopyWorld.OWNER;
import static io.flotilla.kv.move.copy.CopyWorld.SHARD;
import static io.flotilla.kv.move.copy.CopyWorld.TARGET;
import static io.flotilla.kv.move.copy.CopyWorld.key;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.kv.machine.HoldPlace;
import io.flotilla.kv.machine.RecordReader;
import io.flotilla.kv.machine.RecordWriter;
import io.flotilla.kv.machine.Writes;
import io.flotilla.raft.transfer.TransferSource.Chunk;
import io.flotilla.raft.transport.TransferId;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Parts as {@link CopyReader} makes them and {@link HoldWriter} takes them. */
class CopyFormatTest {
    private static final long MOVE = CopyWorld.MOVE;

    private final CopyWorld world = new CopyWorld(1, null);
    private final List<CopyReader> readers = new ArrayList<>();
    private final CopyWorld.Node n1;
    private int closed;

    CopyFormatTest() {
        n1 = world.add("n1", OWNER, TARGET);
        world.start();
        world.fill(40);
        world.moveOut();
        n1.apply(OWNER, world.ownersLog.size());
    }

    @AfterEach
    void end() {
        readers.forEach(CopyReader::close);
        world.close();
    }

    private CopyReader reader(long view) {
        CopyReader reader = new CopyReader(
                n1.now(OWNER, machine -> machine.moves().copy(SHARD.getId(), MOVE)), view, () -> closed++);
        readers.add(reader);
        return reader;
    }

    private HoldWriter writer(boolean isOfHold) {
        HoldPlace place = n1.now(
                TARGET,
                machine -> isOfHold
                        ? machine.moves().beginAnew(SHARD, MOVE)
                        : machine.moves().beginHold(SHARD, MOVE));
        return new HoldWriter(place, isOfHold);
    }

    private static List<Chunk> parts(CopyReader reader, int maxBytes) {
        List<Chunk> parts = new ArrayList<>();
        for (Chunk part = reader.next(maxBytes); part != null; part = reader.next(maxBytes)) {
            parts.add(part);
        }
        return parts;
    }

    @Test
    void aReaderGoesOnAtEachPositionAsIfItHadComeThere() {
        List<Chunk> parts = parts(reader(CopyFormat.ANY_VIEW), 300);
        assertThat(parts).hasSizeGreaterThan(15);
        for (int i = 0; i < parts.size(); i++) {
            CopyReader other = reader(CopyFormat.ANY_VIEW);
            other.seek(parts.get(i).after());
            List<Chunk> rest = parts(other, 300);
            assertThat(rest).hasSize(parts.size() - 1 - i);
            for (int j = 0; j < rest.size(); j++) {
                assertThat(rest.get(j).bytes()).isEqualTo(parts.get(i + 1 + j).bytes());
                assertThat(rest.get(j).after()).isEqualTo(parts.get(i + 1 + j).after());
            }
        }
        int open = readers.size();
        readers.forEach(CopyReader::close);
        readers.forEach(CopyReader::close);
        assertThat(closed).isEqualTo(open);
        assertThatThrownBy(() -> readers.get(0).next(300)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aPartIsNoLargerThanItMayBeUnlessARowIs() {
        assertThat(parts(reader(CopyFormat.ANY_VIEW), 1_000)).allMatch(part -> part.bytes().length <= 1_000 + 1);
        assertThat(parts(reader(CopyFormat.ANY_VIEW), 1)).hasSizeBetween(45, 47);
    }

    @Test
    void aWriterTakesTheNextPartAlone() {
        List<Chunk> coarse = parts(reader(CopyFormat.ANY_VIEW), 700);
        List<Chunk> fine = parts(reader(CopyFormat.ANY_VIEW), 300);
        HoldWriter writer = writer(false);
        assertThat(writer.accept(fine.get(1).bytes())).isFalse();
        assertThat(writer.accept(fine.get(0).bytes())).isTrue();
        assertThat(writer.accept(fine.get(0).bytes())).isFalse();
        // of another view, which was cut elsewhere
        assertThat(writer.accept(coarse.get(1).bytes())).isFalse();
        for (Chunk part : fine.subList(1, fine.size())) {
            assertThat(writer.position().encode()).isNotEqualTo(part.after());
            assertThat(writer.accept(part.bytes())).isTrue();
            assertThat(writer.position().encode()).isEqualTo(part.after());
        }
        assertThat(writer.isAtEnd()).isTrue();
        assertThat(writer.copiedBehind().isEmpty()).isTrue();
        writer.close();
        // nothing was taken in
        assertThat(writer.position()).isEqualTo(CopyPosition.BEGINNING);
    }

    @Test
    void whatWasTakenInIsNotWantedAgain() {
        List<Chunk> parts = parts(reader(CopyFormat.ANY_VIEW), 300);
        HoldWriter writer = writer(false);
        parts.subList(0, 12)
                .forEach(part -> assertThat(writer.accept(part.bytes())).isTrue());
        assertThat(writer.fileBytes()).isPositive();
        writer.takeIn();
        assertThat(writer.fileBytes()).isZero();
        assertThat(writer.copiedBehind().toStringUtf8()).startsWith("k00");
        writer.accept(parts.get(12).bytes());
        writer.close();
        assertThat(writer.position().encode()).isEqualTo(parts.get(11).after());
        boolean isRecorded =
                n1.now(TARGET, machine -> machine.moves().advanceCopy(writer.place(), writer.copiedBehind()));
        assertThat(isRecorded).isTrue();
        HoldWriter resumed = writer(false);
        assertThat(resumed.position()).isEqualTo(writer.position());
        assertThat(resumed.accept(parts.get(12).bytes())).isTrue();
        resumed.close();
    }

    @Test
    void allOfAHoldComesOutOfOneView() {
        List<Chunk> one = parts(reader(7), 300);
        List<Chunk> other = parts(reader(8), 300);
        HoldWriter writer = writer(true);
        assertThat(writer.accept(one.get(0).bytes())).isTrue();
        assertThat(writer.accept(other.get(1).bytes())).isFalse();
        assertThat(writer.accept(one.get(1).bytes())).isTrue();
        assertThatThrownBy(() -> writer.accept(
                        parts(reader(CopyFormat.ANY_VIEW), 300).get(2).bytes()))
                .hasMessage("the copy is not of what it was asked of");
        assertThatThrownBy(() -> writer(false).accept(one.get(0).bytes()))
                .hasMessage("the copy is not of what it was asked of");
        writer.close();
        writer.place().abandon();
    }

    private static byte[] part(byte... records) {
        RecordWriter part = new RecordWriter();
        part.putVarint(CopyFormat.FORMAT)
                .putVarint(0)
                .putVarint(40)
                .putVarint(0)
                .put(records, 0, records.length);
        return part.copy();
    }

    private static byte[] row(String key, int valueBytes) {
        RecordWriter row = new RecordWriter();
        byte[] bytes = key.getBytes(StandardCharsets.UTF_8);
        row.put(CopyFormat.ROW)
                .putVarint(bytes.length)
                .put(bytes, 0, bytes.length)
                .putVarint(valueBytes)
                .put(new byte[valueBytes], 0, valueBytes);
        return row.copy();
    }

    private static byte[] join(byte[]... arrays) {
        RecordWriter all = new RecordWriter();
        for (byte[] array : arrays) {
            all.put(array, 0, array.length);
        }
        return all.copy();
    }

    private void isRefused(byte[] part, String why) {
        HoldWriter writer = writer(false);
        CopyPosition before = writer.position();
        assertThatThrownBy(() -> writer.accept(part))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(why);
        assertThat(writer.position()).isEqualTo(before);
        writer.close();
    }

    @Test
    void whatMakesNoSenseIsRefusedAndWantedAgain() {
        byte[] whole = parts(reader(CopyFormat.ANY_VIEW), 10_000).get(0).bytes();
        for (int length = 0; length < whole.length - 1; length += 7) {
            byte[] cut = Arrays.copyOf(whole, length);
            HoldWriter writer = writer(false);
            try {
                // cut between two records it is a shorter part, not the end
                assertThat(writer.accept(cut)).isTrue();
                assertThat(writer.isAtEnd()).isFalse();
            } catch (IllegalArgumentException e) {
                assertThat(writer.position()).isEqualTo(CopyPosition.BEGINNING);
            }
            writer.close();
        }
        byte[] newer = whole.clone();
        newer[0] = CopyFormat.FORMAT + 1;
        isRefused(newer, "has format 2, this version knows only 1: let all nodes run the same version");
        isRefused(part((byte) 9), "there is no record of kind 9");
        isRefused(part(join(row("b", 10), row("a", 10))), "a row is out of order");
        isRefused(part(join(row("b", 10), row("b", 10))), "a row is out of order");
        isRefused(part(row("z", 10)), "a key lies outside the shard");
        isRefused(part(row("", 10)), "a key lies outside the shard");
        isRefused(part(row("a", 7)), "a row has 7 bytes");
        isRefused(part(join(new byte[] {CopyFormat.END}, row("a", 10))), "there is something after its end");
    }

    @Test
    void positionsAreReadAsWritten() {
        List<CopyPosition> all = List.of(
                CopyPosition.BEGINNING,
                CopyPosition.behindSession(new byte[16]),
                CopyPosition.behindRow(new byte[] {1, 2}),
                CopyPosition.END);
        for (CopyPosition position : all) {
            assertThat(CopyPosition.decode(position.encode())).isEqualTo(position);
        }
        for (byte[] wrong : new byte[][] {{0}, {0, 1}, {1}, {2, 1}, {3}, {-1}}) {
            assertThatThrownBy(() -> CopyPosition.decode(wrong)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void idsAreReadAsWritten() {
        CopyId id = new CopyId(true, 3, 7, 11, -5);
        assertThat(CopyId.of(id.toTransfer())).isEqualTo(id);
        assertThat(id.toTransfer().kind()).isEqualTo(CopyId.KIND);
        assertThatThrownBy(() -> CopyId.of(TransferId.of(new byte[] {2, 1})))
                .hasMessage("it is no id of the copy of a shard");
    }

    @Test
    void aPartSaysAtWhichChangeNumberRoundsBegin() {
        world.write(1, Writes.put(key(1), "later"));
        n1.apply(OWNER, world.ownersLog.size());
        RecordReader part =
                new RecordReader(reader(CopyFormat.ANY_VIEW).next(300).bytes());
        part.getVarint();
        part.getVarint();
        assertThat(part.getVarint()).isEqualTo(40);
    }
}
