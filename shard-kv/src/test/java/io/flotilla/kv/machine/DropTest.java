package io.flotilla.kv.machine;

import static io.flotilla.kv.machine.Writes.put;
import static io.flotilla.kv.machine.Writes.write;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.KvEngine;
import io.flotilla.kv.engine.memory.MemoryEngine;
import io.flotilla.kv.engine.rocks.RocksEngine;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.kv.proto.KvGenesis;
import io.flotilla.kv.proto.ShardWrites;
import io.flotilla.kv.proto.WriteCommand;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.log.GroupDescriptor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A group is dropped from an engine that holds another one, too. */
class DropTest {
    private static final long OTHER = 9;

    @TempDir
    private Path home;

    /** Of the other group: one shard, all keys. */
    private static GroupDescriptor other() {
        Shard shard = Writes.shard(1, 1, "", "").toBuilder().setGroup(OTHER).build();
        return new GroupDescriptor(
                OTHER,
                Membership.of(new NodeId("n1")),
                KvGenesis.newBuilder().addShards(shard).build().toByteArray());
    }

    private static void applyToOther(KvStateMachine machine, long index, String value) {
        Shard shard = Writes.shard(1, 1, "", "").toBuilder().setGroup(OTHER).build();
        KvCommand command = KvCommand.newBuilder()
                .setWrites(WriteCommand.newBuilder()
                        .addShards(ShardWrites.newBuilder()
                                .setShard(shard.getId())
                                .setTimeMillis(Writes.NOW)
                                .addWrites(write(1, index, put("a", value)).toBuilder()
                                        .setShard(Writes.ref(shard)))))
                .build();
        machine.apply(List.of(new Entry(1, index, EntryKind.COMMAND, command.toByteArray())));
        machine.writeBack();
    }

    /**
     * A group with rows, sessions, a snapshot that was installed, and a generation from before it; and the other one. All
     * of it durable.
     */
    private static KvMachines filled(KvEngine engine) {
        KvMachines machines = new KvMachines(engine, new TestClock());
        KvStateMachine machine = (KvStateMachine) machines.open(Replica.GROUP);
        applyToOther((KvStateMachine) machines.open(other()), 1, "stays");
        Replica from = new Replica(new MemoryEngine());
        from.apply(write(1, 1, put("a", "1")), write(2, 1, put("b", "2")));
        from.apply(write(1, 2, put("c", "3")));
        KvSnapshots.install(machine, KvSnapshots.parts(from.machine, 100), new EntryId(5, 2));
        machine.apply(List.of(new Entry(5, 3, EntryKind.NO_OP, new byte[0])));
        machine.writeBack();
        engine.flush();
        machine.close();
        return machines;
    }

    private static Map<ByteString, ByteString> rows(KvEngine engine) {
        Map<ByteString, ByteString> rows = new TreeMap<>(ByteString.unsignedLexicographicalComparator());
        try (EngineCursor all = engine.ascending(new byte[0], null)) {
            while (all.next()) {
                rows.put(ByteString.copyFrom(all.key()), ByteString.copyFrom(all.value()));
            }
        }
        return rows;
    }

    /** The rows of an engine that never held the group, apart from the numbers used. */
    private static Map<ByteString, ByteString> rowsOfOtherAlone() {
        MemoryEngine engine = new MemoryEngine();
        KvMachines machines = new KvMachines(engine, new TestClock());
        machines.open(Replica.GROUP); // so that rows lie under the same numbers
        applyToOther((KvStateMachine) machines.open(other()), 1, "stays");
        Map<ByteString, ByteString> rows = rows(engine);
        rows.keySet()
                .removeIf(key -> key.startsWith(ByteString.copyFrom(Layout.groupKey(Writes.GROUP)))
                        || key.startsWith(ByteString.copyFrom(Layout.shardPrefix(Writes.GROUP))));
        return withoutNumbers(rows);
    }

    private static Map<ByteString, ByteString> withoutNumbers(Map<ByteString, ByteString> rows) {
        rows.keySet().removeIf(key -> key.startsWith(ByteString.copyFrom(Layout.numbersPrefix())));
        return rows;
    }

    /** Nothing of the group is left, nothing of the other is missing, and the group may be opened from its genesis. */
    private static void isDropped(String when, KvEngine engine) {
        assertThat(withoutNumbers(rows(engine))).as(when).isEqualTo(rowsOfOtherAlone());
        KvMachines machines = new KvMachines(engine, new TestClock());
        assertThat(machines.checksum(Writes.GROUP)).as(when).isNull();
        KvStateMachine again = (KvStateMachine) machines.open(Replica.GROUP);
        assertThat(again.appliedIndex()).as(when).isZero();
        assertThat(again.installed()).as(when).isEqualTo(EntryId.ZERO);
        assertThat(again.checksum()).as(when).isEqualTo(new Replica(new MemoryEngine()).machine.checksum());
        KvStateMachine stayed = (KvStateMachine) machines.open(other());
        assertThat(stayed.appliedIndex()).as(when).isEqualTo(1);
        applyToOther(stayed, 2, "goes on");
    }

    @Test
    void onlyTheGroupsOwnRowsGoOnBothEngines() {
        MemoryEngine memory = new MemoryEngine();
        KvMachines machines = filled(memory);
        machines.drop(Writes.GROUP);
        machines.drop(Writes.GROUP);
        machines.drop(77);
        isDropped("in memory", memory.crash(0));
        try (KvEngine disk = RocksEngine.open(home.resolve("db"))) {
            KvMachines onDisk = filled(disk);
            onDisk.drop(Writes.GROUP);
            onDisk.drop(Writes.GROUP);
            isDropped("on disk", disk);
        }
    }

    @Test
    void aGroupIsWholeOrGoneAfterACrashInMemoryAndASecondCallFinishes() {
        for (int step = 0; step <= 2; step++) {
            for (int survivors = 0; survivors <= 1; survivors++) {
                MemoryEngine memory = new MemoryEngine();
                int last = step;
                List<String> steps = new ArrayList<>();
                boolean[] dropping = new boolean[1];
                KvMachines machines = filled(new SteppedEngine(memory, name -> {
                    if (dropping[0] && steps.size() == last) {
                        throw new IllegalStateException("crash");
                    } else if (dropping[0]) {
                        steps.add(name);
                    }
                }));
                Map<ByteString, ByteString> before = rows(memory);
                dropping[0] = true;
                try {
                    machines.drop(Writes.GROUP);
                } catch (IllegalStateException crash) {
                    assertThat(steps).hasSize(step);
                }
                int unflushed = memory.unflushedBatches();
                MemoryEngine left = memory.crash(Math.min(survivors, unflushed));
                String when = "after " + steps + ", of which " + survivors + " survived";
                boolean isOver = step == 2 || (survivors == 1 && unflushed == 1);
                if (!isOver) {
                    assertThat(rows(left)).as(when).isEqualTo(before);
                }
                new KvMachines(left, new TestClock()).drop(Writes.GROUP);
                isDropped(when, left.crash(0));
            }
        }
    }

    @Test
    void aGroupIsWholeOrGoneAfterACrashOnDiskAndASecondCallFinishes() {
        Path live = home.resolve("live");
        List<Path> copies = new ArrayList<>();
        boolean[] dropping = new boolean[1];
        Map<ByteString, ByteString> before;
        try (KvEngine disk = new SteppedEngine(RocksEngine.open(live), name -> {
            if (dropping[0]) {
                copies.add(SteppedEngine.copy(live, home.resolve("before-" + name)));
            }
        })) {
            KvMachines machines = filled(disk);
            before = rows(disk);
            dropping[0] = true;
            machines.drop(Writes.GROUP);
            dropping[0] = false;
            copies.add(SteppedEngine.copy(live, home.resolve("after-flush")));
        }
        assertThat(copies)
                .extracting(path -> path.getFileName().toString())
                .containsExactly("before-write", "before-flush", "after-flush");
        for (Path copy : copies) {
            String when = copy.getFileName().toString();
            try (KvEngine left = RocksEngine.open(copy)) {
                if (!when.equals("after-flush")) {
                    assertThat(rows(left)).as(when).isEqualTo(before);
                    new KvMachines(left, new TestClock()).drop(Writes.GROUP);
                }
                isDropped(when, left);
            }
        }
    }
}
