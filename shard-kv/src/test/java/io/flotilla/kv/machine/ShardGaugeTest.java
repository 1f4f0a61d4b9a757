package io.flotilla.kv.machine;

import static io.flotilla.kv.machine.Writes.NOW;
import static io.flotilla.kv.machine.Writes.increment;
import static io.flotilla.kv.machine.Writes.ref;
import static io.flotilla.kv.machine.Writes.write;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.proto.Get;
import io.flotilla.client.proto.ReadRequest;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.WriteRequest;
import io.flotilla.kv.engine.memory.MemoryEngine;
import org.junit.jupiter.api.Test;

/** What may be known of a shard by who is not its applier. */
class ShardGaugeTest {
    private static final long DAY = 86_400_000;

    private final MemoryEngine engine = new MemoryEngine();
    private final TestClock time = new TestClock();
    private KvMachines machines = new KvMachines(engine, time, new SessionLimits(3, 2, 1 << 20, 600, 10_000, 1_000));
    private Replica replica = new Replica(engine, machines);

    private ShardGauge gauge() {
        return machines.published(Writes.GROUP).gauge(Writes.low().getId());
    }

    private static WriteRequest acknowledging(WriteRequest write, long firstUnacknowledged) {
        return write.toBuilder().setFirstUnacknowledged(firstUnacknowledged).build();
    }

    /** What the door says of the write must be what the machine says, or better. */
    private boolean isFull(WriteRequest write) {
        return gauge().isFull(
                        write.getSessionHigh(),
                        write.getSessionLow(),
                        write.getSequence(),
                        write.getFirstUnacknowledged());
    }

    @Test
    void logTimeGoesOnByItselfWhereTheClockIsBehind() {
        time.wallMillis = NOW;
        assertThat(gauge().logTime()).isEqualTo(NOW);
        time.wallMillis = NOW + DAY;
        replica.clock = gauge().logTime();
        replica.reply(write(1, 1, increment("a", 1)).toBuilder()
                .setNotAfterMillis(NOW + DAY)
                .build());
        time.wallMillis = NOW;
        assertThat(gauge().logTime()).isEqualTo(NOW + DAY);
        time.passMillis(5_000);
        assertThat(gauge().logTime()).isEqualTo(NOW + DAY + 5_000);
        // an entry that carries less, or as much as has passed, takes nothing back
        replica.clock = NOW + DAY + 2_000;
        replica.reply(write(1, 2, increment("a", 1)).toBuilder()
                .setNotAfterMillis(NOW + DAY + 2_000)
                .build());
        assertThat(gauge().logTime()).isEqualTo(NOW + DAY + 5_000);
        assertThat(replica.read(ReadRequest.newBuilder()
                                .setShard(ref(Writes.low()))
                                .setGet(Get.newBuilder().setKey(Writes.bytes("a"))))
                        .getRead()
                        .getLogTimeMillis())
                .as("readers are told what a writer would find")
                .isEqualTo(NOW + DAY + 5_000);
        assertThat(machines.published(Writes.GROUP).gauge(Writes.high().getId()).logTime())
                .as("the other shard's is its own")
                .isEqualTo(NOW + 5_000);
        replica.machine.close();
        time.passMillis(1_000);
        machines = new KvMachines(engine, time);
        replica = new Replica(engine, machines);
        assertThat(gauge().logTime()).as("what was applied").isEqualTo(NOW + DAY + 2_000);
        time.passMillis(1_000);
        assertThat(gauge().logTime()).isEqualTo(NOW + DAY + 3_000);
    }

    @Test
    void aSessionWithoutRoomIsKnownAndItsOldestWriteIsNot() {
        replica.reply(write(1, 2, increment("a", 1)));
        assertThat(isFull(write(1, 3, increment("a", 1)))).isFalse();
        replica.reply(write(1, 3, increment("a", 1)));
        WriteRequest next = write(1, 4, increment("a", 1));
        assertThat(isFull(next)).isTrue();
        assertThat(replica.refusal(next).getKind()).isEqualTo(Refusal.Kind.BUSY);
        assertThat(isFull(write(2, 4, increment("a", 1)))).as("another session").isFalse();
        assertThat(isFull(write(1, 1, increment("a", 1)))).as("the oldest").isFalse();
        assertThat(isFull(acknowledging(next, 2))).as("it acknowledges").isFalse();
        replica.reply(write(1, 1, increment("a", 1)));
        assertThat(isFull(next)).isTrue();
        replica.reply(acknowledging(write(1, 4, increment("a", 1)), 4));
        assertThat(isFull(acknowledging(write(1, 5, increment("a", 1)), 4))).isFalse();
        // and after a restart
        replica.reply(acknowledging(write(1, 5, increment("a", 1)), 4));
        machines = new KvMachines(engine, time, new SessionLimits(3, 2, 1 << 20, 600, 10_000, 1_000));
        replica = new Replica(engine, machines);
        assertThat(isFull(acknowledging(write(1, 6, increment("a", 1)), 4))).isTrue();
        replica.goodbye(1);
        assertThat(isFull(acknowledging(write(1, 6, increment("a", 1)), 4))).isFalse();
    }

    @Test
    void aShardWithoutRoomForSessionsTakesThemAgainWhenLogTimeSaysSo() {
        time.wallMillis = NOW;
        for (int session = 1; session <= 3; session++) {
            replica.reply(write(session, 1, increment("a", 1)));
        }
        WriteRequest another = write(4, 1, increment("a", 1));
        assertThat(isFull(another)).as("it was looked for room just now").isTrue();
        assertThat(replica.refusal(another).getKind()).isEqualTo(Refusal.Kind.BUSY);
        assertThat(isFull(write(4, 2, increment("a", 1)))).isTrue();
        assertThat(isFull(write(3, 2, increment("a", 1))))
                .as("a session that is there")
                .isFalse();
        time.passMillis(1_000);
        assertThat(isFull(another)).as("it is time to look again").isFalse();
        replica.goodbye(2);
        time.wallMillis = NOW;
        assertThat(isFull(another)).isFalse();
        replica.reply(another);
    }

    @Test
    void aShardWithoutRoomForRepliesTakesTheOldestOnly() {
        for (int session = 1; session <= 3; session++) {
            replica.reply(write(session, 1, increment("a", 1)));
            replica.reply(write(session, 2, increment("a", 1)));
        }
        replica = new Replica(
                engine, machines = new KvMachines(engine, time, new SessionLimits(3, 9, 1 << 20, 420, 10_000, 1_000)));
        assertThat(isFull(write(1, 3, increment("a", 1)))).isTrue();
        assertThat(isFull(acknowledging(write(1, 3, increment("a", 1)), 3))).isFalse();
        for (int session = 1; session <= 3; session++) {
            replica.reply(acknowledging(write(session, 3, increment("a", 1)), 3));
        }
        assertThat(isFull(acknowledging(write(1, 4, increment("a", 1)), 3))).isFalse();
    }
}
