package io.flotilla.kv.machine;

import static io.flotilla.kv.machine.Writes.bytes;
import static io.flotilla.kv.machine.Writes.ref;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.proto.Condition;
import io.flotilla.client.proto.Mutation;
import io.flotilla.client.proto.Row;
import io.flotilla.client.proto.Scan;
import io.flotilla.client.proto.ScanResult;
import io.flotilla.client.proto.Shard;
import io.flotilla.client.proto.WriteReply;
import io.flotilla.client.proto.WriteReply.Outcome;
import io.flotilla.client.proto.WriteRequest;
import io.flotilla.kv.engine.KvEngine;
import io.flotilla.kv.engine.memory.MemoryEngine;
import io.flotilla.kv.engine.rocks.RocksEngine;
import io.flotilla.kv.proto.GoodbyeCommand;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.kv.proto.ShardGoodbyes;
import io.flotilla.raft.core.log.Entry;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random writes with duplicates, reordering, crashes and replays, on replicas that batch differently and one that sleeps
 * and catches up by snapshots of the others, against a map that is told of each write once.
 */
class ModelTest {
    private static final String[] KEYS = {"a", "b", "ba", "l", "m", "n", "na", "z"};

    @TempDir
    private Path home;

    private SplittableRandom random;
    /** Of each session: it is begun anew after a goodbye. */
    private long[] incarnations;

    @Test
    void replicasAgreeWithEachOtherAndWithTheModel() {
        for (int seed = 1; seed <= 60; seed++) {
            run(seed);
        }
    }

    private void run(int seed) {
        random = new SplittableRandom(seed);
        Model model = new Model();
        // opening a database takes longer than all the rest
        KvEngine other = engine(seed % 5 == 0, "other" + seed);
        KvEngine sleepy = engine(seed % 15 == 1, "late" + seed);
        try {
            Replica crashing = new Replica(new MemoryEngine());
            Replica calm = new Replica(new MemoryEngine());
            Replica third = new Replica(other);
            Replica late = new Replica(sleepy);
            int snapshots = 0;
            List<WriteRequest> sent = new ArrayList<>();
            Map<Long, Long> nextSequence = new LinkedHashMap<>();
            incarnations = new long[5];
            for (int round = 0; round < 60; round++) {
                List<Entry> entries = new ArrayList<>();
                List<List<WriteRequest>> written = new ArrayList<>();
                for (int e = random.nextInt(4); e >= 0; e--) {
                    // now and then past the windows, and once in a while a clock that is a day ahead
                    crashing.clock += random.nextInt(12) == 0 ? random.nextInt(90_000) : random.nextInt(-200, 600);
                    crashing.clock += random.nextInt(300) == 0 ? 86_400_000 : 0;
                    if (random.nextInt(12) == 0) {
                        long session = random.nextInt(1, 5);
                        entries.add(goodbye(crashing, session + 100 * incarnations[(int) session]));
                        written.add(List.of());
                        // nobody retries what was answered: the client is done with it
                        long gone = session + 100 * incarnations[(int) session]++;
                        sent.removeIf(write -> write.getSessionHigh() == gone);
                        nextSequence.remove(session);
                        continue;
                    }
                    List<WriteRequest> writes = writes(sent, nextSequence, crashing.clock);
                    written.add(writes);
                    entries.add(crashing.entry(writes.toArray(new WriteRequest[0])));
                }
                List<Object> results = crashing.machine.apply(entries);
                for (int i = 0; i < entries.size(); i++) {
                    if (written.get(i).isEmpty()) {
                        continue;
                    }
                    List<WriteOutcome> outcomes = Replica.outcomes(results.get(i));
                    for (int w = 0; w < outcomes.size(); w++) {
                        model.check(seed, written.get(i).get(w), outcomes.get(w));
                    }
                }
                for (Entry entry : entries) {
                    calm.machine.apply(List.of(entry));
                    if (random.nextInt(4) == 0) {
                        calm.machine.writeBack();
                    }
                }
                third.machine.apply(entries);
                boolean asleep = random.nextInt(3) > 0;
                if (late.machine.appliedIndex() < entries.get(0).index() - 1) {
                    if (!asleep) {
                        Replica source = List.of(crashing, calm, third).get(random.nextInt(3));
                        KvSnapshots.transfer(source.machine, late.machine, random.nextInt(1, 3_000));
                        snapshots++;
                    }
                } else if (!asleep) {
                    assertThat(late.machine.apply(entries))
                            .as("seed %s round %s", seed, round)
                            .isEqualTo(results);
                }
                if (!asleep) {
                    assertThat(late.machine.checksum())
                            .as("seed %s round %s", seed, round)
                            .isEqualTo(calm.machine.checksum());
                }
                disturb(crashing);
                if (random.nextInt(4) == 0) { // a checksum writes back what is kept back
                    assertThat(crashing.machine.checksum())
                            .as("seed %s round %s", seed, round)
                            .isEqualTo(calm.machine.checksum())
                            .isEqualTo(third.machine.checksum());
                }
            }
            assertThat(crashing.machine.checksum()).isEqualTo(calm.machine.checksum());
            assertThat(third.machine.checksum()).isEqualTo(calm.machine.checksum());
            for (Replica replica : List.of(crashing, calm, third)) {
                model.check(seed, replica);
            }
            assertThat(snapshots).as("seed %s", seed).isPositive();
            for (KvEngine engine : List.of(crashing.engine, other)) {
                try (GroupChecksum stored = new KvMachines(engine, new TestClock()).checksum(Writes.GROUP)) {
                    assertThat(stored.index()).isEqualTo(calm.machine.appliedIndex());
                    assertThat(stored.compute(() -> true)).isEqualTo(calm.machine.checksum());
                }
            }
        } finally {
            other.close();
            sleepy.close();
        }
    }

    private KvEngine engine(boolean onDisk, String name) {
        return onDisk ? RocksEngine.open(home.resolve(name)) : new MemoryEngine(3);
    }

    private void disturb(Replica replica) {
        MemoryEngine engine = (MemoryEngine) replica.engine;
        if (random.nextInt(3) == 0) {
            replica.machine.writeBack();
        }
        if (random.nextInt(4) == 0) {
            engine.flush();
        } else if (random.nextInt(6) == 0) {
            long durable = replica.machine.durableIndex();
            MemoryEngine left = engine.crash(random);
            assertThat(new KvMachines(left, new TestClock()).open(Replica.GROUP).appliedIndex())
                    .isGreaterThanOrEqualTo(durable);
            replica.restart(left);
        }
    }

    /** New writes, and old ones again. */
    private List<WriteRequest> writes(List<WriteRequest> sent, Map<Long, Long> nextSequence, long clock) {
        List<WriteRequest> writes = new ArrayList<>();
        for (int i = random.nextInt(5); i >= 0; i--) {
            if (!sent.isEmpty() && random.nextInt(4) == 0) {
                writes.add(sent.get(random.nextInt(sent.size())));
                continue;
            }
            long session = random.nextInt(1, 5);
            long sequence = nextSequence.merge(session, 1L, Long::sum);
            Shard shard = random.nextBoolean() ? Writes.low() : Writes.high();
            WriteRequest write =
                    Writes.write(session + 100 * incarnations[(int) session], sequence, mutation(shard)).toBuilder()
                            .setShard(ref(shard))
                            .setFirstUnacknowledged(Math.max(1, sequence - random.nextInt(1, 10)))
                            .setNotAfterMillis(clock + (random.nextInt(8) == 0 ? 70_000 : random.nextInt(3_000)))
                            .build();
            writes.add(write);
            sent.add(write);
        }
        for (int i = writes.size() - 1; i > 0; i--) {
            Collections.swap(writes, i, random.nextInt(i + 1));
        }
        return writes;
    }

    /** In both shards. */
    private static Entry goodbye(Replica replica, long session) {
        GoodbyeCommand.Builder command = GoodbyeCommand.newBuilder();
        for (Shard shard : List.of(Writes.low(), Writes.high())) {
            command.addShards(ShardGoodbyes.newBuilder()
                    .setShard(shard.getId())
                    .setTimeMillis(replica.clock)
                    .addGoodbyes(Writes.goodbye(session).toBuilder().setShard(ref(shard))));
        }
        return replica.entry(KvCommand.newBuilder().setGoodbyes(command).build());
    }

    private String key(Shard shard) {
        return KEYS[random.nextInt(4) + (shard.getId() == 8 ? 4 : 0)];
    }

    private Mutation mutation(Shard shard) {
        if (random.nextInt(4) > 0) {
            return simple(shard);
        }
        if (random.nextBoolean()) {
            return Writes.cas(key(shard), condition(), "" + random.nextInt(5));
        }
        Mutation batch = Writes.batch(simple(shard), simple(shard), simple(shard));
        return random.nextBoolean() ? batch : Writes.onlyIf(Writes.on(key(shard), condition()), batch);
    }

    private Condition condition() {
        switch (random.nextInt(3)) {
            case 0:
                return Writes.absent();
            case 1:
                return Writes.hasVersion(random.nextInt(100));
            default:
                return Writes.hasValue("" + random.nextInt(5));
        }
    }

    private Mutation simple(Shard shard) {
        switch (random.nextInt(4)) {
            case 0:
                return Writes.put(key(shard), random.nextInt(6) == 0 ? "text" : "" + random.nextInt(5));
            case 1:
                return Writes.delete(key(shard));
            case 2:
                return Writes.append(key(shard), "" + random.nextInt(10));
            default:
                return Writes.increment(key(shard), random.nextBoolean() ? 1 : Long.MAX_VALUE - random.nextInt(2));
        }
    }

    /** Applies each write on its first arrival to a map of strings; knows nothing of entries, engines and sessions. */
    static final class Model {
        private record Cell(String value, long version) {}

        private final NavigableMap<String, Cell> cells = new TreeMap<>();
        private final Map<String, WriteReply> answered = new LinkedHashMap<>();
        private final Set<String> never = new TreeSet<>();
        private final Map<Long, Long> versions = new LinkedHashMap<>();

        void check(int seed, WriteRequest write, WriteOutcome outcome) {
            String name = write.getShard().getId() + "/" + write.getSessionHigh() + "/" + write.getSequence();
            if (outcome.refusal() != null) {
                switch (outcome.refusal().getKind()) {
                    case EXPIRED:
                        long past = outcome.refusal().getLogTimeMillis() - write.getNotAfterMillis();
                        assertThat(past).as("seed %s %s", seed, name).isPositive();
                        if (past <= SessionLimits.WINDOW_MILLIS) {
                            assertThat(answered).as("seed %s: never", seed).doesNotContainKey(name);
                            never.add(name);
                        }
                        return;
                    case NOT_AFTER_TOO_FAR:
                        assertThat(write.getNotAfterMillis() - outcome.refusal().getLogTimeMillis())
                                .as("seed %s %s", seed, name)
                                .isGreaterThan(SessionLimits.WINDOW_MILLIS);
                        assertThat(answered).as("seed %s: not done", seed).doesNotContainKey(name);
                        return;
                    case ALREADY_ACKNOWLEDGED:
                        return;
                    default:
                        throw new AssertionError("seed " + seed + " " + name + ": " + outcome.refusal());
                }
            }
            WriteReply reply = outcome.reply().toBuilder()
                    .clearLogTimeMillis()
                    .clearMessage()
                    .build();
            WriteReply before = answered.get(name);
            if (before == null) {
                before = apply(write.getShard().getId(), write.getMutation());
                answered.put(name, before);
            }
            assertThat(never).as("seed %s", seed).doesNotContain(name);
            WriteReply expected = reply.getValueOmitted()
                    ? before.toBuilder().clearValue().setValueOmitted(true).build()
                    : before;
            assertThat(reply)
                    .as("seed %s %s %s", seed, name, write.getMutation())
                    .isEqualTo(expected);
        }

        private WriteReply apply(long shard, Mutation mutation) {
            long version = versions.getOrDefault(shard, 0L) + 1;
            NavigableMap<String, Cell> copy = new TreeMap<>(cells);
            WriteReply.Builder reply = WriteReply.newBuilder();
            Outcome outcome = apply(copy, mutation, version, reply);
            if (outcome == Outcome.DONE) {
                versions.put(shard, version);
                cells.clear();
                cells.putAll(copy);
                reply.setVersion(version);
            }
            return reply.setOutcome(outcome).build();
        }

        private Outcome apply(
                NavigableMap<String, Cell> target, Mutation mutation, long version, WriteReply.Builder reply) {
            switch (mutation.getOperationCase()) {
                case PUT:
                    target.put(
                            text(mutation.getPut().getKey()),
                            new Cell(text(mutation.getPut().getValue()), version));
                    return Outcome.DONE;
                case DELETE:
                    if (target.remove(text(mutation.getDelete().getKey())) == null) {
                        return Outcome.CONDITION_FAILED;
                    }
                    reply.setExisted(true);
                    return Outcome.DONE;
                case APPEND:
                    target.merge(
                            text(mutation.getAppend().getKey()),
                            new Cell(text(mutation.getAppend().getSuffix()), version),
                            (old, added) -> new Cell(old.value + added.value, version));
                    return Outcome.DONE;
                case INCREMENT:
                    String key = text(mutation.getIncrement().getKey());
                    Cell old = target.getOrDefault(key, new Cell("0", 0));
                    if (!old.value.matches("-?[0-9]+")) {
                        return Outcome.INVALID_VALUE;
                    }
                    BigInteger base = new BigInteger(old.value);
                    BigInteger sum =
                            base.add(BigInteger.valueOf(mutation.getIncrement().getDelta()));
                    if (base.bitLength() > 63 || sum.bitLength() > 63) {
                        return Outcome.INVALID_VALUE;
                    }
                    target.put(key, new Cell(sum.toString(), version));
                    reply.setValue(bytes(sum.toString()));
                    return Outcome.DONE;
                case COMPARE_AND_SET:
                    String guarded = text(mutation.getCompareAndSet().getKey());
                    if (!holds(guarded, mutation.getCompareAndSet().getCondition(), reply)) {
                        if (cells.containsKey(guarded)) {
                            reply.setValue(bytes(cells.get(guarded).value));
                        }
                        return Outcome.CONDITION_FAILED;
                    }
                    target.put(
                            guarded, new Cell(text(mutation.getCompareAndSet().getValue()), version));
                    return Outcome.DONE;
                default:
                    for (var condition : mutation.getBatch().getConditionsList()) {
                        if (!holds(text(condition.getKey()), condition.getCondition(), reply)) {
                            return Outcome.CONDITION_FAILED;
                        }
                    }
                    for (Mutation part : mutation.getBatch().getMutationsList()) {
                        if (apply(target, part, version, WriteReply.newBuilder()) == Outcome.INVALID_VALUE) {
                            return Outcome.INVALID_VALUE;
                        }
                    }
                    return Outcome.DONE;
            }
        }

        private boolean holds(String key, Condition condition, WriteReply.Builder reply) {
            Cell cell = cells.get(key);
            boolean holds = condition.hasAbsent()
                    ? cell == null
                    : cell != null
                            && (condition.hasValue()
                                    ? cell.value.equals(text(condition.getValue()))
                                    : cell.version == condition.getVersion());
            if (!holds && cell != null) {
                reply.setVersion(cell.version);
            }
            return holds;
        }

        private static String text(com.google.protobuf.ByteString bytes) {
            return bytes.toStringUtf8();
        }

        /** Key, value and version of each row, in order. */
        List<String> lines() {
            List<String> lines = new ArrayList<>();
            cells.forEach((key, cell) -> lines.add(key + "=" + cell.value + "@" + cell.version));
            return lines;
        }

        /** The data as both kinds of scans show it. */
        void check(int seed, Replica replica) {
            List<String> expected = lines();
            List<String> up = new ArrayList<>();
            List<String> down = new ArrayList<>();
            for (Shard shard : List.of(Writes.low(), Writes.high())) {
                add(up, replica.scan(shard, Scan.newBuilder()));
            }
            for (Shard shard : List.of(Writes.high(), Writes.low())) {
                add(down, replica.scan(shard, Scan.newBuilder().setReverse(true)));
            }
            Collections.reverse(down);
            assertThat(up).as("seed %s", seed).isEqualTo(expected);
            assertThat(down).as("seed %s", seed).isEqualTo(expected);
        }

        static void add(List<String> lines, ScanResult page) {
            for (Row row : page.getRowsList()) {
                lines.add(text(row.getKey()) + "=" + text(row.getValue()) + "@" + row.getVersion());
            }
        }
    }
}
