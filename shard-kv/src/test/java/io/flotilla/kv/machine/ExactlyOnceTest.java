package io.flotilla.kv.machine;

import static io.flotilla.kv.machine.Writes.NOW;
import static io.flotilla.kv.machine.Writes.cas;
import static io.flotilla.kv.machine.Writes.hasValue;
import static io.flotilla.kv.machine.Writes.increment;
import static io.flotilla.kv.machine.Writes.put;
import static io.flotilla.kv.machine.Writes.ref;
import static io.flotilla.kv.machine.Writes.write;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.Shard;
import io.flotilla.client.proto.WriteReply;
import io.flotilla.client.proto.WriteRequest;
import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.Keys;
import io.flotilla.kv.engine.memory.MemoryEngine;
import java.util.List;
import org.junit.jupiter.api.Test;

/** No write is applied twice, whatever is retried, lost or forgotten. */
class ExactlyOnceTest {
    private MemoryEngine engine = new MemoryEngine();
    private Replica replica = new Replica(engine);

    private static WriteRequest acknowledging(WriteRequest write, long firstUnacknowledged) {
        return write.toBuilder().setFirstUnacknowledged(firstUnacknowledged).build();
    }

    private static WriteRequest notAfter(WriteRequest write, long millis) {
        return write.toBuilder().setNotAfterMillis(millis).build();
    }

    private static WriteRequest toHighShard(WriteRequest write) {
        return write.toBuilder().setShard(ref(Writes.high())).build();
    }

    private int sessionRows() {
        int rows = 0;
        for (long number = 1; number <= 4; number++) {
            byte[] prefix = Layout.sessionPrefix(number);
            try (EngineCursor cursor = replica.engine.ascending(prefix, Keys.afterPrefix(prefix))) {
                while (cursor.next()) {
                    rows++;
                }
            }
        }
        return rows;
    }

    @Test
    void aRetryGetsTheFirstAnswer() {
        WriteRequest write = write(1, 1, increment("a", 1));
        WriteReply first = replica.reply(write);
        replica.reply(write(2, 1, increment("a", 10)));
        replica.clock += 500;
        WriteReply second = replica.reply(write);
        assertThat(second)
                .isEqualTo(first.toBuilder().setLogTimeMillis(NOW + 500).build());
        assertThat(replica.text("a")).isEqualTo("11");

        WriteRequest failing = write(1, 2, cas("a", hasValue("x"), "y"));
        WriteReply failed = replica.reply(failing);
        assertThat(failed.getValue().toStringUtf8()).isEqualTo("11");
        assertThat(replica.reply(failing))
                .as("a negative answer is kept as well")
                .isEqualTo(failed);
        replica.reply(write(2, 2, put("a", "x")));
        WriteReply later = replica.reply(failing);
        assertThat(later.getOutcome()).isEqualTo(failed.getOutcome());
        assertThat(later.getVersion()).isEqualTo(failed.getVersion());
        assertThat(later.getValueOmitted())
                .as("the value of that time is not kept")
                .isTrue();
        assertThat(later.getValue().isEmpty()).isTrue();
        assertThat(replica.text("a")).isEqualTo("x");
        WriteReply absent = replica.reply(write(1, 3, cas("e", hasValue("x"), "y")));
        replica.reply(write(2, 3, put("e", "x")));
        assertThat(replica.reply(write(1, 3, cas("e", hasValue("x"), "y")))).isEqualTo(absent);
    }

    @Test
    void keptRepliesHoldNoPresentValues() {
        replica.reply(write(1, 1, put("a", "v".repeat(1 << 20))));
        for (int sequence = 2; sequence <= 20; sequence++) {
            assertThat(replica.reply(write(1, sequence, cas("a", hasValue("x"), "y")))
                            .getValue()
                            .size())
                    .isEqualTo(1 << 20);
        }
        byte[] prefix = new byte[] {4};
        try (EngineCursor rows = engine.ascending(prefix, Keys.afterPrefix(prefix))) {
            assertThat(rows.next()).isTrue();
            assertThat(rows.value().length).isLessThan(20 * 30);
        }
        WriteRequest last = write(1, 20, cas("a", hasValue("x"), "y"));
        assertThat(replica.reply(last).getValue().size()).isEqualTo(1 << 20);
    }

    @Test
    void duplicatesInOneEntryAndInOneApplyAreAppliedOnce() {
        WriteRequest write = write(1, 1, increment("a", 1));
        List<WriteOutcome> outcomes = replica.apply(write, write);
        assertThat(outcomes.get(1)).isEqualTo(outcomes.get(0));
        replica.machine.apply(List.of(replica.entry(write), replica.entry(write, write)));
        assertThat(replica.text("a")).isEqualTo("1");
    }

    @Test
    void pipelinedWritesMayComeInAnyOrder() {
        for (int sequence : new int[] {3, 1, 5, 2, 4}) {
            WriteRequest write = write(1, sequence, increment("a", 1));
            replica.reply(write);
            replica.reply(write);
        }
        assertThat(replica.text("a")).isEqualTo("5");
        for (int sequence = 1; sequence <= 5; sequence++) {
            replica.reply(write(1, sequence, increment("a", 1)));
        }
        assertThat(replica.text("a")).isEqualTo("5");
    }

    @Test
    void sessionsAndShardsDoNotDisturbEachOther() {
        replica.reply(write(1, 1, increment("a", 1)));
        replica.reply(write(2, 1, increment("a", 1)));
        replica.reply(toHighShard(write(1, 1, increment("x", 1))));
        assertThat(replica.text("a")).isEqualTo("2");
        assertThat(replica.text("x")).isEqualTo("1");
    }

    @Test
    void acknowledgedRepliesAreForgottenAndLateDuplicatesRefused() {
        for (int sequence = 1; sequence <= 4; sequence++) {
            replica.reply(write(1, sequence, increment("a", 1)));
        }
        replica.reply(acknowledging(write(1, 5, increment("a", 1)), 4));
        for (int sequence = 1; sequence <= 3; sequence++) {
            assertThat(replica.refusal(write(1, sequence, increment("a", 1))).getKind())
                    .isEqualTo(Refusal.Kind.ALREADY_ACKNOWLEDGED);
        }
        replica.reply(write(1, 4, increment("a", 1)));
        replica.reply(write(1, 5, increment("a", 1)));
        assertThat(replica.text("a")).isEqualTo("5");
        replica.restart(engine);
        assertThat(replica.refusal(write(1, 3, increment("a", 1))).getKind())
                .isEqualTo(Refusal.Kind.ALREADY_ACKNOWLEDGED);
    }

    @Test
    void aWritePastItsDeadlineIsRefusedAndTellsLogTime() {
        replica.clock = NOW + 5_000;
        replica.reply(write(1, 1, increment("a", 1)));
        WriteRequest late = notAfter(write(1, 2, increment("a", 1)), NOW + 4_999);
        Refusal refusal = replica.refusal(late);
        assertThat(refusal.getKind()).isEqualTo(Refusal.Kind.EXPIRED);
        assertThat(refusal.getLogTimeMillis()).isEqualTo(NOW + 5_000);
        replica.clock = NOW;
        assertThat(replica.refusal(late).getKind())
                .as("log time does not fall with the leader's clock")
                .isEqualTo(Refusal.Kind.EXPIRED);
        assertThat(replica.reply(notAfter(late, NOW + 5_000)).getLogTimeMillis())
                .isEqualTo(NOW + 5_000);
        assertThat(replica.text("a")).isEqualTo("2");
    }

    @Test
    void nothingForgottenCanBeAppliedAgain() {
        WriteRequest write = write(1, 1, increment("a", 1));
        replica.reply(write);
        assertThat(sessionRows()).isEqualTo(1);
        // up to its not-after the reply is there, and after it the write is refused: at no time is it applied again
        for (long millis = 0; millis <= 100_000; millis += 500) {
            replica.clock = NOW + millis;
            replica.reply(notAfter(write(2, 1 + millis, put("b", "" + millis)), NOW + millis + 100));
            WriteOutcome retried = replica.apply(write).get(0);
            if (millis <= 10_000 + SessionLimits.WINDOW_MILLIS) {
                assertThat(retried.reply()).isNotNull();
            } else if (retried.refusal() != null) {
                assertThat(retried.refusal().getKind()).isEqualTo(Refusal.Kind.EXPIRED);
            }
            assertThat(replica.text("a")).isEqualTo("1");
        }
        assertThat(sessionRows()).as("the first session was swept").isEqualTo(1);
        assertThat(replica.refusal(write).getKind()).isEqualTo(Refusal.Kind.EXPIRED);
    }

    @Test
    void expiredMeansNeverForAWindowBehindTheNotAfter() {
        WriteRequest applied = notAfter(write(1, 1, increment("a", 1)), NOW + 1_000);
        replica.reply(applied);
        WriteRequest never = notAfter(write(2, 1, increment("a", 1)), NOW + 1_000);
        for (long past = 1; past <= SessionLimits.WINDOW_MILLIS; past += 6_666) {
            replica.clock = NOW + 1_000 + past;
            assertThat(replica.reply(applied).getValue().toStringUtf8()).isEqualTo("1");
            assertThat(replica.refusal(never).getKind()).isEqualTo(Refusal.Kind.EXPIRED);
        }
        replica.clock = NOW + 1_000 + SessionLimits.WINDOW_MILLIS;
        assertThat(replica.reply(applied).getValue().toStringUtf8()).isEqualTo("1");
        replica.clock = NOW + 86_400_000;
        Refusal unknown = replica.refusal(applied);
        assertThat(unknown.getKind()).isEqualTo(Refusal.Kind.EXPIRED);
        assertThat(unknown.getLogTimeMillis() - applied.getNotAfterMillis())
                .as("it was applied: the log time says that nobody knows any more")
                .isGreaterThan(SessionLimits.WINDOW_MILLIS);
        assertThat(replica.text("a")).isEqualTo("1");
    }

    @Test
    void aNotAfterTooFarAheadIsRefusedWithTheLogTime() {
        WriteRequest far = notAfter(write(1, 1, increment("a", 1)), NOW + SessionLimits.WINDOW_MILLIS + 1);
        Refusal refusal = replica.refusal(far);
        assertThat(refusal.getKind()).isEqualTo(Refusal.Kind.NOT_AFTER_TOO_FAR);
        assertThat(refusal.getLogTimeMillis()).isEqualTo(NOW);
        assertThat(replica.text("a")).isNull();
        replica.clock = NOW + 1;
        replica.reply(far);
        assertThat(replica.text("a")).as("the entry's own time is taken first").isEqualTo("1");
        replica.clock = NOW - 5_000;
        assertThat(replica.reply(far).getValue().toStringUtf8()).isEqualTo("1");
        assertThat(replica.refusal(notAfter(write(1, 2, increment("a", 1)), Long.MAX_VALUE))
                        .getKind())
                .isEqualTo(Refusal.Kind.NOT_AFTER_TOO_FAR);
    }

    @Test
    void aSessionLivesAsLongAsItsLatestWindow() {
        replica.reply(notAfter(write(1, 1, increment("a", 1)), NOW + 60_000));
        replica.reply(acknowledging(notAfter(write(1, 2, increment("a", 1)), NOW + 1_000), 2));
        WriteRequest late = notAfter(write(1, 1, increment("a", 1)), NOW + 60_000);
        for (int i = 1; i <= 12; i++) {
            replica.clock = NOW + 10_000 * i;
            replica.reply(notAfter(write(2, i, put("b", "")), replica.clock));
            assertThat(replica.refusal(late).getKind()).as("%s s", 10 * i).isEqualTo(Refusal.Kind.ALREADY_ACKNOWLEDGED);
        }
        replica.clock = NOW + 130_001;
        replica.reply(notAfter(write(2, 13, put("b", "")), replica.clock));
        assertThat(sessionRows()).isEqualTo(1);
        assertThat(replica.refusal(late).getKind()).isEqualTo(Refusal.Kind.EXPIRED);
        assertThat(replica.text("a")).isEqualTo("2");
    }

    @Test
    void logTimeIsTheShardsOwn() {
        replica.clock = NOW + 86_400_000;
        replica.reply(notAfter(write(1, 1, increment("a", 1)), replica.clock));
        replica.clock = NOW;
        assertThat(replica.reply(toHighShard(write(1, 1, increment("x", 1)))).getLogTimeMillis())
                .isEqualTo(NOW);
        assertThat(replica.reply(notAfter(write(1, 2, increment("a", 1)), NOW + 86_400_000))
                        .getLogTimeMillis())
                .as("and never falls")
                .isEqualTo(NOW + 86_400_000);
        replica.restart(engine.crash(0));
        assertThat(replica.reply(notAfter(write(1, 3, increment("a", 1)), NOW + 86_400_000))
                        .getLogTimeMillis())
                .isEqualTo(NOW + 86_400_000);
    }

    @Test
    void aGoodbyeForgetsTheSessionAtOnce() {
        replica.reply(write(1, 1, increment("a", 1)));
        replica.reply(write(2, 1, increment("a", 1)));
        assertThat(sessionRows()).isEqualTo(2);
        long changes = replica.changeNumber(Writes.low());
        for (int i = 0; i < 2; i++) {
            Response.Builder response = Response.newBuilder();
            CommandOutcome outcome = replica.goodbye(1);
            assertThat(outcome.refusal()).isNull();
            outcome.answer(response);
            assertThat(response.getGoodbye().getLogTimeMillis()).isEqualTo(NOW);
            assertThat(sessionRows()).isEqualTo(1);
            assertThat(replica.changeNumber(Writes.low())).isEqualTo(changes + 1);
        }
        replica.restart(engine.crash(0));
        assertThat(replica.text("a")).isEqualTo("2");
        replica.reply(write(2, 1, increment("a", 1)));
        assertThat(replica.text("a")).as("others are not concerned").isEqualTo("2");
    }

    @Test
    void aCommandThatChangesARowOrASessionCounts() {
        Shard low = Writes.low();
        replica.apply(write(1, 1, increment("a", 1)), write(1, 2, increment("a", 1)));
        assertThat(replica.changeNumber(low)).as("one command").isEqualTo(1);
        replica.apply(write(1, 3, cas("a", hasValue("x"), "y")));
        assertThat(replica.changeNumber(low)).as("a failed condition").isEqualTo(2);
        replica.apply(write(1, 3, cas("a", hasValue("x"), "y")));
        assertThat(replica.changeNumber(low)).as("a retry").isEqualTo(2);
        replica.apply(acknowledging(write(1, 3, cas("a", hasValue("x"), "y")), 3));
        assertThat(replica.changeNumber(low)).as("an acknowledgement").isEqualTo(3);
        replica.apply(notAfter(write(3, 1, put("a", "x")), NOW - 1));
        assertThat(replica.changeNumber(low)).as("a refused write").isEqualTo(3);
        assertThat(replica.changeNumber(Writes.high())).isZero();
        replica.apply(toHighShard(write(1, 1, put("x", "1"))), write(1, 4, put("a", "1")));
        assertThat(replica.changeNumber(low)).isEqualTo(4);
        assertThat(replica.changeNumber(Writes.high())).isEqualTo(1);
        replica.restart(engine.crash(0));
        replica.apply(write(1, 5, put("a", "1")));
        assertThat(replica.changeNumber(low)).isEqualTo(5);
    }

    @Test
    void aRetryFindsItsReplyThoughItsKeysAreElsewhere() {
        // as after a split: the session was copied, the batch reaches over the shard's end
        WriteRequest batch = write(1, 1, Writes.batch(put("a", "1"), put("z", "1")));
        assertThat(replica.refusal(batch).getKind()).isEqualTo(Refusal.Kind.STALE_ROUTE);
        replica.reply(write(1, 1, put("a", "1")));
        assertThat(replica.reply(batch).getVersion()).isEqualTo(1);
        assertThat(replica.text("z")).isNull();
    }

    @Test
    void retriesAfterACrashAtAnyPointAreNotApplied() {
        for (int survivors = 0; survivors <= 6; survivors++) {
            engine = new MemoryEngine();
            replica = new Replica(engine);
            engine.flush();
            WriteRequest[] writes = new WriteRequest[6];
            for (int i = 0; i < 6; i++) {
                writes[i] = write(1 + i % 2, 1 + i, increment("a", 1));
                replica.reply(writes[i]);
            }
            long before = replica.machine.checksum();
            replica.restart(engine.crash(survivors));
            assertThat(replica.machine.checksum()).isEqualTo(before);
            for (WriteRequest write : writes) {
                replica.reply(write);
            }
            assertThat(replica.text("a")).isEqualTo("6");
        }
    }

    @Test
    void isBoundedPerSessionAndPerShard() {
        SessionLimits limits = new SessionLimits(2, 3, 1 << 20, 1 << 20, 10_000, 1_000);
        replica = new Replica(engine = new MemoryEngine(), limits);
        replica.reply(write(1, 1, increment("a", 1)));
        replica.reply(write(1, 2, increment("a", 1)));
        replica.reply(write(1, 3, increment("a", 1)));
        Refusal busy = replica.refusal(write(1, 4, increment("a", 1)));
        assertThat(busy.getKind()).isEqualTo(Refusal.Kind.BUSY);
        assertThat(busy.getRetryAfterMillis()).isPositive();
        replica.reply(write(1, 2, increment("a", 1)));
        replica.reply(acknowledging(write(1, 4, increment("a", 1)), 2));
        assertThat(replica.text("a")).isEqualTo("4");

        replica.reply(notAfter(write(2, 1, increment("a", 1)), NOW + 100));
        assertThat(replica.refusal(write(3, 1, increment("a", 1))).getKind()).isEqualTo(Refusal.Kind.BUSY);
        replica.reply(toHighShard(write(3, 1, increment("x", 1))));
        replica.clock = NOW + 100 + SessionLimits.WINDOW_MILLIS + 1;
        replica.reply(notAfter(write(3, 1, increment("a", 1)), replica.clock));
        assertThat(replica.text("a")).isEqualTo("6");
        assertThat(replica.refusal(notAfter(write(2, 1, increment("a", 1)), NOW + 100))
                        .getKind())
                .isEqualTo(Refusal.Kind.EXPIRED);
        long checksum = replica.machine.checksum();
        replica.restart(engine.crash(0));
        assertThat(replica.machine.checksum()).isEqualTo(checksum);
    }

    @Test
    void placesAreFreeTwoMinutesAfterTheLastWriteAndAtOnceAfterAGoodbye() {
        replica = new Replica(engine = new MemoryEngine(), new SessionLimits(3, 3, 1 << 20, 1 << 20, 10_000, 1_000));
        for (int session = 1; session <= 3; session++) {
            replica.reply(notAfter(write(session, 1, increment("a", 1)), NOW + 60_000));
        }
        WriteRequest next = write(4, 1, increment("a", 1));
        assertThat(replica.refusal(next).getKind()).isEqualTo(Refusal.Kind.BUSY);
        replica.goodbye(2);
        replica.reply(next);
        replica.clock = NOW + 120_001;
        for (int session = 6; session <= 8; session++) {
            replica.reply(notAfter(write(session, 1, increment("a", 1)), replica.clock));
        }
        assertThat(replica.text("a")).isEqualTo("7");
    }

    @Test
    void theOldestWriteOfAFullSessionHasRoom() {
        for (SessionLimits limits : List.of(
                new SessionLimits(9, 99, 235, 1 << 20, 10_000, 1_000),
                new SessionLimits(9, 3, 1 << 20, 235, 10_000, 1_000))) {
            replica = new Replica(engine = new MemoryEngine(), limits);
            replica.reply(write(1, 1, put("a", "no number")));
            replica.reply(write(1, 3, increment("a", 1)));
            replica.reply(write(1, 4, increment("a", 1)));
            assertThat(replica.refusal(acknowledging(write(1, 5, increment("b", 1)), 2))
                            .getKind())
                    .isEqualTo(Refusal.Kind.BUSY);
            replica.reply(acknowledging(write(1, 2, increment("b", 1)), 2));
            replica.reply(acknowledging(write(1, 5, increment("b", 1)), 5));
            assertThat(replica.text("b")).isEqualTo("2");
        }
    }

    @Test
    void repliesAreBoundedInBytes() {
        String large = "v".repeat(1_000);
        for (SessionLimits limits : List.of(
                new SessionLimits(9, 99, 180, 1 << 20, 10_000, 1_000),
                new SessionLimits(9, 99, 1 << 20, 180, 10_000, 1_000))) {
            replica = new Replica(engine = new MemoryEngine(), limits);
            replica.reply(write(1, 1, put("a", large)));
            replica.reply(write(1, 2, cas("a", hasValue("x"), "y")));
            replica.reply(write(1, 3, cas("a", hasValue("x"), "y")));
            WriteRequest next = write(1, 4, cas("a", hasValue("x"), "y"));
            assertThat(replica.refusal(next).getKind()).isEqualTo(Refusal.Kind.BUSY);
            replica.restart(engine);
            assertThat(replica.refusal(next).getKind()).isEqualTo(Refusal.Kind.BUSY);
            assertThat(replica.reply(acknowledging(next, 3)).getOutcome())
                    .isEqualTo(WriteReply.Outcome.CONDITION_FAILED);
        }
    }
}
