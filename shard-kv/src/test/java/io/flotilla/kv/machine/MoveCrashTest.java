package io.flotilla.kv.machine;

import static io.flotilla.kv.machine.MovingGroup.drop;
import static io.flotilla.kv.machine.MovingGroup.freeze;
import static io.flotilla.kv.machine.MovingGroup.moveOut;
import static io.flotilla.kv.machine.Writes.increment;
import static io.flotilla.kv.machine.Writes.put;
import static io.flotilla.kv.machine.Writes.ref;
import static io.flotilla.kv.machine.Writes.write;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.KvEngine;
import io.flotilla.kv.engine.memory.MemoryEngine;
import io.flotilla.kv.engine.rocks.RocksEngine;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryKind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole move with a crash after each of its steps, of the owner's replica or the target's: what was not flushed is lost. */
class MoveCrashTest {
    private static final Shard LOW = Writes.low();
    private static final Shard THERE = LOW.toBuilder().setGroup(5).setEpoch(2).build();
    private static final long ID = LOW.getId();
    private static final long M = 10;

    @TempDir
    private Path home;

    /** Makes engines, and what a crash leaves of them. */
    private interface Engines {
        KvEngine create();

        KvEngine crash(KvEngine engine);
    }

    private static Engines memory(boolean allSurvives) {
        return new Engines() {
            @Override
            public KvEngine create() {
                return new MemoryEngine();
            }

            @Override
            public KvEngine crash(KvEngine engine) {
                MemoryEngine memory = (MemoryEngine) engine;
                return memory.crash(allSurvives ? memory.unflushedBatches() : 0);
            }
        };
    }

    private final class OnDisk implements Engines {
        private final List<KvEngine> open = new ArrayList<>();
        private final List<Path> places = new ArrayList<>();
        private final String name;

        OnDisk(String name) {
            this.name = name;
        }

        private KvEngine open(Path place) {
            KvEngine engine = RocksEngine.open(place);
            open.add(engine);
            places.add(place);
            return engine;
        }

        private Path next() {
            return home.resolve(name + places.size());
        }

        @Override
        public KvEngine create() {
            return open(next());
        }

        @Override
        public KvEngine crash(KvEngine engine) {
            return open(SteppedEngine.copy(places.get(open.indexOf(engine)), next()));
        }

        void close() {
            open.forEach(KvEngine::close);
        }
    }

    private Engines engines;
    private MovingGroup a;
    private MovingGroup b;
    private int crashAfter;
    private boolean ofOwner;
    private int steps;

    /** @return whether the crash came: else all steps were done before */
    private boolean run() {
        steps = 0;
        a = new MovingGroup(Writes.GROUP, engines.create(), LOW);
        b = new MovingGroup(5, engines.create());
        for (int i = 0; i < 6; i++) {
            a.write(write(1, i + 1, put("k" + i, "v" + i)));
        }
        a.write(write(2, 1, increment("c", 1)));
        a.flush();
        step(() -> a.move(moveOut(LOW, M, 5)));
        step(() -> a.write(write(2, 2, increment("c", 1))));
        step(() -> b.copy(a, LOW, M));
        step(() -> a.write(write(1, 7, Writes.delete("k3"))));
        step(() -> b.round(a, ID, M, 1_000));
        step(() -> b.flush());
        step(() -> a.write(write(2, 3, increment("c", 1))));
        step(() -> a.move(freeze(ID, M, 1)));
        hold();
        Entry adopt = b.append(a.adopt(ID, M, b.published().hold(ID, M).durableChangeNumber()));
        assertThat(b.holds(adopt)).isTrue();
        step(() -> b.catchUp());
        step(() -> b.write(
                write(2, 4, increment("c", 1)).toBuilder().setShard(ref(THERE)).build()));
        step(() -> a.move(drop(ID, M)));
        step(() -> a.machine.writeBack());
        step(() -> a.machines.tidy());
        step(() -> b.machines.tidy());
        boolean crashed = steps > crashAfter;
        // each retry finds its reply, wherever it was answered
        for (int i = 1; i <= 4; i++) {
            assertThat(b.write(write(2, i, increment("c", 1)).toBuilder()
                                    .setShard(ref(THERE))
                                    .build())
                            .reply()
                            .getValue()
                            .toStringUtf8())
                    .isEqualTo("" + i);
        }
        for (int i = 0; i < 6; i++) {
            assertThat(b.text(THERE, "k" + i)).isEqualTo(i == 3 ? null : "v" + i);
        }
        assertThat(b.text(THERE, "c")).isEqualTo("4");
        assertThat(a.shard(ID)).isNull();
        assertThat(a.published().fence(ID)).isEqualTo(M);
        assertThat(b.published().fence(ID)).isEqualTo(M);
        assertThat(b.published().holds()).isEmpty();
        a.flush();
        a.restart(engines.crash(a.engine));
        for (byte[] prefix : List.of(new byte[] {4}, new byte[] {(byte) 0x80}, new byte[] {7})) {
            try (EngineCursor rows = a.engine.ascending(prefix, new byte[] {(byte) (prefix[0] + 1)})) {
                assertThat(rows.next())
                        .as("rows of kind %s at the owner", prefix[0])
                        .isFalse();
            }
        }
        return crashed;
    }

    private void step(Runnable step) {
        step.run();
        if (steps++ == crashAfter) {
            MovingGroup crashed = ofOwner ? a : b;
            crashed.restart(engines.crash(crashed.engine));
            crashed.catchUp();
        }
    }

    /** The target's replica goes on until it holds something durably. */
    private void hold() {
        b.copy(a, LOW, M);
        b.round(a, ID, M, 1_000);
        b.flush();
    }

    private void runAll(String name, boolean onDisk, boolean allSurvives) {
        for (boolean owner : new boolean[] {true, false}) {
            ofOwner = owner;
            boolean goesOn = true;
            for (crashAfter = 0; goesOn; crashAfter++) {
                OnDisk disk = new OnDisk(name + owner + crashAfter + "-");
                engines = onDisk ? disk : memory(allSurvives);
                try {
                    goesOn = run();
                } catch (RuntimeException | AssertionError e) {
                    throw new AssertionError(
                            "crash of the " + (owner ? "owner" : "target") + " after step " + crashAfter, e);
                } finally {
                    disk.close();
                }
            }
            assertThat(crashAfter).isGreaterThan(12);
        }
    }

    @Test
    void aMoveSurvivesACrashAfterEachStepInMemory() {
        runAll("memory", false, false);
        runAll("memory", false, true);
    }

    @Test
    void aMoveSurvivesACrashAfterEachStepOnDisk() {
        runAll("disk", true, false);
    }

    /** Files that went before the record of it would leave a shard without rows. */
    @Test
    void filesGoOnlyOnceTheRecordIsDurable() {
        List<String> order = new ArrayList<>();
        MemoryEngine memory = new MemoryEngine();
        SteppedEngine stepped = new SteppedEngine(memory, step -> {
            order.add(step);
            assertThat(step.equals("delete files") && memory.unflushedBatches() > 0)
                    .isFalse();
        });
        a = new MovingGroup(Writes.GROUP, stepped, LOW);
        a.write(write(1, 1, put("a", "1")));
        a.move(moveOut(LOW, M, 5));
        a.move(freeze(ID, M, 1));
        a.flush();
        ShardCopy reading = a.machine.moves().copy(ID, M);
        a.move(drop(ID, M));
        order.clear();
        a.machine.writeBack();
        assertThat(order).containsExactly("write");
        a.machines.tidy();
        assertThat(order).as("it is being read").containsExactly("write");
        reading.close();
        a.machines.tidy();
        assertThat(order).endsWith("flush", "delete files");
        int calls = order.size();
        a.machines.tidy();
        assertThat(order).hasSize(calls);
        // and who crashes in between has the shard as it was
        MemoryEngine other = new MemoryEngine();
        MovingGroup crashing = new MovingGroup(Writes.GROUP, other, null, new ArrayList<>(), List.of(LOW));
        crashing.write(write(1, 1, put("a", "1")));
        crashing.move(moveOut(LOW, M, 5));
        crashing.move(freeze(ID, M, 1));
        crashing.flush();
        crashing.log.add(new Entry(1, 4, EntryKind.COMMAND, drop(ID, M).toByteArray()));
        crashing.catchUp();
        crashing.machine.writeBack();
        crashing.restart(other.crash(0));
        assertThat(crashing.machine.moves().changesAfter(ID, M, 1, 0, 100)).isNotNull();
        try (ShardCopy copy = crashing.machine.moves().copy(ID, M);
                CopyCursor rows = copy.rows(ByteString.EMPTY)) {
            assertThat(rows.next()).isTrue();
        }
        crashing.catchUp();
        assertThat(crashing.shard(ID)).isNull();
    }
}
