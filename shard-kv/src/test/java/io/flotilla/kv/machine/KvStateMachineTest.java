package io.flotilla.kv.machine;

import static io.flotilla.kv.machine.Writes.absent;
import static io.flotilla.kv.machine.Writes.append;
import static io.flotilla.kv.machine.Writes.batch;
import static io.flotilla.kv.machine.Writes.bytes;
import static io.flotilla.kv.machine.Writes.cas;
import static io.flotilla.kv.machine.Writes.delete;
import static io.flotilla.kv.machine.Writes.hasValue;
import static io.flotilla.kv.machine.Writes.hasVersion;
import static io.flotilla.kv.machine.Writes.increment;
import static io.flotilla.kv.machine.Writes.on;
import static io.flotilla.kv.machine.Writes.onlyIf;
import static io.flotilla.kv.machine.Writes.put;
import static io.flotilla.kv.machine.Writes.ref;
import static io.flotilla.kv.machine.Writes.shard;
import static io.flotilla.kv.machine.Writes.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.UnknownFieldSet;
import io.flotilla.client.proto.Get;
import io.flotilla.client.proto.MultiGet;
import io.flotilla.client.proto.Mutation;
import io.flotilla.client.proto.ReadRequest;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.Row;
import io.flotilla.client.proto.Scan;
import io.flotilla.client.proto.ScanResult;
import io.flotilla.client.proto.Shard;
import io.flotilla.client.proto.Value;
import io.flotilla.client.proto.WriteReply;
import io.flotilla.client.proto.WriteReply.Outcome;
import io.flotilla.client.proto.WriteRequest;
import io.flotilla.kv.engine.EngineBatch;
import io.flotilla.kv.engine.EngineException;
import io.flotilla.kv.engine.memory.MemoryEngine;
import io.flotilla.kv.proto.GoodbyeCommand;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.kv.proto.KvGenesis;
import io.flotilla.kv.proto.ShardGoodbyes;
import io.flotilla.kv.proto.ShardWrites;
import io.flotilla.kv.proto.WriteCommand;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.machine.UnknownCommandException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What each operation does, and what is refused. */
class KvStateMachineTest {
    private final MemoryEngine engine = new MemoryEngine();
    private final Replica replica = new Replica(engine);
    private long sequence;

    private WriteReply does(Mutation mutation) {
        return replica.reply(write(1, ++sequence, mutation));
    }

    @Test
    void whatARestartFindsIsDurable() {
        MemoryEngine engine = new MemoryEngine();
        Replica replica = new Replica(engine);
        replica.apply(write(1, 1, put("a", "1")));
        replica.apply(write(1, 2, put("a", "2")));
        assertThat(replica.machine.durableIndex()).isZero();
        MemoryEngine left = engine.crash(engine.unflushedBatches());
        KvMachines machines = new KvMachines(left, new TestClock());
        EngineBatch others = new EngineBatch();
        others.put(new byte[] {99}, new byte[0]);
        left.write(others);
        KvStateMachine found = (KvStateMachine) machines.open(Replica.GROUP);
        assertThat(found.durableIndex()).isEqualTo(2);
        found.apply(List.of(replica.entry(write(1, 3, put("a", "3")))));
        assertThat(found.durableIndex()).isEqualTo(2);
        found.close();
        assertThat(machines.open(Replica.GROUP).durableIndex())
                .as("opened again by the same run: its last batch may be lost")
                .isZero();
    }

    @Test
    void putGivesAGrowingVersion() {
        WriteReply first = does(put("a", "1"));
        assertThat(first.getOutcome()).isEqualTo(Outcome.DONE);
        assertThat(first.getLogTimeMillis()).isEqualTo(Writes.NOW);
        WriteReply second = does(put("b", "2"));
        assertThat(second.getVersion()).isGreaterThan(first.getVersion());
        assertThat(replica.get("a"))
                .isEqualTo(Value.newBuilder()
                        .setFound(true)
                        .setValue(bytes("1"))
                        .setVersion(first.getVersion())
                        .build());
    }

    @Test
    void deleteTellsWhetherItWasThere() {
        assertThat(does(delete("a")).getOutcome()).isEqualTo(Outcome.CONDITION_FAILED);
        WriteReply put = does(put("a", "1"));
        WriteReply deleted = does(delete("a"));
        assertThat(deleted.getOutcome()).isEqualTo(Outcome.DONE);
        assertThat(deleted.getExisted()).isTrue();
        assertThat(replica.text("a")).isNull();
        WriteReply again = does(delete("a"));
        assertThat(again.getOutcome()).isEqualTo(Outcome.CONDITION_FAILED);
        assertThat(again.getExisted()).isFalse();
        assertThat(does(put("a", "2")).getVersion())
                .as("a recreated key never shows an old version")
                .isGreaterThan(put.getVersion());
    }

    @Test
    void appendAddsToTheEndUpToTheLimit() {
        does(append("a", "x"));
        does(append("a", "yz"));
        assertThat(replica.text("a")).isEqualTo("xyz");
        ByteString rest = ByteString.copyFrom(new byte[Rules.MAX_VALUE_BYTES - 3]);
        assertThat(does(append("a", rest)).getOutcome()).isEqualTo(Outcome.DONE);
        WriteReply tooLarge = does(append("a", "!"));
        assertThat(tooLarge.getOutcome()).isEqualTo(Outcome.INVALID_VALUE);
        assertThat(tooLarge.getMessage()).contains("1048577");
        assertThat(replica.get("a").getValue().size()).isEqualTo(Rules.MAX_VALUE_BYTES);
    }

    @Test
    void incrementCountsInDecimal() {
        assertThat(does(increment("a", -5)).getValue()).isEqualTo(bytes("-5"));
        assertThat(does(increment("a", 7)).getValue()).isEqualTo(bytes("2"));
        assertThat(replica.text("a")).isEqualTo("2");
        does(put("a", "" + Long.MAX_VALUE));
        assertThat(does(increment("a", 1)).getOutcome()).isEqualTo(Outcome.INVALID_VALUE);
        assertThat(replica.text("a")).isEqualTo("" + Long.MAX_VALUE);
        does(put("a", "" + Long.MIN_VALUE));
        assertThat(does(increment("a", -1)).getOutcome()).isEqualTo(Outcome.INVALID_VALUE);
        assertThat(does(increment("a", Long.MAX_VALUE)).getValue()).isEqualTo(bytes("-1"));
        for (String number : List.of("", "-", "+1", "1-", " 1", "1.0", "\u0661", "9223372036854775808", "a")) {
            does(put("b", number));
            WriteReply reply = does(increment("b", 1));
            assertThat(reply.getOutcome()).as(number).isEqualTo(Outcome.INVALID_VALUE);
            assertThat(reply.getMessage()).isNotEmpty();
            assertThat(replica.text("b")).isEqualTo(number);
        }
    }

    @Test
    void compareAndSetChecksValueVersionOrAbsence() {
        WriteReply first = does(cas("a", absent(), "1"));
        assertThat(first.getOutcome()).isEqualTo(Outcome.DONE);
        WriteReply failed = does(cas("a", absent(), "2"));
        assertThat(failed.getOutcome()).isEqualTo(Outcome.CONDITION_FAILED);
        assertThat(failed.getValue()).isEqualTo(bytes("1"));
        assertThat(failed.getVersion()).isEqualTo(first.getVersion());
        assertThat(does(cas("a", hasValue("x"), "2")).getOutcome()).isEqualTo(Outcome.CONDITION_FAILED);
        assertThat(does(cas("a", hasVersion(first.getVersion() + 1), "2")).getOutcome())
                .isEqualTo(Outcome.CONDITION_FAILED);
        assertThat(replica.text("a")).isEqualTo("1");
        WriteReply second = does(cas("a", hasValue("1"), "2"));
        assertThat(second.getOutcome()).isEqualTo(Outcome.DONE);
        assertThat(does(cas("a", hasVersion(second.getVersion()), "3")).getOutcome())
                .isEqualTo(Outcome.DONE);
        assertThat(replica.text("a")).isEqualTo("3");
        WriteReply nothingThere = does(cas("b", hasValue(""), "1"));
        assertThat(nothingThere.getOutcome()).isEqualTo(Outcome.CONDITION_FAILED);
        assertThat(nothingThere.getVersion()).isZero();
        assertThat(does(cas("b", hasVersion(0), "1")).getOutcome())
                .as("version 0 is not how to ask for absence")
                .isEqualTo(Outcome.CONDITION_FAILED);
    }

    @Test
    void aBatchIsAllOrNothingAndSeesItsOwnChanges() {
        does(put("a", "1"));
        WriteReply done = does(onlyIf(
                on("a", hasValue("1")),
                batch(increment("a", 1), append("a", "0"), put("b", "x"), delete("b"), delete("c"), put("d", "y"))));
        assertThat(done.getOutcome()).isEqualTo(Outcome.DONE);
        assertThat(replica.text("a")).isEqualTo("20");
        assertThat(replica.text("b")).isNull();
        assertThat(replica.get("a").getVersion()).isEqualTo(done.getVersion());
        assertThat(replica.get("d").getVersion()).isEqualTo(done.getVersion());

        WriteReply failed = does(onlyIf(on("a", hasValue("1")), batch(put("b", "z"))));
        assertThat(failed.getOutcome()).isEqualTo(Outcome.CONDITION_FAILED);
        assertThat(failed.getVersion()).isEqualTo(done.getVersion());
        WriteReply invalid = does(batch(put("b", "z"), increment("d", 1), put("a", "gone")));
        assertThat(invalid.getOutcome()).isEqualTo(Outcome.INVALID_VALUE);
        assertThat(invalid.getMessage()).contains("mutation 2");
        assertThat(replica.text("b")).isNull();
        assertThat(replica.text("a")).isEqualTo("20");
        assertThat(does(onlyIf(on("b", absent()), batch())).getOutcome()).isEqualTo(Outcome.DONE);
    }

    @Test
    void writesOfOneApplySeeEachOther() {
        Entry first = replica.entry(write(1, 1, put("a", "1")), write(1, 2, increment("a", 1)));
        Entry second = replica.entry(write(2, 1, append("a", "3")), write(2, 2, cas("a", hasValue("23"), "done")));
        replica.machine.apply(List.of(first));
        replica.machine.apply(List.of(second));
        assertThat(replica.text("a")).isEqualTo("done");

        Replica atOnce = new Replica(new MemoryEngine());
        atOnce.machine.apply(List.of(first, second));
        assertThat(atOnce.machine.checksum()).isEqualTo(replica.machine.checksum());
    }

    @Test
    void whatWasAppliedIsSeenAtOnceAndBecomesOneBatchOfTheEngine() {
        int before = engine.unflushedBatches();
        Entry noOp = Entry.noOp(1, 1);
        replica.log.add(noOp);
        Entry second = replica.entry(write(1, 1, put("a", "1")), write(2, 1, put("b", "1")));
        Entry third = replica.entry(write(1, 2, put("c", "1")));
        List<Object> results = replica.machine.apply(List.of(noOp, second, third));
        replica.machine.apply(List.of(replica.entry(write(1, 3, put("a", "2")), write(1, 4, delete("b")))));
        assertThat(engine.unflushedBatches()).isEqualTo(before);
        assertThat(replica.machine.appliedIndex()).isEqualTo(4);
        assertThat(replica.text("a")).isEqualTo("2");
        assertThat(replica.text("b")).isNull();
        assertThat(replica.text("c")).isEqualTo("1");
        engine.flush();
        assertThat(replica.machine.durableIndex()).as("not in the engine yet").isZero();

        replica.machine.writeBack();
        replica.machine.writeBack();
        assertThat(engine.unflushedBatches()).as("of two calls").isEqualTo(1);
        assertThat(results.get(0)).isNull();
        assertThat(Replica.outcomes(results.get(1))).hasSize(2);
        assertThat(replica.machine.durableIndex()).isZero();
        engine.flush();
        assertThat(replica.machine.durableIndex()).isEqualTo(4);
        assertThat(replica.text("a")).isEqualTo("2");
        assertThat(replica.text("b")).isNull();
    }

    @Test
    void whoReadsTheEngineFindsWhatWasApplied() {
        replica.machine.apply(List.of(replica.entry(write(1, 1, put("a", "1")))));
        assertThat(replica.scan(Writes.low(), Scan.newBuilder()).getRowsCount()).isEqualTo(1);
        replica.machine.apply(List.of(replica.entry(write(1, 2, put("b", "1")))));
        try (SnapshotSource snapshot = replica.machine.snapshot();
                GroupChecksum written = new KvMachines(engine, new TestClock()).checksum(Writes.GROUP)) {
            assertThat(snapshot.index()).isEqualTo(2);
            assertThat(written.index()).isEqualTo(2);
        }
        replica.machine.apply(List.of(replica.entry(write(1, 3, put("c", "1")))));
        replica.machine.flushSoon();
        assertThat(replica.machine.durableIndex()).isEqualTo(3);
        replica.machine.apply(List.of(replica.entry(write(1, 4, put("d", "1")))));
        replica.machine.close();
        assertThat(new KvMachines(engine, new TestClock()).open(Replica.GROUP).appliedIndex())
                .isEqualTo(4);
    }

    @Test
    void aMachineThatKeepsMuchSaysSoAndWritesNothingByItself() {
        int before = engine.unflushedBatches();
        String large = "x".repeat(1 << 20);
        for (int i = 1; i <= 2; i++) {
            assertThat(replica.machine.isFull()).isFalse();
            replica.machine.apply(List.of(replica.entry(write(1, i, put("a", large)))));
        }
        assertThat(replica.machine.isFull()).as("bytes").isTrue();
        assertThat(engine.unflushedBatches())
                .as("whoever applies may not be one who can wait")
                .isEqualTo(before);
        replica.machine.writeBack();
        for (int i = 0; i < 9; i++) {
            assertThat(replica.machine.isFull()).isFalse();
            WriteRequest[] writes = new WriteRequest[1_000];
            for (int w = 0; w < writes.length; w++) {
                writes[w] = write(10 + i, w + 1, put("k" + w, ""));
            }
            replica.machine.apply(List.of(replica.entry(writes)));
        }
        assertThat(replica.machine.isFull()).as("rows").isTrue();
        assertThat(engine.unflushedBatches()).isEqualTo(before + 1);
    }

    /** A small entry may keep back a large value: so many of them are much. */
    @Test
    void whatItKeepsIsCountedByValuesToo() {
        for (int i = 1; i <= 3; i++) {
            replica.reply(write(1, i, put("k" + i, "v".repeat(1 << 19))));
        }
        assertThat(replica.machine.isFull()).isFalse();
        List<Entry> appends = new ArrayList<>();
        for (int i = 1; i <= 3; i++) {
            appends.add(replica.entry(write(1, 3 + i, append("k" + i, "+"))));
            appends.add(replica.entry(write(2, i, append("k1", "+"))));
        }
        replica.machine.apply(appends);
        assertThat(replica.machine.isFull()).as("three values of half a MiB").isFalse();
        replica.machine.writeBack();
        replica.machine.apply(List.of(replica.entry(write(1, 7, append("k1", "+")))));
        assertThat(replica.machine.isFull())
                .as("the same key again, after a batch")
                .isFalse();
        for (int i = 4; i <= 6; i++) {
            replica.machine.apply(List.of(replica.entry(write(1, 4 + i, put("k" + i, "v".repeat(1 << 19))))));
            replica.machine.writeBack();
        }
        List<Entry> more = new ArrayList<>();
        for (int i = 1; i <= 4; i++) {
            more.add(replica.entry(write(1, 10 + i, append("k" + i, "+"))));
        }
        replica.machine.apply(more);
        assertThat(replica.machine.isFull()).as("four").isTrue();
        replica.machine.writeBack();
        assertThat(replica.machine.isFull()).isFalse();
    }

    /** A frame of small requests could otherwise take any amount of memory of all replicas. */
    @Test
    void presentValuesAreToldUpToABound() {
        replica.reply(write(1, 1, put("a", "v".repeat(1 << 20))));
        WriteRequest[] failing = new WriteRequest[20];
        for (int i = 0; i < failing.length; i++) {
            failing[i] = write(1, 2 + i, cas("a", hasVersion(99), "x"));
        }
        for (int round = 1; round <= 2; round++) {
            List<WriteOutcome> outcomes = replica.apply(failing);
            assertThat(outcomes.stream()
                            .mapToLong(each -> each.reply().getValue().size())
                            .sum())
                    .as("round %s, the second is of retries", round)
                    .isEqualTo(CommandApplier.MAX_TOLD_BYTES);
            assertThat(outcomes).allMatch(each -> each.reply().getVersion() == 1);
            assertThat(outcomes)
                    .allMatch(each -> each.reply().getValueOmitted()
                            == each.reply().getValue().isEmpty());
        }
        assertThat(replica.reply(failing[19]).getValue().size()).isEqualTo(1 << 20);
        assertThat(replica.apply(failing).get(0).withoutPresent().reply().getValueOmitted())
                .isTrue();
    }

    @Test
    void durableIndexLagsButFollows() {
        MemoryEngine small = new MemoryEngine(2);
        Replica writer = new Replica(small);
        long last = 0;
        for (int i = 1; i <= 20; i++) {
            writer.reply(write(1, i, put("a", "" + i)));
            long durable = writer.machine.durableIndex();
            assertThat(durable).isBetween(last, (long) i);
            last = durable;
        }
        assertThat(last).isBetween(14L, 18L);
        MemoryEngine left = small.crash(0);
        assertThat(new KvMachines(left, new TestClock()).open(Replica.GROUP).appliedIndex())
                .isGreaterThanOrEqualTo(last);
    }

    @Test
    void refusesWhatItDoesNotServe() {
        for (Shard wrong : List.of(
                shard(7, 2, "", ""),
                shard(7, 0, "", ""),
                shard(9, 1, "", ""),
                shard(8, 4, "", ""),
                shard(0, 1, "", ""))) {
            Refusal refusal = replica.refusal(write(1, ++sequence, put("a", "1")).toBuilder()
                    .setShard(ref(wrong))
                    .build());
            assertThat(refusal.getKind()).as(wrong.toString()).isEqualTo(Refusal.Kind.STALE_ROUTE);
        }
        for (Mutation outside : List.of(
                put("m", "1"),
                delete("z"),
                append("m", "1"),
                increment("m", 1),
                cas("m", absent(), "1"),
                batch(put("a", "1"), put("m", "1")),
                onlyIf(on("m", absent()), batch(put("a", "1"))))) {
            assertThat(replica.refusal(write(1, ++sequence, outside)).getKind())
                    .as(outside.toString())
                    .isEqualTo(Refusal.Kind.STALE_ROUTE);
        }
        for (ReadRequest.Builder read : List.of(
                ReadRequest.newBuilder()
                        .setShard(ref(Writes.low()))
                        .setGet(Get.newBuilder().setKey(bytes("m"))),
                ReadRequest.newBuilder().setShard(ref(shard(7, 3, "", ""))).setScan(Scan.getDefaultInstance()),
                ReadRequest.newBuilder()
                        .setShard(ref(Writes.high()))
                        .setMultiGet(MultiGet.newBuilder().addKeys(bytes("m")).addKeys(bytes("lz"))))) {
            Response response = replica.read(read);
            assertThat(response.getRefusal().getKind()).isEqualTo(Refusal.Kind.STALE_ROUTE);
        }
        assertThat(replica.text("a")).isNull();
    }

    @Test
    void refusesMalformedWritesWhateverTheDoorLetThrough() {
        String longKey = "k".repeat(Rules.MAX_KEY_BYTES + 1);
        ByteString largeValue = ByteString.copyFrom(new byte[Rules.MAX_VALUE_BYTES + 1]);
        ByteString value = ByteString.copyFrom(new byte[Rules.MAX_VALUE_BYTES]);
        for (Mutation wrong : List.of(
                put("", "1"),
                put(longKey, "1"),
                put("a", largeValue),
                append("a", largeValue),
                delete(""),
                increment(longKey, 1),
                cas("a", io.flotilla.client.proto.Condition.getDefaultInstance(), "1"),
                batch(),
                batch(batch(put("a", "1"))),
                batch(cas("a", absent(), "1")),
                batch(put("a", "1"), put("", "1")),
                batch(put("a", value), put("b", value), put("c", value), put("d", value)),
                batch(Collections.nCopies(Rules.MAX_BATCH_PARTS + 1, delete("a"))
                        .toArray(new Mutation[0])))) {
            Refusal refusal = replica.refusal(write(1, ++sequence, wrong));
            assertThat(refusal.getKind()).isEqualTo(Refusal.Kind.INVALID);
            assertThat(refusal.getMessage()).isNotEmpty();
        }
        WriteRequest good = write(1, 5, put("a", "1"));
        for (WriteRequest wrong : List.of(
                good.toBuilder().setSequence(0).build(),
                good.toBuilder().setFirstUnacknowledged(0).build(),
                good.toBuilder().setFirstUnacknowledged(6).build(),
                good.toBuilder().setNotAfterMillis(0).build())) {
            assertThat(replica.refusal(wrong).getKind()).isEqualTo(Refusal.Kind.INVALID);
        }
        assertThat(replica.reply(good).getOutcome()).isEqualTo(Outcome.DONE);
        assertThat(does(put("k".repeat(Rules.MAX_KEY_BYTES), value)).getOutcome())
                .isEqualTo(Outcome.DONE);
    }

    @Test
    void multiGetAnswersInTheOrderOfTheKeys() {
        does(put("a", "1"));
        does(put("b", "2"));
        Response response = replica.read(ReadRequest.newBuilder()
                .setShard(ref(Writes.low()))
                .setMultiGet(MultiGet.newBuilder()
                        .addKeys(bytes("b"))
                        .addKeys(bytes("c"))
                        .addKeys(bytes("a"))
                        .addKeys(bytes("b"))));
        assertThat(response.getRead().getMultiGet().getValuesList())
                .extracting(value -> value.getFound() ? value.getValue().toStringUtf8() : null)
                .containsExactly("2", null, "1", "2");
        assertThat(response.getRead().getLogTimeMillis()).isEqualTo(Writes.NOW);

        ByteString large = ByteString.copyFrom(new byte[Rules.MAX_VALUE_BYTES]);
        does(put("a", large));
        MultiGet.Builder tooMuch = MultiGet.newBuilder();
        for (int i = 0; i < 17; i++) {
            tooMuch.addKeys(bytes("a"));
        }
        assertThat(replica.read(ReadRequest.newBuilder()
                                .setShard(ref(Writes.low()))
                                .setMultiGet(tooMuch))
                        .getRefusal()
                        .getKind())
                .isEqualTo(Refusal.Kind.INVALID);
    }

    private static List<String> keys(ScanResult page) {
        return page.getRowsList().stream()
                .map(row -> row.getKey().toStringUtf8())
                .toList();
    }

    @Test
    void scanKeepsToRangeShardAndLimit() {
        for (String key : List.of("a", "b", "c", "d", "l")) {
            does(put(key, "v" + key));
        }
        replica.reply(write(1, ++sequence, put("m", "other shard")).toBuilder()
                .setShard(ref(Writes.high()))
                .build());
        ScanResult all = replica.scan(Writes.low(), Scan.newBuilder());
        assertThat(keys(all)).containsExactly("a", "b", "c", "d", "l");
        assertThat(all.getMore()).isFalse();
        Row row = all.getRows(1);
        assertThat(row.getValue()).isEqualTo(bytes("vb"));
        assertThat(row.getVersion()).isEqualTo(replica.get("b").getVersion());
        assertThat(keys(replica.scan(Writes.high(), Scan.newBuilder().setFrom(bytes("a")))))
                .containsExactly("m");
        assertThat(keys(replica.scan(
                        Writes.low(), Scan.newBuilder().setFrom(bytes("b")).setTo(bytes("d")))))
                .containsExactly("b", "c");
        assertThat(keys(replica.scan(
                        Writes.low(),
                        Scan.newBuilder().setFrom(bytes("b")).setTo(bytes("zz")).setReverse(true))))
                .containsExactly("l", "d", "c", "b");
        ScanResult page = replica.scan(Writes.low(), Scan.newBuilder().setLimit(2));
        assertThat(keys(page)).containsExactly("a", "b");
        assertThat(page.getMore()).isTrue();
        page = replica.scan(
                Writes.low(), Scan.newBuilder().setLimit(2).setReverse(true).setTo(bytes("c")));
        assertThat(keys(page)).containsExactly("b", "a");
        assertThat(page.getMore()).isFalse();
        assertThat(keys(replica.scan(
                        Writes.low(), Scan.newBuilder().setFrom(bytes("d")).setTo(bytes("b")))))
                .isEmpty();
        assertThat(keys(replica.scan(Writes.low(), Scan.newBuilder().setFrom(bytes("m")))))
                .isEmpty();
    }

    @Test
    void scanPagesAreBoundedInRowsAndBytes() {
        int rows = ShardReader.MAX_PAGE_ROWS + 10;
        Mutation[] puts = new Mutation[rows];
        for (int i = 0; i < rows; i++) {
            puts[i] = put(String.format("k%05d", i), "");
        }
        does(batch(puts));
        ScanResult page = replica.scan(Writes.low(), Scan.newBuilder());
        assertThat(page.getRowsCount()).isEqualTo(ShardReader.MAX_PAGE_ROWS);
        assertThat(page.getMore()).isTrue();

        ByteString half = ByteString.copyFrom(new byte[ShardReader.MAX_PAGE_BYTES / 2]);
        for (int i = 0; i < 4; i++) {
            does(put("a" + i, half));
        }
        page = replica.scan(Writes.low(), Scan.newBuilder());
        assertThat(keys(page)).containsExactly("a0", "a1");
        assertThat(page.getMore()).isTrue();
    }

    @Test
    void entriesMustFollowWithoutGap() {
        replica.entry(write(1, 1, put("a", "1")));
        Entry second = replica.entry(write(1, 2, put("a", "2")));
        assertThatThrownBy(() -> replica.machine.apply(List.of(second))).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> replica.machine.apply(replica.log))
                .as("memory may be ahead of the engine now")
                .isInstanceOf(AssertionError.class);
    }

    @Test
    void anUnreadableEntryStopsTheReplica() {
        assertThatThrownBy(() ->
                        replica.machine.apply(List.of(new Entry(1, 1, EntryKind.COMMAND, new byte[] {1, 2, 3}))))
                .isInstanceOf(IllegalStateException.class);
    }

    private static byte[] field(int number) {
        return UnknownFieldSet.newBuilder()
                .addField(
                        number, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
                .build()
                .toByteArray();
    }

    /** The message with a field of a later version. */
    @SuppressWarnings("unchecked")
    private static <T extends Message> T newer(T message, int number) {
        try {
            return (T) message.toBuilder().mergeFrom(field(number)).build();
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError(e);
        }
    }

    private void stops(byte[] payload, String what) {
        Replica stopping = new Replica(new MemoryEngine());
        assertThatThrownBy(() -> stopping.machine.apply(List.of(new Entry(1, 1, EntryKind.COMMAND, payload))))
                .isInstanceOf(UnknownCommandException.class)
                .hasMessage(
                        "entry 1 of group 3 has " + what
                                + ", which this version does not know: start the node with the version that wrote it, or a newer one");
    }

    private static byte[] command(WriteRequest write) {
        return KvCommand.newBuilder()
                .setWrites(WriteCommand.newBuilder()
                        .addShards(ShardWrites.newBuilder()
                                .setShard(7)
                                .setTimeMillis(Writes.NOW)
                                .addWrites(write)))
                .build()
                .toByteArray();
    }

    @Test
    void aCommandThatIsNotKnownInEveryPartStopsTheReplica() {
        stops(field(9), "a command of kind 9");
        stops(new byte[0], "a command of no kind");
        WriteRequest good = write(1, 1, put("a", "1"));
        assertThat(new Replica(new MemoryEngine())
                        .machine.apply(List.of(new Entry(1, 1, EntryKind.COMMAND, command(good)))))
                .hasSize(1);
        stops(command(newer(good, 20)), "field 20 of WriteRequest");
        stops(command(good.toBuilder().setShard(newer(good.getShard(), 21)).build()), "field 21 of ShardRef");
        Mutation later = newer(Mutation.getDefaultInstance(), 22);
        stops(command(good.toBuilder().setMutation(later).build()), "field 22 of Mutation");
        stops(
                command(good.toBuilder()
                        .setMutation(Mutation.getDefaultInstance())
                        .build()),
                "a write without an operation");
        Mutation put = good.getMutation();
        for (Mutation mutation : List.of(
                put.toBuilder().setPut(newer(put.getPut(), 23)).build(),
                batch(put.toBuilder().setPut(newer(put.getPut(), 23)).build()))) {
            stops(command(good.toBuilder().setMutation(mutation).build()), "field 23 of Put");
        }
        Mutation cas = cas("a", newer(absent(), 24), "1");
        stops(command(good.toBuilder().setMutation(cas).build()), "field 24 of Condition");
        Mutation batch = onlyIf(newer(on("a", absent()), 25), batch(put("a", "1")));
        stops(command(good.toBuilder().setMutation(batch).build()), "field 25 of KeyCondition");
        stops(
                KvCommand.newBuilder()
                        .setWrites(newer(WriteCommand.getDefaultInstance(), 26))
                        .build()
                        .toByteArray(),
                "field 26 of WriteCommand");
        stops(
                KvCommand.newBuilder()
                        .setGoodbyes(GoodbyeCommand.newBuilder()
                                .addShards(ShardGoodbyes.newBuilder().addGoodbyes(newer(Writes.goodbye(1), 27))))
                        .build()
                        .toByteArray(),
                "field 27 of GoodbyeRequest");
    }

    @Test
    void numbersAreNeverUsedAgain() {
        MemoryEngine shared = new MemoryEngine();
        KvMachines machines = new KvMachines(shared, new TestClock());
        machines.open(Replica.GROUP);
        KvMachines reopened = new KvMachines(shared, new TestClock());
        GroupDescriptor other = new GroupDescriptor(
                Writes.GROUP + 1,
                Replica.GROUP.membership(),
                KvGenesis.newBuilder()
                        .addShards(Writes.low().toBuilder().setGroup(Writes.GROUP + 1))
                        .addShards(Writes.high().toBuilder().setGroup(Writes.GROUP + 1))
                        .build()
                        .toByteArray());
        KvStateMachine second = (KvStateMachine) reopened.open(other);
        for (int number = 1; number <= 8; number++) {
            assertThat(shared.get(Layout.numberKey(number))).as("%s", number).isNotNull();
        }
        assertThat(second.appliedIndex()).isZero();
    }

    @Test
    void refusesRowsOfAnotherFormat() {
        for (long format : new long[] {Layout.FORMAT - 1, Layout.FORMAT + 1}) {
            MemoryEngine other = new MemoryEngine();
            EngineBatch batch = new EngineBatch();
            batch.put(Layout.FORMAT_KEY, Layout.number(format));
            other.write(batch);
            assertThatThrownBy(() -> new KvMachines(other, new TestClock()))
                    .isInstanceOf(EngineException.class)
                    .hasMessage("the rows of the engine in memory have format " + format
                            + ", this version reads and writes format 3: start the version that wrote them, or a new node"
                            + " with an empty directory");
        }
        MemoryEngine foreign = new MemoryEngine();
        EngineBatch batch = new EngineBatch();
        batch.put(new byte[] {77}, new byte[0]);
        foreign.write(batch);
        assertThatThrownBy(() -> new KvMachines(foreign, new TestClock()))
                .isInstanceOf(EngineException.class)
                .hasMessageContaining("none that says in which format");
    }
}
