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
        replica.reply(write(2, 2, put("a", "x")));
        assertThat(replica.reply(failing).getOutcome())
                .as("a negative answer is kept as well")
                .isEqualTo(failed.getOutcome());
        assertThat(replica.reply(failing).getValue()).isEqualTo(failed.getValue());
        assertThat(replica.text("a")).isEqualTo("x");
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
        for (long millis = 0; millis <= 30_000; millis += 250) {
            replica.clock = NOW + millis;
            replica.reply(notAfter(write(2, 1 + millis, put("b", "" + millis)), NOW + millis + 100));
            WriteOutcome retried = replica.apply(write).get(0);
            if (millis <= 10_000) {
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
    void aSessionLivesAsLongAsItsLatestDeadline() {
        replica.reply(notAfter(write(1, 1, increment("a", 1)), NOW + 100_000));
        replica.reply(acknowledging(notAfter(write(1, 2, increment("a", 1)), NOW + 1_000), 2));
        for (int i = 1; i <= 9; i++) {
            replica.clock = NOW + 10_000 * i;
            replica.reply(notAfter(write(2, i, put("b", "")), replica.clock));
        }
        assertThat(replica.refusal(notAfter(write(1, 1, increment("a", 1)), NOW + 100_000))
                        .getKind())
                .isEqualTo(Refusal.Kind.ALREADY_ACKNOWLEDGED);
        assertThat(replica.text("a")).isEqualTo("2");
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
        replica.clock = NOW + 2_000;
        replica.reply(write(3, 1, increment("a", 1)));
        assertThat(replica.text("a")).isEqualTo("6");
        assertThat(replica.refusal(notAfter(write(2, 1, increment("a", 1)), NOW + 100))
                        .getKind())
                .isEqualTo(Refusal.Kind.EXPIRED);
        long checksum = replica.machine.checksum();
        replica.restart(engine.crash(0));
        assertThat(replica.machine.checksum()).isEqualTo(checksum);
    }

    @Test
    void theOldestWriteOfAFullSessionHasRoom() {
        String large = "v".repeat(1_000);
        for (SessionLimits limits : List.of(
                new SessionLimits(9, 99, 2_000, 1 << 20, 10_000, 1_000),
                new SessionLimits(9, 3, 1 << 20, 2_000, 10_000, 1_000))) {
            replica = new Replica(engine = new MemoryEngine(), limits);
            replica.reply(write(1, 1, put("a", large)));
            replica.reply(write(1, 3, cas("a", hasValue("x"), "y")));
            replica.reply(write(1, 4, cas("a", hasValue("x"), "y")));
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
                new SessionLimits(9, 99, 2_000, 1 << 20, 10_000, 1_000),
                new SessionLimits(9, 99, 1 << 20, 2_000, 10_000, 1_000))) {
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
