package io.flotilla.kv.machine;

import static io.flotilla.kv.machine.Writes.bytes;
import static io.flotilla.kv.machine.Writes.increment;
import static io.flotilla.kv.machine.Writes.put;
import static io.flotilla.kv.machine.Writes.ref;
import static io.flotilla.kv.machine.Writes.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.InvalidProtocolBufferException;
import io.flotilla.client.proto.Row;
import io.flotilla.client.proto.Scan;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.engine.EngineBatch;
import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.EngineException;
import io.flotilla.kv.engine.Keys;
import io.flotilla.kv.engine.KvEngine;
import io.flotilla.kv.engine.memory.MemoryEngine;
import io.flotilla.kv.engine.rocks.RocksEngine;
import io.flotilla.kv.proto.ChangeIndexRow;
import io.flotilla.kv.proto.FenceRow;
import io.flotilla.kv.proto.HoldRow;
import io.flotilla.kv.proto.MoveRow;
import io.flotilla.kv.proto.PieceRow;
import io.flotilla.kv.proto.ShardRow;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.machine.SnapshotSource;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where the rows of shards lie, what else a group has in the engine, and when it goes. */
class ShardRowsTest {
    private static final long SPARE = 90;

    private MemoryEngine engine = new MemoryEngine();
    private final Replica replica = filled(engine);

    private static Replica filled(KvEngine engine) {
        Replica filled = new Replica(engine);
        for (String key : List.of("a", "b", "c", "d", "e")) {
            filled.reply(write(1, key.charAt(0), put(key, "v" + key)));
        }
        filled.reply(write(2, 1, put("m", "vm")).toBuilder()
                .setShard(ref(Writes.high()))
                .build());
        return filled;
    }

    private static ShardRow row(KvEngine engine, Shard shard) {
        try {
            return ShardRow.parseFrom(engine.get(Layout.shardKey(Writes.GROUP, shard.getId())));
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError(e);
        }
    }

    private static void store(KvEngine engine, ShardRow row) {
        EngineBatch batch = new EngineBatch();
        batch.put(Layout.shardKey(Writes.GROUP, row.getShard().getId()), row.toByteArray());
        engine.write(batch);
    }

    private static void store(KvEngine engine, byte[] key, byte[] value) {
        EngineBatch batch = new EngineBatch();
        batch.put(key, value);
        engine.write(batch);
    }

    private static int count(KvEngine engine, byte[] prefix) {
        int count = 0;
        try (EngineCursor rows = engine.ascending(prefix, Keys.afterPrefix(prefix))) {
            while (rows.next()) {
                count++;
            }
        }
        return count;
    }

    private static PieceRow piece(long generation, String start, String end) {
        return PieceRow.newBuilder()
                .setGeneration(generation)
                .setStart(bytes(start))
                .setEnd(bytes(end))
                .build();
    }

    /** Moves the low shard's rows from "c" to "d" into a generation of their own. */
    private void divide() {
        replica.machine.writeBack();
        ShardRow row = row(engine, Writes.low());
        long first = row.getPieces(0).getGeneration();
        EngineBatch batch = new EngineBatch();
        byte[] from = Layout.dataKey(first, bytes("c"));
        byte[] value = engine.get(from);
        batch.put(Layout.numberKey(SPARE), new byte[0]);
        batch.put(Layout.dataKey(SPARE, bytes("c")), value);
        engine.write(batch);
        store(
                engine,
                row.toBuilder()
                        .clearPieces()
                        .addPieces(piece(first, "", "c"))
                        .addPieces(piece(SPARE, "c", "d"))
                        .addPieces(piece(first, "d", "m"))
                        .build());
    }

    private static List<String> scan(Replica replica, Scan.Builder scan) {
        List<String> keys = new ArrayList<>();
        for (Row row : replica.scan(Writes.low(), scan).getRowsList()) {
            keys.add(row.getKey().toStringUtf8() + row.getValue().toStringUtf8());
        }
        return keys;
    }

    @Test
    void aShardOfManyPiecesIsAsOneOfOnePiece() {
        long checksum = replica.machine.checksum();
        divide();
        byte[] left = Layout.dataKey(row(engine, Writes.low()).getPieces(0).getGeneration(), bytes("c"));
        assertThat(engine.get(left)).isNotNull();
        replica.restart(engine);
        assertThat(engine.get(left)).as("no piece covers it").isNull();
        assertThat(replica.machine.checksum()).isEqualTo(checksum);
        assertThat(scan(replica, Scan.newBuilder())).containsExactly("ava", "bvb", "cvc", "dvd", "eve");
        assertThat(scan(replica, Scan.newBuilder().setReverse(true)))
                .containsExactly("eve", "dvd", "cvc", "bvb", "ava");
        assertThat(scan(replica, Scan.newBuilder().setFrom(bytes("b")).setTo(bytes("cc"))))
                .containsExactly("bvb", "cvc");
        assertThat(scan(
                        replica,
                        Scan.newBuilder().setFrom(bytes("c")).setTo(bytes("d")).setReverse(true)))
                .containsExactly("cvc");
        replica.reply(write(3, 1, put("c", "new")));
        replica.reply(write(3, 2, put("d", "new")));
        assertThat(engine.get(Layout.dataKey(SPARE, bytes("c")))).isNotNull();
        Replica other = new Replica(new MemoryEngine());
        KvSnapshots.transfer(replica.machine, other.machine, 50);
        assertThat(other.machine.checksum()).isEqualTo(replica.machine.checksum());
        assertThat(row(other.engine, Writes.low()).getPiecesCount()).isEqualTo(1);
    }

    @Test
    void piecesThatAreNotTheShardAreDamage() {
        replica.machine.writeBack();
        ShardRow row = row(engine, Writes.low());
        for (List<PieceRow> pieces : List.of(
                List.<PieceRow>of(),
                List.of(piece(1, "", "l")),
                List.of(piece(1, "a", "m")),
                List.of(piece(1, "", "c"), piece(1, "d", "m")),
                List.of(piece(1, "", "d"), piece(1, "c", "m")),
                List.of(piece(1, "", ""), piece(1, "", "m")))) {
            store(engine, row.toBuilder().clearPieces().addAllPieces(pieces).build());
            assertThatThrownBy(() -> replica.restart(engine))
                    .as("%s", pieces)
                    .isInstanceOf(EngineException.class)
                    .hasMessageContaining("shard 7 of group 3 is damaged");
        }
    }

    @Test
    void sessionsLieUnderANumberOfTheirOwn() {
        replica.machine.writeBack();
        ShardRow low = row(engine, Writes.low());
        ShardRow high = row(engine, Writes.high());
        assertThat(List.of(
                        low.getSessionNumber(),
                        high.getSessionNumber(),
                        low.getPieces(0).getGeneration(),
                        high.getPieces(0).getGeneration()))
                .doesNotHaveDuplicates();
        assertThat(count(engine, Layout.sessionPrefix(low.getSessionNumber()))).isEqualTo(1);
        // another number, and the shard knows nobody
        store(engine, low.toBuilder().setSessionNumber(SPARE).build());
        store(engine, Layout.numberKey(SPARE), new byte[0]);
        replica.restart(engine);
        assertThat(count(engine, Layout.sessionPrefix(low.getSessionNumber()))).isZero();
        replica.reply(write(1, 1, increment("i", 1)));
        assertThat(count(engine, Layout.sessionPrefix(SPARE))).isEqualTo(1);
        assertThat(count(engine, Layout.sessionPrefix(Writes.low().getId()))).isZero();
    }

    @Test
    void whatIsBeingReadGoesWhenItIsReadWhateverReplacedIt() {
        Replica newer = filled(new MemoryEngine());
        newer.reply(write(4, 1, put("f", "newer")));
        replica.machine.writeBack();
        long generation = row(engine, Writes.low()).getPieces(0).getGeneration();
        long checksum = replica.machine.checksum();
        KvMachines machines = new KvMachines(engine, new TestClock());
        KvStateMachine machine = (KvStateMachine) machines.open(Replica.GROUP);
        SnapshotSource source = machine.snapshot();
        GroupChecksum summing = machines.checksum(Writes.GROUP);
        long index = machine.appliedIndex();
        KvSnapshots.install(
                machine, KvSnapshots.parts(newer.machine, 100), new EntryId(1, newer.machine.appliedIndex()));
        assertThat(count(engine, Layout.dataPrefix(generation))).isEqualTo(5);
        assertThat(summing.compute(() -> true)).isEqualTo(checksum);
        summing.close();
        assertThat(count(engine, Layout.dataPrefix(generation))).isEqualTo(5);
        Replica third = new Replica(new MemoryEngine());
        KvSnapshots.install(third.machine, KvSnapshots.parts(source, 100), new EntryId(1, index));
        assertThat(third.machine.checksum()).isEqualTo(checksum);
        engine.flush();
        MemoryEngine cut = engine.crash(0);
        assertThat(count(cut, Layout.dataPrefix(generation))).isEqualTo(5);
        new KvMachines(cut, new TestClock());
        assertThat(count(cut, Layout.dataPrefix(generation))).as("a start").isZero();
    }

    @Test
    void aReaderThatEndsLastDeletes() {
        replica.machine.writeBack();
        long generation = row(engine, Writes.low()).getPieces(0).getGeneration();
        KvMachines machines = new KvMachines(engine, new TestClock());
        KvStateMachine machine = (KvStateMachine) machines.open(Replica.GROUP);
        SnapshotSource source = machine.snapshot();
        machine.close();
        machines.drop(Writes.GROUP);
        assertThat(count(engine, Layout.dataPrefix(generation))).isEqualTo(5);
        source.close();
        source.close();
        assertThat(count(engine, Layout.dataPrefix(generation))).isZero();
    }

    /** Rows of all kinds that a group may have, some of which nothing writes yet. */
    private void decorate(KvEngine to) {
        EngineBatch batch = new EngineBatch();
        ShardRow low = row(to, Writes.low());
        batch.put(
                Layout.shardKey(Writes.GROUP, 7),
                low.toBuilder()
                        .setChangeIndex(ChangeIndexRow.newBuilder().setMove(12).setNumber(SPARE))
                        .setMove(MoveRow.newBuilder()
                                .setMove(12)
                                .setTarget(5)
                                .setFromChangeNumber(4)
                                .setChangeIndexRows(1_000))
                        .build()
                        .toByteArray());
        batch.put(Layout.changeKey(SPARE, 5, 0), Layout.changeOf(bytes("a"), 2));
        batch.put(Layout.changeKey(SPARE, 5, 1), Layout.changeOf(new SessionId(1, -1)));
        batch.put(
                Layout.fenceKey(Writes.GROUP, 7),
                FenceRow.newBuilder().setMove(12).build().toByteArray());
        batch.put(
                Layout.fenceKey(Writes.GROUP, 9),
                FenceRow.newBuilder()
                        .setMove(11)
                        .setGoneTo(Writes.shard(9, 3, "x", "z"))
                        .build()
                        .toByteArray());
        for (long number = SPARE; number <= SPARE + 4; number++) {
            batch.put(Layout.numberKey(number), new byte[0]);
        }
        hold(batch, 20, 13, SPARE + 1);
        hold(batch, 9, 11, SPARE + 3);
        to.write(batch);
    }

    private static void hold(EngineBatch batch, long shard, long move, long number) {
        batch.put(
                Layout.holdKey(Writes.GROUP, shard, move),
                HoldRow.newBuilder()
                        .addPieces(piece(number, "x", "z"))
                        .setSessionNumber(number + 1)
                        .setChangeNumber(4)
                        .build()
                        .toByteArray());
        batch.put(Layout.dataKey(number, bytes("x")), new byte[8]);
        batch.put(Layout.sessionKey(number + 1, new SessionId(1, 2)), new byte[0]);
    }

    @Test
    void fencesAndChangesAreStateAndHoldsAreNot() {
        long plain = replica.machine.checksum();
        EngineBatch hold = new EngineBatch();
        hold(hold, 20, 13, SPARE + 1);
        hold.put(Layout.numberKey(SPARE + 1), new byte[0]);
        hold.put(Layout.numberKey(SPARE + 2), new byte[0]);
        engine.write(hold);
        replica.restart(engine);
        assertThat(replica.machine.checksum()).isEqualTo(plain);
        decorate(engine);
        replica.restart(engine);
        long decorated = replica.machine.checksum();
        assertThat(decorated).isNotEqualTo(plain);
        assertThat(engine.get(Layout.dataKey(SPARE + 1, bytes("x")))).isNotNull();
        assertThat(engine.get(Layout.sessionKey(SPARE + 4, new SessionId(1, 2))))
                .isNotNull();
        EngineBatch other = new EngineBatch();
        other.put(Layout.changeKey(SPARE, 5, 1), Layout.changeOf(new SessionId(1, -2)));
        engine.write(other);
        replica.restart(engine);
        assertThat(replica.machine.checksum()).as("a change").isNotEqualTo(decorated);
        store(engine, Layout.changeKey(SPARE, 5, 1), Layout.changeOf(new SessionId(1, -1)));
        store(
                engine,
                Layout.fenceKey(Writes.GROUP, 9),
                FenceRow.newBuilder().setMove(12).build().toByteArray());
        replica.restart(engine);
        assertThat(replica.machine.checksum()).as("a fence").isNotEqualTo(decorated);
    }

    @Test
    void aSnapshotBringsFencesAndChangesAndEndsTheHoldsTheyHavePassed() {
        decorate(engine);
        replica.restart(engine);
        replica.reply(write(3, 1, put("f", "last")));
        MemoryEngine there = new MemoryEngine();
        Replica to = filled(there);
        to.machine.writeBack();
        EngineBatch holds = new EngineBatch();
        for (long number = 200; number < 208; number++) {
            holds.put(Layout.numberKey(number), new byte[0]);
        }
        hold(holds, 20, 13, 200);
        hold(holds, 9, 11, 202);
        hold(holds, 9, 12, 204);
        holds.put(
                Layout.fenceKey(Writes.GROUP, 8),
                FenceRow.newBuilder().setMove(1).build().toByteArray());
        there.write(holds);
        to.restart(there);
        KvSnapshots.transfer(replica.machine, to.machine, 64);
        assertThat(to.machine.checksum()).isEqualTo(replica.machine.checksum());
        assertThat(there.get(Layout.fenceKey(Writes.GROUP, 8)))
                .as("an old fence")
                .isNull();
        assertThat(there.get(Layout.fenceKey(Writes.GROUP, 9))).isNotNull();
        ShardRow moving = row(there, Writes.low());
        assertThat(moving.getChangeIndex().getMove()).isEqualTo(12);
        assertThat(count(there, Layout.changePrefix(moving.getChangeIndex().getNumber())))
                .as("two, and a key and a session of the last write")
                .isEqualTo(4);
        assertThat(there.get(Layout.holdKey(Writes.GROUP, 20, 13))).isNotNull();
        assertThat(there.get(Layout.holdKey(Writes.GROUP, 9, 12))).isNotNull();
        assertThat(there.get(Layout.holdKey(Writes.GROUP, 9, 11))).isNull();
        assertThat(count(there, Layout.dataPrefix(202))).isZero();
        assertThat(count(there, Layout.sessionPrefix(203))).isZero();
        assertThat(count(there, Layout.dataPrefix(200))).isEqualTo(1);
        // and the next one takes the place of all that this one brought
        replica.reply(write(3, 2, put("g", "last")));
        KvSnapshots.transfer(replica.machine, to.machine, 64);
        assertThat(count(there, Layout.changePrefix(moving.getChangeIndex().getNumber())))
                .isZero();
        assertThat(to.machine.checksum()).isEqualTo(replica.machine.checksum());
    }

    @Test
    void aDroppedGroupLeavesNothingOfAnyKind() {
        decorate(engine);
        replica.restart(engine);
        KvMachines machines = new KvMachines(engine, new TestClock());
        machines.open(Replica.GROUP).close();
        machines.drop(Writes.GROUP);
        MemoryEngine left = engine.crash(0);
        for (byte tag = 2; tag <= 9; tag++) {
            assertThat(count(left, new byte[] {tag}))
                    .as("rows with tag %s", tag)
                    .isZero();
        }
    }

    @Test
    void aDirectoryOfAnotherFormatIsRefusedByName(@TempDir Path home) {
        try (RocksEngine disk = RocksEngine.open(home)) {
            store(disk, Layout.FORMAT_KEY, Layout.number(1));
            assertThatThrownBy(() -> new KvMachines(disk, new TestClock()))
                    .isInstanceOf(EngineException.class)
                    .hasMessage("the rows of the database in " + home
                            + " have format 1, this version reads and writes format 3: start the version that wrote them, or"
                            + " a new node with an empty directory");
        }
    }

    @Test
    void aStartDeletesWhatNobodyHas() {
        decorate(engine);
        EngineBatch orphans = new EngineBatch();
        orphans.put(Layout.numberKey(300), new byte[0]);
        orphans.put(Layout.dataKey(300, bytes("a")), new byte[8]);
        orphans.put(Layout.sessionKey(300, new SessionId(1, 1)), new byte[0]);
        orphans.put(Layout.changeKey(300, 1, 1), new byte[0]);
        // outside the piece that is held
        orphans.put(Layout.dataKey(SPARE + 1, bytes("w")), new byte[8]);
        engine.write(orphans);
        new KvMachines(engine, new TestClock());
        assertThat(count(engine, Layout.dataPrefix(300))).isZero();
        assertThat(count(engine, Layout.sessionPrefix(300))).isZero();
        assertThat(count(engine, Layout.changePrefix(300))).isZero();
        assertThat(engine.get(Layout.numberKey(300)))
                .as("the highest stays known")
                .isNotNull();
        assertThat(count(engine, Layout.dataPrefix(SPARE + 1))).isEqualTo(1);
        assertThat(count(engine, Layout.changePrefix(SPARE))).isEqualTo(2);
        int batches = engine.unflushedBatches();
        new KvMachines(engine, new TestClock());
        assertThat(engine.unflushedBatches()).as("nothing more to do").isEqualTo(batches + 1);
    }
}
