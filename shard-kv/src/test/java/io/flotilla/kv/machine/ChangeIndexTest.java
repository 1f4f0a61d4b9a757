package io.flotilla.kv.machine;

import static io.flotilla.kv.machine.MovingGroup.freeze;
import static io.flotilla.kv.machine.MovingGroup.moveOut;
import static io.flotilla.kv.machine.Writes.increment;
import static io.flotilla.kv.machine.Writes.put;
import static io.flotilla.kv.machine.Writes.write;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.proto.Mutation;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.engine.memory.MemoryEngine;
import io.flotilla.kv.proto.ChangedRow;
import io.flotilla.kv.proto.ChangedSession;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the owner tells of what changed since MoveOut. */
class ChangeIndexTest {
    private static final Shard LOW = Writes.low();
    private static final long ID = LOW.getId();
    private static final long M = 10;

    private final MemoryEngine engine = new MemoryEngine();
    private MovingGroup a = new MovingGroup(Writes.GROUP, engine, LOW, Writes.high());

    private ShardChanges after(long after) {
        return a.machine.moves().changesAfter(ID, M, after, 0, Integer.MAX_VALUE);
    }

    private static List<String> keys(ShardChanges changes) {
        return changes.rows().stream()
                .map(row -> row.getKey().toStringUtf8()
                        + (row.getPresent() ? "=" + row.getValue().toStringUtf8() : " gone"))
                .toList();
    }

    private static List<Long> sessions(ShardChanges changes) {
        return changes.sessions().stream().map(ChangedSession::getHigh).toList();
    }

    private void restart(boolean all) {
        a.machine.writeBack();
        a.restart(engine.crash(all ? engine.unflushedBatches() : 0));
        a.catchUp();
    }

    @Test
    void eachChangedRowAndSessionIsToldOnceAsItIsNow() {
        a.write(write(1, 1, put("before", "x")));
        a.move(moveOut(LOW, M, 5));
        assertThat(after(1).rows()).isEmpty();
        a.write(write(1, 2, put("k", "1")));
        a.write(write(2, 1, put("l", "1")));
        a.machine.writeBack();
        a.write(write(1, 3, put("k", "2")));
        a.write(write(1, 4, Writes.delete("before")));
        a.write(write(1, 5, put("not", "here")).toBuilder()
                .setShard(Writes.ref(Writes.high()))
                .build());
        for (int turn = 0; turn < 2; turn++) {
            ShardChanges all = after(1);
            assertThat(keys(all)).containsExactly("k=2", "l=1", "before gone");
            assertThat(sessions(all)).containsExactly(1L, 2L);
            assertThat(all.sessions().get(0).getRow().getRepliesCount()).isEqualTo(4);
            assertThat(all.upTo()).isEqualTo(5).isEqualTo(all.changeNumber());
            assertThat(all.more()).isFalse();
            assertThat(keys(after(3))).containsExactly("k=2", "before gone");
            assertThat(keys(after(4))).containsExactly("before gone");
            assertThat(after(5).rows()).isEmpty();
            restart(turn == 0);
        }
    }

    @Test
    void acknowledgementsSweepsAndGoodbyesAreChanges() {
        a.write(write(1, 1, put("a", "1")));
        a.write(write(2, 1, put("b", "1")));
        a.write(write(3, 1, put("c", "1")));
        a.move(moveOut(LOW, M, 5));
        // refused, but it acknowledges
        a.write(write(1, 2, put("a", "2")).toBuilder()
                .setFirstUnacknowledged(2)
                .setNotAfterMillis(1)
                .build());
        ShardChanges acknowledged = after(3);
        assertThat(acknowledged.upTo()).isEqualTo(4);
        assertThat(sessions(acknowledged)).containsExactly(1L);
        assertThat(acknowledged.rows()).isEmpty();
        a.goodbye(Writes.goodbye(2));
        assertThat(sessions(after(4))).containsExactly(2L);
        assertThat(after(4).sessions().get(0).hasRow()).isFalse();
        a.goodbye(Writes.goodbye(77));
        assertThat(after(5).upTo()).as("nothing changed").isEqualTo(5);
        a.clock = Writes.NOW + 10_000 + SessionLimits.WINDOW_MILLIS + 1;
        a.goodbye(Writes.goodbye(77));
        ShardChanges swept = after(5);
        assertThat(sessions(swept)).containsExactly(1L, 3L);
        assertThat(swept.sessions()).allMatch(session -> !session.hasRow());
        assertThat(a.machine.moves().lagBytes(ID, M, 3))
                .as("sessions don't count")
                .isZero();
    }

    @Test
    void anAnswerStopsAtItsBoundAndGoesOnThere() {
        a.move(moveOut(ID, M, 1, 5, 100_000));
        Mutation[] puts = new Mutation[40];
        for (int i = 0; i < puts.length; i++) {
            puts[i] = put("b" + (10 + i), "x".repeat(100));
        }
        for (int i = 1; i <= 20; i++) {
            a.write(write(1, i, put("a" + (10 + i), "x".repeat(100))));
        }
        a.machine.writeBack();
        a.write(write(2, 1, Writes.batch(puts)));
        a.write(write(3, 1, put("c", "x".repeat(5_000))));
        List<String> told = new ArrayList<>();
        long after = 0;
        long part = 0;
        boolean within = false;
        boolean more = true;
        while (more) {
            ShardChanges changes = a.machine.moves().changesAfter(ID, M, after, part, 1_000);
            long bytes = 0;
            for (ChangedRow row : changes.rows()) {
                bytes += row.getValue().size();
                told.add(row.getKey().toStringUtf8());
            }
            assertThat(bytes <= 1_000 || changes.rows().size() == 1).isTrue();
            assertThat(changes.upTo()).isGreaterThanOrEqualTo(after);
            within |= changes.upTo() == 20 && changes.upToPart() > 0;
            after = changes.upTo();
            part = changes.upToPart();
            more = changes.more();
        }
        assertThat(within).as("it stopped within the batch").isTrue();
        assertThat(after).isEqualTo(22);
        assertThat(told).hasSize(61).doesNotHaveDuplicates();
        // what is told in parts comes to be there in full
        MovingGroup b = new MovingGroup(5, new MemoryEngine());
        a.move(MovingGroup.cancel(ID, M));
        a.move(moveOut(ID, 11, 1, 5, 100_000));
        b.copy(a, LOW, 11);
        a.write(write(2, 2, Writes.batch(puts[3], Writes.delete("b11"), put("d", "new"))));
        assertThat(b.round(a, ID, 11, 150)).isTrue();
        assertThat(b.machine.moves().holdChangeNumber(ID, 11)).isEqualTo(23);
        b.flush();
        a.move(freeze(ID, 11, 1));
        b.move(a.adopt(ID, 11, 23));
        assertThat(b.text(b.shard(ID), "b11")).isNull();
        assertThat(b.text(b.shard(ID), "d")).isEqualTo("new");
    }

    @Test
    void lagIsNeverLessThanWhatChanged() {
        a.move(moveOut(ID, M, 1, 5, 100_000));
        for (int i = 1; i <= 200; i++) {
            a.write(write(1, i, put("k" + i, "x".repeat(i))).toBuilder()
                    .setFirstUnacknowledged(i)
                    .build());
        }
        for (int turn = 0; turn < 2; turn++) {
            for (long after = 0; after <= 200; after++) {
                long exact = 0;
                for (long i = after + 1; i <= 200; i++) {
                    exact += i + ("k" + i).length();
                }
                assertThat(a.machine.moves().lagBytes(ID, M, after)).isBetween(exact, exact + 4_400);
            }
            assertThat(a.machine.moves().lagBytes(ID, M, 200)).isZero();
            restart(true);
        }
    }

    @Test
    void replicasThatKeepSessionsInOtherOrdersHaveTheSameIndex() {
        a.write(write(9, 1, put("a", "1")));
        a.write(write(2, 1, put("b", "1")));
        a.write(write(5, 1, put("c", "1")));
        a.move(moveOut(LOW, M, 5));
        MovingGroup replica =
                new MovingGroup(Writes.GROUP, new MemoryEngine(), null, a.log, List.of(LOW, Writes.high()));
        replica.catchUp(3);
        replica.machine.writeBack();
        // loaded in the order of their identities
        replica.restart(((MemoryEngine) replica.engine).crash(((MemoryEngine) replica.engine).unflushedBatches()));
        a.clock = Writes.NOW + 10_000 + SessionLimits.WINDOW_MILLIS + 1;
        a.goodbye(Writes.goodbye(77));
        replica.catchUp();
        assertThat(replica.machine.checksum()).isEqualTo(a.machine.checksum());
    }

    @Test
    void aSnapshotInTheMiddleOfAMoveGoesOnAsItsSourceDoes() {
        a.write(write(1, 1, put("a", "1")));
        a.move(moveOut(LOW, M, 5));
        a.write(write(1, 2, put("b", "1")));
        MovingGroup late = new MovingGroup(Writes.GROUP, new MemoryEngine(), null, a.log, List.of(LOW, Writes.high()));
        KvSnapshots.transfer(a.machine, late.machine, 50);
        assertThat(late.machine.checksum()).isEqualTo(a.machine.checksum());
        a.write(write(2, 1, increment("c", 3)));
        a.move(freeze(ID, M, 3));
        late.catchUp();
        assertThat(late.machine.checksum()).isEqualTo(a.machine.checksum());
        assertThat(late.machine.moves().changesAfter(ID, M, 1, 0, 10_000)).isEqualTo(after(1));
        assertThat(late.machine.moves().lagBytes(ID, M, 1))
                .isEqualTo(a.machine.moves().lagBytes(ID, M, 1));
        MovingGroup later = new MovingGroup(Writes.GROUP, new MemoryEngine(), null, a.log, List.of(LOW, Writes.high()));
        KvSnapshots.transfer(a.machine, later.machine, 50);
        assertThat(later.move(freeze(ID, M, 2)).isDone()).as("an older leader").isFalse();
        assertThat(later.published().moves().get(ID).isFrozen()).isTrue();
        assertThat(later.published().gauge(ID)).isNull();
        assertThat(later.move(MovingGroup.drop(ID, M)).isDone()).isTrue();
        a.catchUp();
        late.catchUp();
        assertThat(later.machine.checksum()).isEqualTo(a.machine.checksum()).isEqualTo(late.machine.checksum());
    }

    @Test
    void theBoundIsTheCommandsOnAllReplicas() {
        MovingGroup replica =
                new MovingGroup(Writes.GROUP, new MemoryEngine(), null, a.log, List.of(LOW, Writes.high()));
        a.move(moveOut(ID, M, 1, 5, 4));
        for (int i = 1; i <= 4; i++) {
            a.write(write(1, i, put("a", "" + i)));
            if (i == 2) {
                replica.catchUp();
                replica.machine.writeBack();
                replica.restart(
                        ((MemoryEngine) replica.engine).crash(((MemoryEngine) replica.engine).unflushedBatches()));
            }
        }
        replica.catchUp();
        assertThat(a.published().moves()).isEmpty();
        assertThat(replica.published().moves()).isEmpty();
        assertThat(replica.machine.checksum()).isEqualTo(a.machine.checksum());
    }
}
