package io.flotilla.kv.machine;

import static io.flotilla.kv.machine.Writes.put;
import static io.flotilla.kv.machine.Writes.ref;
import static io.flotilla.kv.machine.Writes.write;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.WriteReply;
import io.flotilla.client.proto.WriteRequest;
import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.Keys;
import io.flotilla.kv.engine.KvEngine;
import io.flotilla.kv.engine.memory.MemoryEngine;
import io.flotilla.kv.engine.rocks.RocksEngine;
import io.flotilla.kv.proto.ChangeIndexRow;
import io.flotilla.kv.proto.FenceRow;
import io.flotilla.kv.proto.MoveRow;
import io.flotilla.kv.proto.SessionRow;
import io.flotilla.kv.proto.ShardRow;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.machine.SnapshotSink;
import io.flotilla.raft.machine.SnapshotSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KvSnapshotTest {
    @TempDir
    private Path home;

    /** A replica with some rows and sessions in both shards. */
    private static Replica source() {
        Replica replica = new Replica(new MemoryEngine());
        replica.apply(write(1, 1, put("a", "1")), write(1, 2, put("b", "2")));
        replica.apply(write(2, 1, put("c", "3")), high(3, 1, "z", "9"));
        replica.apply(write(1, 3, Writes.delete("b")), write(1, 4, Writes.increment("i", 1)));
        replica.apply(write(2, 2, put("d", "4")));
        replica.apply(high(2, 3, "m", "5"));
        return replica;
    }

    private static WriteRequest high(long session, long sequence, String key, String value) {
        return write(session, sequence, put(key, value)).toBuilder()
                .setShard(ref(Writes.high()))
                .build();
    }

    private static EntryId at(Replica replica) {
        return new EntryId(5, replica.machine.appliedIndex());
    }

    @Test
    void theSnapshotIsTheStateWhenItWasTakenWhateverCameAfter() {
        Replica from = source();
        long checksum = from.machine.checksum();
        EntryId last = at(from);
        List<byte[]> parts;
        try (SnapshotSource snapshot = from.machine.snapshot()) {
            from.apply(write(1, 5, put("a", "later")), write(9, 1, put("d", "later")));
            assertThat(snapshot.index()).isEqualTo(last.index());
            parts = KvSnapshots.parts(snapshot, 100);
        }
        Replica to = new Replica(new MemoryEngine());
        KvSnapshots.install(to.machine, parts, last);
        assertThat(to.machine.checksum()).isEqualTo(checksum).isNotEqualTo(from.machine.checksum());
        assertThat(to.machine.installed()).isEqualTo(last);
        assertThat(to.machine.appliedIndex()).isEqualTo(last.index());
        assertThat(to.machine.durableIndex()).isEqualTo(last.index());
        assertThat(to.text("a")).isEqualTo("1");
        assertThat(to.text("z")).isEqualTo("9");
        // and goes on from there
        to.machine.apply(from.log.subList((int) last.index(), from.log.size()));
        assertThat(to.machine.checksum()).isEqualTo(from.machine.checksum());
    }

    @Test
    void aRetryAfterTheSnapshotGetsTheKeptReply() {
        Replica from = source();
        Replica to = new Replica(new MemoryEngine());
        to.apply(write(1, 1, put("a", "another history")));
        KvSnapshots.transfer(from.machine, to.machine, 1 << 20);
        to.log.clear();
        to.log.addAll(from.log);
        WriteReply again = to.reply(write(1, 4, Writes.increment("i", 1)));
        assertThat(again.getValue().toStringUtf8()).isEqualTo("1");
        assertThat(to.text("i")).isEqualTo("1");
        assertThat(to.refusal(write(1, 3, put("b", "x")).toBuilder()
                                .setSequence(9)
                                .setNotAfterMillis(Writes.NOW - 1)
                                .build())
                        .getKind())
                .as("log time came with the snapshot")
                .isEqualTo(Refusal.Kind.EXPIRED);
    }

    @Test
    void aPartIsLongerThanAskedOnlyForOneRow() {
        Replica from = source();
        byte[] large = new byte[Rules.MAX_VALUE_BYTES];
        new SplittableRandom(1).nextBytes(large);
        for (int i = 0; i < 5; i++) {
            from.apply(write(7, i + 1, put("large" + i, ByteString.copyFrom(large))));
        }
        List<byte[]> parts = KvSnapshots.parts(from.machine, 64 << 10);
        assertThat(parts.stream().filter(part -> part.length > 64 << 10)).hasSize(5);
        assertThat(parts).allMatch(part -> part.length < large.length + 100);
        try (KvEngine disk = RocksEngine.open(home.resolve("db"))) {
            Replica to = new Replica(disk);
            KvSnapshots.install(to.machine, parts, at(from));
            assertThat(to.machine.checksum()).isEqualTo(from.machine.checksum());
            assertThat(to.get("large4").getValue().toByteArray()).isEqualTo(large);
        }
    }

    @Test
    void aSinkTouchesNothingBeforeItIsInstalled() {
        Replica from = source();
        Replica to = new Replica(new MemoryEngine());
        to.apply(write(4, 1, put("a", "mine")));
        long before = to.machine.checksum();
        SnapshotSink sink = KvSnapshots.received(to.machine, KvSnapshots.parts(from.machine, 50));
        assertThat(to.machine.checksum()).isEqualTo(before);
        assertThat(to.machine.installed()).isEqualTo(EntryId.ZERO);
        sink.close();
        assertThat(to.machine.checksum()).isEqualTo(before);
        to.apply(write(4, 2, put("b", "mine")));
        assertThat(to.text("b")).isEqualTo("mine");
    }

    // ---- crashes ----

    private static final class Crash extends RuntimeException {}

    /** The log of a replica that has applied three entries, two of them durably; the snapshot is of another history. */
    private static Replica before(KvEngine engine) {
        Replica to = new Replica(engine);
        to.apply(write(4, 1, put("a", "old")), high(4, 1, "y", "old"));
        to.machine.apply(List.of(to.entry(write(4, 2, put("b", "old")))));
        to.machine.writeBack();
        engine.flush();
        to.apply(write(4, 3, put("c", "old")));
        return to;
    }

    private static void check(String when, KvEngine left, Replica from, Replica old, boolean mustBeNew) {
        KvMachines machines = new KvMachines(left, new TestClock());
        KvStateMachine found = (KvStateMachine) machines.open(Replica.GROUP);
        if (mustBeNew || found.installed().index() > 0) {
            assertThat(found.installed()).as(when).isEqualTo(at(from));
            assertThat(found.appliedIndex()).as(when).isEqualTo(at(from).index());
            assertThat(found.checksum()).as(when).isEqualTo(from.machine.checksum());
        } else {
            assertThat(found.appliedIndex()).as(when).isBetween(2L, 3L);
            found.apply(old.log.subList((int) found.appliedIndex(), old.log.size()));
            assertThat(found.checksum()).as(when).isEqualTo(old.machine.checksum());
        }
        Set<Long> present = numbers(left);
        assertThat(numbersWithRows(left)).as(when).isEqualTo(present);
        long highest = present.stream().mapToLong(Long::longValue).max().orElse(0);
        // once more: whatever numbers were used before are not used again
        Replica newer = source();
        newer.apply(write(8, 1, put("e", "newer")));
        newer.apply(write(8, 2, put("e", "newest")));
        newer.apply(write(8, 3, put("f", "newest")));
        KvSnapshots.transfer(newer.machine, found, 100);
        assertThat(found.checksum()).as(when).isEqualTo(newer.machine.checksum());
        assertThat(numbers(left)).as(when).allMatch(each -> each > highest);
        assertThat(numbersWithRows(left)).as(when).isEqualTo(numbers(left));
    }

    /** Of the shards' generations and sessions. */
    private static Set<Long> numbers(KvEngine engine) {
        Set<Long> found = new TreeSet<>();
        byte[] shards = Layout.shardsPrefix();
        try (EngineCursor rows = engine.ascending(shards, Keys.afterPrefix(shards))) {
            while (rows.next()) {
                RowRange.of(ShardRow.parseFrom(rows.value())).forEach(range -> found.add(range.number()));
            }
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError(e);
        }
        return found;
    }

    private static Set<Long> numbersWithRows(KvEngine engine) {
        Set<Long> found = new TreeSet<>();
        for (byte kind : new byte[] {4, (byte) 0x80}) {
            try (EngineCursor rows = engine.ascending(new byte[] {kind}, new byte[] {(byte) (kind + 1)})) {
                while (rows.next()) {
                    found.add(ByteBuffer.wrap(rows.key()).getLong(1));
                }
            }
        }
        return found;
    }

    @Test
    void aCrashAtAnyStepOfInstallLeavesTheOldStateOrTheNewInMemory() {
        List<String> seen = new ArrayList<>();
        for (int step = 0; step <= 3; step++) {
            for (int survivors = 0; survivors <= 2; survivors++) {
                Replica from = source();
                int last = step;
                List<String> steps = new ArrayList<>();
                MemoryEngine memory = new MemoryEngine();
                boolean[] installing = new boolean[1];
                Replica to = before(new SteppedEngine(memory, name -> {
                    if (installing[0]) {
                        if (steps.size() == last) {
                            throw new Crash();
                        }
                        steps.add(name);
                    }
                }));
                Replica old = before(new MemoryEngine());
                installing[0] = true;
                try {
                    KvSnapshots.install(to.machine, KvSnapshots.parts(from.machine, 100), at(from));
                } catch (Crash stopped) {
                    seen.add("after " + steps);
                }
                if (survivors <= memory.unflushedBatches()) {
                    check("after " + steps, memory.crash(survivors), from, old, step == 3);
                }
            }
        }
        assertThat(seen).contains("after []", "after [ingest]", "after [ingest, write]");
    }

    /** What a crash before a step of an install leaves; null if that leaves no more. */
    private static MemoryEngine crashedInstall(Replica from, int step, int survivors) {
        int[] steps = {0};
        boolean[] installing = new boolean[1];
        MemoryEngine memory = new MemoryEngine();
        Replica to = before(new SteppedEngine(memory, name -> {
            if (installing[0] && steps[0]++ == step) {
                throw new Crash();
            }
        }));
        installing[0] = true;
        try {
            KvSnapshots.install(to.machine, KvSnapshots.parts(from.machine, 100), at(from));
        } catch (Crash stopped) {
            // as it should be, but for the last
        }
        return survivors <= memory.unflushedBatches() ? memory.crash(survivors) : null;
    }

    /** A crash before each step of an install, then one before each step of the start after it, whatever either loses. */
    @Test
    void pairsOfCrashesInAnInstallAndInTheStartAfterIt() {
        Replica from = source();
        int pairs = 0;
        int longest = 0;
        for (int step = 0; step <= 3; step++) {
            for (int survivors = 0; crashedInstall(from, step, survivors) != null; survivors++) {
                boolean crashes = true;
                for (int again = 0; crashes; again++) {
                    int most = 0;
                    for (int left = 0; left <= most; left++) {
                        MemoryEngine engine = crashedInstall(from, step, survivors);
                        crashes = startCrashes(engine, again);
                        most = engine.unflushedBatches();
                        longest = Math.max(longest, again);
                        pairs++;
                        String when =
                                "install " + step + ", " + survivors + " kept, start " + again + ", " + left + " kept";
                        check(when, engine.crash(left), from, before(new MemoryEngine()), step == 3);
                    }
                }
            }
        }
        assertThat(longest).as("steps of a start").isPositive();
        assertThat(pairs).isGreaterThan(20);
    }

    /** @return whether the start came to that step */
    private static boolean startCrashes(MemoryEngine engine, int step) {
        int[] steps = {0};
        KvEngine stepped = new SteppedEngine(engine, name -> {
            if (steps[0]++ == step) {
                throw new Crash();
            }
        });
        try {
            KvMachines machines = new KvMachines(stepped, new TestClock());
            machines.open(Replica.GROUP);
            machines.tidy();
            return false;
        } catch (Crash stopped) {
            return true;
        }
    }

    @Test
    void aCrashAtAnyStepOfInstallLeavesTheOldStateOrTheNewOnDisk() throws IOException {
        Replica from = source();
        Replica old = before(new MemoryEngine());
        Path live = home.resolve("live");
        List<Path> copies = new ArrayList<>();
        boolean[] installing = new boolean[1];
        try (KvEngine disk = new SteppedEngine(RocksEngine.open(live), name -> {
            if (installing[0]) {
                copies.add(SteppedEngine.copy(live, home.resolve("before-" + name)));
            }
        })) {
            Replica to = before(disk);
            installing[0] = true;
            KvSnapshots.install(to.machine, KvSnapshots.parts(from.machine, 100), at(from));
            installing[0] = false;
            copies.add(SteppedEngine.copy(live, home.resolve("after-flush")));
        }
        assertThat(copies)
                .extracting(path -> path.getFileName().toString())
                .containsExactly("before-ingest", "before-write", "before-flush", "after-flush");
        for (Path copy : copies) {
            try (KvEngine left = RocksEngine.open(copy)) {
                check(copy.getFileName().toString(), left, from, old, copy.endsWith("after-flush"));
            }
        }
    }

    // ---- malformed snapshots ----

    @Test
    void damagedSnapshotsAreRefused() {
        Replica from = source();
        SplittableRandom random = new SplittableRandom(5);
        for (int round = 0; round < 3_000; round++) {
            List<byte[]> parts = KvSnapshots.parts(from.machine, random.nextInt(20, 300));
            int kind = random.nextInt(5);
            int victim = random.nextInt(parts.size());
            byte[] part = parts.get(victim);
            if (kind == 0) {
                part[random.nextInt(part.length)] ^= (byte) (1 << random.nextInt(8));
            } else if (kind == 1) {
                parts.set(victim, Arrays.copyOf(part, random.nextInt(part.length)));
            } else if (kind == 2) {
                parts.remove(victim);
            } else if (kind == 3) {
                parts.add(random.nextInt(parts.size() + 1), part);
            } else {
                byte[] noise = new byte[random.nextInt(1, 20)];
                random.nextBytes(noise);
                System.arraycopy(noise, 0, part, 0, Math.min(noise.length, part.length));
            }
            Replica to = new Replica(new MemoryEngine());
            assertThatThrownBy(() -> KvSnapshots.received(to.machine, parts))
                    .as("round %s kind %s", round, kind)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("snapshot of group " + Writes.GROUP);
        }
    }

    /** A snapshot made by hand, with a right checksum. */
    private static final class Handmade {
        private final RecordWriter writer = new RecordWriter();
        private int sessions;
        private int rows;
        private int changes;
        private int fences;

        Handmade fences(int count) {
            fences = count;
            return this;
        }

        Handmade fence(long shard, long move) {
            byte[] row = FenceRow.newBuilder().setMove(move).build().toByteArray();
            writer.put(SnapshotFormat.FENCE)
                    .putVarint(shard)
                    .putVarint(row.length)
                    .put(row, 0, row.length);
            return this;
        }

        Handmade change(int shard, long changeNumber, byte[] what) {
            writer.put(SnapshotFormat.CHANGE).putVarint(shard);
            writer.put(Layout.number(changeNumber), 0, 8).put(Layout.number(0), 0, 8);
            writer.putVarint(what.length).put(what, 0, what.length);
            changes++;
            return this;
        }

        Handmade header(int format, long group, long index, int shards) {
            writer.put(SnapshotFormat.HEADER)
                    .putVarint(format)
                    .putVarint(group)
                    .putVarint(index)
                    .putVarint(shards)
                    .putVarint(fences);
            return this;
        }

        Handmade shard(ShardRow row) {
            byte[] bytes = row.toByteArray();
            writer.put(SnapshotFormat.SHARD).putVarint(bytes.length).put(bytes, 0, bytes.length);
            return this;
        }

        Handmade session(int shard, int id, byte[] row) {
            writer.put(SnapshotFormat.SESSION)
                    .putVarint(shard)
                    .put(new byte[15], 0, 15)
                    .put((byte) id);
            writer.putVarint(row.length).put(row, 0, row.length);
            sessions++;
            return this;
        }

        Handmade data(int shard, String key, long version, String value) {
            byte[] bytes = Layout.dataRow(new StoredRow(version, Writes.bytes(value)));
            return raw(shard, key, bytes);
        }

        Handmade raw(int shard, String key, byte[] bytes) {
            writer.put(SnapshotFormat.DATA).putVarint(shard).putVarint(key.length());
            writer.put(key.getBytes(ISO_8859_1), 0, key.length());
            writer.putVarint(bytes.length).put(bytes, 0, bytes.length);
            rows++;
            return this;
        }

        List<byte[]> end() {
            CRC32C crc = new CRC32C();
            crc.update(writer.copy());
            writer.put(SnapshotFormat.TRAILER)
                    .putVarint(sessions)
                    .putVarint(changes)
                    .putVarint(rows);
            writer.putInt((int) crc.getValue());
            return List.of(writer.copy());
        }
    }

    private static Handmade handmade() {
        return new Handmade()
                .header(SnapshotFormat.FORMAT, Writes.GROUP, 10, 2)
                .shard(ShardRow.newBuilder()
                        .setShard(Writes.low())
                        .setLastVersion(5)
                        .build())
                .shard(ShardRow.newBuilder()
                        .setShard(Writes.high())
                        .setLastVersion(5)
                        .build());
    }

    /** The first shard has a change index. */
    private static Handmade moving() {
        return new Handmade()
                .header(SnapshotFormat.FORMAT, Writes.GROUP, 10, 2)
                .shard(ShardRow.newBuilder()
                        .setShard(Writes.low())
                        .setLastVersion(5)
                        .setChangeIndex(ChangeIndexRow.newBuilder().setMove(12))
                        .setMove(MoveRow.newBuilder().setMove(12))
                        .build())
                .shard(ShardRow.newBuilder()
                        .setShard(Writes.high())
                        .setLastVersion(5)
                        .build());
    }

    @Test
    void snapshotsThatMakeNoSenseAreRefusedThoughTheirChecksumIsRight() {
        byte[] session = SessionRow.getDefaultInstance().toByteArray();
        Replica to = new Replica(new MemoryEngine());
        KvSnapshots.install(
                to.machine,
                handmade()
                        .session(0, 1, session)
                        .session(1, 1, session)
                        .data(0, "a", 5, "x")
                        .data(1, "m", 1, "")
                        .end(),
                new EntryId(1, 10));
        assertThat(to.text("a")).isEqualTo("x");

        Handmade h = new Handmade();
        refused(h.header(1, Writes.GROUP, 10, 0).end(), "format 1");
        refused(new Handmade().header(SnapshotFormat.FORMAT, 99, 10, 0).end(), "group 99");
        refused(new Handmade().header(SnapshotFormat.FORMAT, Writes.GROUP, 0, 0).end(), "index is 0");
        refused(
                new Handmade()
                        .header(SnapshotFormat.FORMAT, Writes.GROUP, 1, 2_000_000)
                        .end(),
                "number of shards is 2000000");
        refused(new Handmade().header(SnapshotFormat.FORMAT, Writes.GROUP, 1, 1).end(), "fewer shards");
        refused(new Handmade().data(0, "a", 1, "x").end(), "without a header");
        refused(handmade().header(SnapshotFormat.FORMAT, Writes.GROUP, 10, 2).end(), "two headers");
        refused(
                handmade()
                        .shard(ShardRow.newBuilder().setShard(Writes.low()).build())
                        .end(),
                "more shards");
        refused(
                new Handmade()
                        .header(SnapshotFormat.FORMAT, Writes.GROUP, 1, 1)
                        .shard(ShardRow.newBuilder()
                                .setShard(Writes.low())
                                .setSessionNumber(3)
                                .build())
                        .end(),
                "where its rows lie");
        refused(
                new Handmade()
                        .header(SnapshotFormat.FORMAT, Writes.GROUP, 1, 2)
                        .shard(ShardRow.newBuilder().setShard(Writes.high()).build())
                        .shard(ShardRow.newBuilder().setShard(Writes.low()).build())
                        .end(),
                "out of order");
        refused(handmade().session(0, 2, session).session(0, 1, session).end(), "out of order");
        refused(handmade().session(1, 1, session).session(0, 2, session).end(), "out of order");
        refused(handmade().session(2, 1, session).end(), "place of a shard is 2");
        refused(handmade().session(0, 1, new byte[] {-1}).end(), "session's row is unreadable");
        refused(handmade().data(0, "a", 1, "x").session(0, 1, session).end(), "out of order");
        refused(handmade().data(0, "b", 1, "x").data(0, "b", 1, "x").end(), "out of order");
        refused(handmade().data(0, "m", 1, "x").end(), "outside shard 7");
        refused(handmade().data(1, "l", 1, "x").end(), "outside shard 8");
        refused(handmade().data(0, "", 1, "x").end(), "outside shard 7");
        refused(handmade().data(0, "a", 6, "x").end(), "version");
        refused(handmade().raw(0, "a", new byte[7]).end(), "no version");
        refused(handmade().raw(0, "a", new byte[Rules.MAX_VALUE_BYTES + 9]).end(), "length of a value");
        refused(
                handmade()
                        .raw(0, "a".repeat(Rules.MAX_KEY_BYTES + 1), new byte[9])
                        .end(),
                "length of a key");
        refused(handmade().change(0, 1, new byte[] {0, 0, 0, 0, 1, 65}).end(), "not moving");
        refused(handmade().fence(7, 1).end(), "more fences");
        refused(
                new Handmade()
                        .fences(1)
                        .header(SnapshotFormat.FORMAT, Writes.GROUP, 1, 0)
                        .end(),
                "fewer fences");
        refused(
                new Handmade()
                        .fences(2)
                        .header(SnapshotFormat.FORMAT, Writes.GROUP, 1, 0)
                        .fence(8, 1)
                        .fence(7, 1)
                        .end(),
                "fence of shard 7 is out of order");
        refused(moving().change(1, 1, new byte[] {0, 0, 0, 0, 1, 65}).end(), "not moving");
        refused(moving().change(0, 1, new byte[] {0}).end(), "neither");
        refused(moving().change(0, 1, new byte[] {0, 0, 0, 0, 1}).end(), "neither");
        refused(moving().change(0, 1, new byte[] {1, 65}).end(), "neither");
        refused(moving().change(0, 1, new byte[] {2, 65}).end(), "neither");
        refused(
                moving().change(0, 2, new byte[] {0, 0, 0, 0, 1, 65})
                        .change(0, 1, new byte[] {0, 0, 0, 0, 1, 65})
                        .end(),
                "out of order");
        refused(
                moving().data(0, "a", 1, "x")
                        .change(0, 1, new byte[] {0, 0, 0, 0, 1, 65})
                        .end(),
                "out of order");
        for (ShardRow half : List.of(
                ShardRow.newBuilder()
                        .setShard(Writes.low())
                        .setMove(MoveRow.newBuilder().setMove(12))
                        .build(),
                ShardRow.newBuilder()
                        .setShard(Writes.low())
                        .setChangeIndex(ChangeIndexRow.newBuilder().setMove(12))
                        .build())) {
            refused(
                    new Handmade()
                            .header(SnapshotFormat.FORMAT, Writes.GROUP, 10, 1)
                            .shard(half)
                            .end(),
                    "a move without its change index");
        }
        List<byte[]> twice = new ArrayList<>(handmade().end());
        twice.add(new byte[] {SnapshotFormat.TRAILER});
        refused(twice, "after its end");
    }

    private static void refused(List<byte[]> parts, String reason) {
        Replica to = new Replica(new MemoryEngine());
        assertThatThrownBy(() -> KvSnapshots.received(to.machine, parts))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(reason);
    }
}
