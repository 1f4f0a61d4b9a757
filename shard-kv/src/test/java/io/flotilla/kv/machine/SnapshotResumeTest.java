package io.flotilla.kv.machine;

import static io.flotilla.kv.machine.Writes.put;
import static io.flotilla.kv.machine.Writes.ref;
import static io.flotilla.kv.machine.Writes.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.kv.engine.KvEngine;
import io.flotilla.kv.engine.memory.MemoryEngine;
import io.flotilla.kv.engine.rocks.RocksEngine;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.transfer.TransferSource.Chunk;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Snapshots that are read on from the middle, and those that outlast the machine. */
class SnapshotResumeTest {
    private static final String NAME = "01ff";

    @TempDir
    private Path home;

    private static Replica some(KvEngine engine) {
        Replica replica = new Replica(engine);
        for (int i = 0; i < 20; i++) {
            replica.apply(
                    write(i % 5, i, put("a" + i, "x".repeat(i))),
                    write(100 + i, 1, put("z" + i, "y")).toBuilder()
                            .setShard(ref(Writes.high()))
                            .build());
        }
        return replica;
    }

    /** More than is worth to be kept, in values of 16 KiB that don't compress. */
    private static Replica much(KvEngine engine) {
        Replica replica = new Replica(engine);
        SplittableRandom random = new SplittableRandom(3);
        for (int i = 0; i < 1_400; i++) {
            StringBuilder value = new StringBuilder();
            while (value.length() < 16 << 10) {
                value.append((char) (32 + random.nextInt(90)));
            }
            replica.apply(write(i / 1_000, i, put("k" + i, value.toString())));
        }
        return replica;
    }

    private static List<Chunk> chunks(SnapshotSource source, int maxBytes) {
        List<Chunk> all = new ArrayList<>();
        for (Chunk chunk = source.next(maxBytes); chunk != null; chunk = source.next(maxBytes)) {
            all.add(chunk);
        }
        return all;
    }

    private static void sameFromEveryPosition(List<Chunk> whole, SnapshotSource again, int maxBytes) {
        for (int from = 0; from <= whole.size(); from++) {
            again.seek(from == 0 ? new byte[0] : whole.get(from - 1).after());
            List<Chunk> rest = chunks(again, maxBytes);
            assertThat(rest).hasSize(whole.size() - from);
            for (int i = 0; i < rest.size(); i++) {
                assertThat(rest.get(i).bytes()).isEqualTo(whole.get(from + i).bytes());
                assertThat(rest.get(i).after()).isEqualTo(whole.get(from + i).after());
            }
        }
    }

    @Test
    void fromAnyPositionTheRestIsTheSameBytes() {
        for (int maxBytes = 1; maxBytes < 2_000; maxBytes += maxBytes / 2 + 1) {
            Replica replica = some(new MemoryEngine());
            try (SnapshotSource first = replica.machine.snapshot();
                    SnapshotSource second = replica.machine.snapshot()) {
                sameFromEveryPosition(chunks(first, maxBytes), second, maxBytes);
            }
        }
    }

    @Test
    void aPositionThatMakesNoSenseIsRefused() {
        Replica replica = some(new MemoryEngine());
        try (SnapshotSource source = replica.machine.snapshot()) {
            for (byte[] wrong : List.of(
                    new byte[] {1},
                    new byte[] {120, 0, 0, 0, 0, 0, 0, 0, 0, 0},
                    new byte[] {3, 3, 0, 0, 0, 0, 0, 0, 0, 0},
                    new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7})) {
                assertThatThrownBy(() -> source.seek(wrong)).isInstanceOf(IllegalArgumentException.class);
            }
        }
    }

    @Test
    void aSmallSnapshotIsNotKept() {
        MemoryEngine engine = new MemoryEngine();
        Replica replica = some(engine);
        try (SnapshotSource source = replica.machine.snapshot()) {
            assertThat(source.keep(NAME)).isSameAs(source);
        }
        assertThat(new KvMachines(engine, new TestClock()).keptSnapshots()).isEmpty();
    }

    @Test
    void aSnapshotIsReadOnAfterAPowerCutInMemory() {
        MemoryEngine engine = new MemoryEngine();
        outlasts(engine, () -> engine.crash(0));
    }

    @Test
    void aSnapshotIsReadOnAfterARestartOnDisk() {
        RocksEngine engine = RocksEngine.open(home);
        outlasts(engine, () -> {
            engine.close();
            return RocksEngine.open(home);
        });
    }

    private static void outlasts(KvEngine engine, Supplier<KvEngine> restart) {
        Replica replica = much(engine);
        engine.flush();
        long checksum = replica.machine.checksum();
        long index = replica.machine.appliedIndex();
        List<Chunk> whole;
        try (SnapshotSource kept = replica.machine.snapshot().keep(NAME)) {
            replica.apply(write(1, 2_000, put("k3", "later")), write(1, 2_001, Writes.delete("k5")));
            assertThat(kept.index()).isEqualTo(index);
            whole = chunks(kept, 1 << 20);
        }
        try (KvEngine left = restart.get()) {
            KvMachines machines = new KvMachines(left, new TestClock());
            assertThat(machines.keptSnapshots()).containsExactly(NAME);
            assertThat(machines.reopenSnapshot(Writes.GROUP, "02")).isNull();
            assertThat(machines.reopenSnapshot(Writes.GROUP + 1, NAME)).isNull();
            List<byte[]> parts = new ArrayList<>();
            try (SnapshotSource again = machines.reopenSnapshot(Writes.GROUP, NAME)) {
                assertThat(again.index()).isEqualTo(index);
                again.seek(whole.get(9).after());
                whole.subList(0, 10).forEach(chunk -> parts.add(chunk.bytes()));
                chunks(again, 1 << 20).forEach(chunk -> parts.add(chunk.bytes()));
            }
            machines.forgetSnapshot(NAME);
            assertThat(machines.keptSnapshots()).isEmpty();
            Replica other = new Replica(new MemoryEngine());
            KvSnapshots.install(other.machine, parts, new EntryId(1, index));
            assertThat(other.machine.checksum()).isEqualTo(checksum);
        }
    }

    @Test
    void aResumedChecksumIsThatOfTheWhole() {
        SplittableRandom random = new SplittableRandom(1);
        for (int round = 0; round < 200; round++) {
            byte[] bytes = new byte[random.nextInt(5_000)];
            random.nextBytes(bytes);
            int cut = random.nextInt(bytes.length + 1);
            CRC32C whole = new CRC32C();
            whole.update(bytes);
            ResumedChecksum first = new ResumedChecksum();
            first.update(bytes, 0, cut);
            ResumedChecksum second = new ResumedChecksum();
            second.resume(first.value());
            second.update(bytes, cut, bytes.length - cut);
            assertThat(second.value()).isEqualTo((int) whole.getValue());
        }
    }
}
