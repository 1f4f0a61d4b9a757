package io.flotilla.kv.machine;

import static io.flotilla.kv.machine.MovingGroup.cancel;
import static io.flotilla.kv.machine.MovingGroup.drop;
import static io.flotilla.kv.machine.MovingGroup.freeze;
import static io.flotilla.kv.machine.MovingGroup.moveOut;
import static io.flotilla.kv.machine.Writes.append;
import static io.flotilla.kv.machine.Writes.increment;
import static io.flotilla.kv.machine.Writes.put;
import static io.flotilla.kv.machine.Writes.ref;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.UnknownFieldSet;
import io.flotilla.client.proto.Mutation;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Shard;
import io.flotilla.client.proto.WriteRequest;
import io.flotilla.kv.engine.memory.MemoryEngine;
import io.flotilla.kv.proto.AdoptCommand;
import io.flotilla.kv.proto.CancelMoveCommand;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.kv.proto.MoveReply.Stage;
import io.flotilla.kv.proto.ShardRow;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryKind;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What each entry of a move does in each state, also repeated and out of order. Group 3 has the shard, group 5 gets it. */
class MoveCommandsTest {
    private static final Shard LOW = Writes.low();
    private static final long ID = LOW.getId();
    private static final long OTHER = 5;

    private final MovingGroup a = new MovingGroup(Writes.GROUP, new MemoryEngine(), LOW, Writes.high());
    private final MovingGroup b = new MovingGroup(OTHER, new MemoryEngine());

    private static WriteRequest to(Shard shard, long session, long sequence, Mutation mutation) {
        return Writes.write(session, sequence, mutation).toBuilder()
                .setShard(ref(shard))
                .build();
    }

    /** The same as {@link #b} serves it after the first move. */
    private static Shard moved() {
        return LOW.toBuilder().setGroup(OTHER).setEpoch(LOW.getEpoch() + 1).build();
    }

    private static Refusal.Kind kind(WriteOutcome outcome) {
        return outcome.refusal() == null ? null : outcome.refusal().getKind();
    }

    /** Copies, freezes and adopts; the source stays frozen. */
    private static void handOver(MovingGroup from, MovingGroup to, Shard shard, long move) {
        assertThat(from.move(moveOut(shard, move, to.group)).stage()).isEqualTo(Stage.MOVING);
        assertThat(to.copy(from, shard, move)).isTrue();
        to.flush();
        assertThat(from.move(freeze(shard.getId(), move, 1)).stage()).isEqualTo(Stage.FROZEN);
        KvCommand adopt = from.adopt(shard.getId(), move, to.machine.moves().holdChangeNumber(shard.getId(), move));
        Entry entry = to.append(adopt);
        assertThat(to.holds(entry)).isTrue();
        to.catchUp();
        assertThat(to.shard(shard.getId()).getEpoch()).isEqualTo(shard.getEpoch() + 1);
    }

    @Test
    void moveOutIsTakenOnceByWhoServesAtTheEpoch() {
        a.write(to(LOW, 1, 1, put("a", "1")));
        for (KvCommand wrong : List.of(
                moveOut(ID, 10, 2, OTHER, 100),
                moveOut(ID, 10, 1, Writes.GROUP, 100),
                moveOut(99, 10, 1, OTHER, 100))) {
            MoveOutcome refused = a.move(wrong);
            assertThat(refused.isDone()).isFalse();
            assertThat(refused.stage()).isEqualTo(Stage.NOT_YET);
            assertThat(refused.fence()).isZero();
        }
        MoveOutcome first = a.move(moveOut(LOW, 10, OTHER));
        assertThat(first.isDone()).isTrue();
        assertThat(first.stage()).isEqualTo(Stage.MOVING);
        assertThat(first.fromChangeNumber()).isEqualTo(1);
        a.write(to(LOW, 1, 2, put("b", "2")));
        MoveOutcome again = a.move(moveOut(LOW, 10, OTHER));
        assertThat(again.isDone()).isTrue();
        assertThat(again.fromChangeNumber()).isEqualTo(1);
        assertThat(again.changeNumber()).isEqualTo(2);
        assertThat(a.move(moveOut(LOW, 9, OTHER)).stage()).isEqualTo(Stage.OVER);
        MoveOutcome other = a.move(moveOut(LOW, 11, OTHER));
        assertThat(other.stage()).isEqualTo(Stage.NOT_YET);
        assertThat(other.refused()).isEqualTo("group 3, shard 7, move 11: the shard moves by 10");
        assertThat(a.text(LOW, "b")).isEqualTo("2");
    }

    @Test
    void aFrozenShardServesNothingAndNothingOfItChanges() {
        a.write(to(LOW, 1, 1, put("a", "1")));
        a.move(moveOut(LOW, 10, OTHER));
        MoveOutcome frozen = a.move(freeze(ID, 10, 7));
        assertThat(frozen.stage()).isEqualTo(Stage.FROZEN);
        assertThat(frozen.frozenAt()).isEqualTo(3);
        a.clock += 3_600_000;
        ShardRow before = a.machine.state().guard().find(ID).toRow();
        assertThat(kind(a.write(to(LOW, 1, 1, put("a", "1"))))).isEqualTo(Refusal.Kind.STALE_ROUTE);
        assertThat(kind(a.write(to(LOW, 1, 2, put("a", "2")).toBuilder()
                        .setFirstUnacknowledged(2)
                        .build())))
                .isEqualTo(Refusal.Kind.STALE_ROUTE);
        assertThat(a.goodbye(Writes.goodbye(1)).refusal().getKind()).isEqualTo(Refusal.Kind.STALE_ROUTE);
        assertThat(a.read(LOW, "a").getRefusal().getKind()).isEqualTo(Refusal.Kind.STALE_ROUTE);
        assertThat(a.machine.state().guard().find(ID).toRow()).isEqualTo(before);
        MoveOutcome again = a.move(freeze(ID, 10, 7));
        assertThat(again.frozenAt()).isEqualTo(3);
        assertThat(again.counters()).isEqualTo(frozen.counters());
        assertThat(again.counters().getLogTimeMillis()).isEqualTo(Writes.NOW);
        assertThat(a.published().gauge(ID)).isNull();
        assertThat(a.published().shards()).contains(moved()).doesNotContain(LOW);
        assertThat(a.published().moves().get(ID).targetLeader()).isEqualTo("n7");
        assertThat(a.published().moves().get(ID).isFrozen()).isTrue();
        a.clock = Writes.NOW;
        assertThat(kind(a.write(to(Writes.high(), 1, 3, put("n", "1")))))
                .as("another shard")
                .isNull();
    }

    @Test
    void freezeIsTakenByExactlyTheMoveAndNotBelowTheHighestTerm() {
        assertThat(a.move(freeze(ID, 10, 1)).stage()).isEqualTo(Stage.NOT_YET);
        a.move(moveOut(LOW, 10, OTHER));
        assertThat(a.move(freeze(ID, 9, 1)).isDone()).isFalse();
        assertThat(a.move(freeze(ID, 11, 1)).isDone()).isFalse();
        assertThat(a.text(LOW, "a")).isNull();
        assertThat(a.move(freeze(ID, 10, 5)).isDone()).isTrue();
        MoveOutcome old = a.move(freeze(ID, 10, 4));
        assertThat(old.isDone()).isFalse();
        assertThat(old.stage()).isEqualTo(Stage.FROZEN);
        assertThat(old.refused()).contains("term 5");
        assertThat(a.move(freeze(ID, 10, 6)).isDone()).isTrue();
        assertThat(a.move(freeze(ID, 10, 5)).isDone()).isFalse();
        assertThat(a.move(moveOut(LOW, 10, OTHER)).stage()).isEqualTo(Stage.FROZEN);
    }

    @Test
    void cancelEndsAMoveBeforeFreezeAndNeverAfter() {
        a.move(moveOut(LOW, 10, OTHER));
        a.write(to(LOW, 1, 1, put("a", "1")));
        MoveOutcome cancelled = a.move(cancel(ID, 10));
        assertThat(cancelled.isDone()).isTrue();
        assertThat(cancelled.stage()).isEqualTo(Stage.OVER);
        assertThat(a.move(cancel(ID, 10)).isDone()).isTrue();
        assertThat(a.move(moveOut(LOW, 10, OTHER)).isDone()).as("late").isFalse();
        assertThat(a.move(freeze(ID, 10, 1)).isDone()).isFalse();
        assertThat(a.text(LOW, "a")).isEqualTo("1");
        assertThat(a.published().moves()).isEmpty();
        assertThat(a.published().fence(ID)).isEqualTo(10);

        assertThat(a.move(cancel(ID, 12)).isDone()).as("before MoveOut").isTrue();
        assertThat(a.move(moveOut(LOW, 12, OTHER)).stage()).isEqualTo(Stage.OVER);
        assertThat(a.move(moveOut(LOW, 13, OTHER)).stage()).isEqualTo(Stage.MOVING);
        assertThat(a.move(cancel(ID, 14)).isDone()).as("of another move").isFalse();
        assertThat(a.move(cancel(ID, 12)).isDone()).isTrue();
        assertThat(a.move(freeze(ID, 13, 1)).stage()).isEqualTo(Stage.FROZEN);
        MoveOutcome late = a.move(cancel(ID, 13));
        assertThat(late.isDone()).isFalse();
        assertThat(late.stage()).isEqualTo(Stage.FROZEN);
        assertThat(a.read(LOW, "a").hasRefusal()).isTrue();
    }

    @Test
    void dropIsTakenByExactlyTheMoveAndTheFenceStays() {
        a.write(to(LOW, 1, 1, put("a", "1")));
        assertThat(a.move(drop(ID, 10)).isDone()).isFalse();
        a.move(moveOut(LOW, 10, OTHER));
        assertThat(a.move(drop(ID, 10)).isDone()).isFalse();
        a.move(freeze(ID, 10, 1));
        assertThat(a.move(drop(ID, 9)).stage()).isEqualTo(Stage.OVER);
        assertThat(a.move(drop(ID, 11)).isDone()).isFalse();
        assertThat(a.move(freeze(ID, 10, 1)).stage()).as("it is still there").isEqualTo(Stage.FROZEN);
        MoveOutcome dropped = a.move(drop(ID, 10));
        assertThat(dropped.isDone()).isTrue();
        assertThat(dropped.served()).isNull();
        assertThat(dropped.fence()).isEqualTo(10);
        assertThat(a.move(drop(ID, 10)).isDone()).isTrue();
        assertThat(a.published().shards()).contains(moved());
        assertThat(kind(a.write(to(LOW, 1, 1, put("a", "1"))))).isEqualTo(Refusal.Kind.STALE_ROUTE);
        for (KvCommand late :
                List.of(moveOut(LOW, 10, OTHER), freeze(ID, 10, 9), cancel(ID, 10), moveOut(LOW, 9, OTHER))) {
            assertThat(a.move(late).stage()).isEqualTo(Stage.OVER);
        }
        a.machine.writeBack();
        a.restart(((MemoryEngine) a.engine).crash(((MemoryEngine) a.engine).unflushedBatches()));
        assertThat(a.published().fence(ID)).isEqualTo(10);
        assertThat(a.shard(ID)).isNull();
    }

    @Test
    void adoptBringsRowsSessionsAndCounters() {
        a.write(to(LOW, 1, 1, put("a", "1")));
        a.write(to(LOW, 1, 2, put("gone", "x")));
        a.write(to(LOW, 2, 1, increment("c", 4)));
        a.move(moveOut(LOW, 10, OTHER));
        b.copy(a, LOW, 10);
        a.write(to(LOW, 1, 3, Writes.delete("gone")));
        a.write(to(LOW, 3, 1, append("a", "2")));
        b.flush();
        MoveOutcome frozen = a.move(freeze(ID, 10, 1));
        MoveOutcome adopted = b.move(a.adopt(ID, 10, frozen.fromChangeNumber()));
        assertThat(adopted.isDone()).isTrue();
        assertThat(adopted.served()).isEqualTo(moved());
        assertThat(adopted.changeNumber()).isEqualTo(frozen.changeNumber()).isEqualTo(5);
        assertThat(b.text(moved(), "a")).isEqualTo("12");
        assertThat(b.text(moved(), "gone")).isNull();
        assertThat(b.text(moved(), "c")).isEqualTo("4");
        assertThat(b.published().gauge(ID).logTime()).isEqualTo(Writes.NOW);
        // each is known there
        assertThat(b.write(to(moved(), 2, 1, increment("c", 4)))
                        .reply()
                        .getValue()
                        .toStringUtf8())
                .isEqualTo("4");
        assertThat(b.write(to(moved(), 3, 1, append("a", "2"))).reply().getVersion())
                .isEqualTo(5);
        assertThat(b.text(moved(), "a")).isEqualTo("12");
        assertThat(b.write(to(moved(), 3, 2, append("a", "3"))).reply().getVersion())
                .as("versions go on")
                .isEqualTo(6);
        assertThat(b.published().holds()).isEmpty();
        b.machine.writeBack();
        assertThat(b.engine.get(Layout.holdKey(OTHER, ID, 10))).isNull();
    }

    @Test
    void adoptTwiceAndLateDoesNothing() {
        handOver(a, b, LOW, 10);
        KvCommand late = a.adopt(ID, 10, 0);
        b.write(to(moved(), 1, 1, put("a", "new")));
        assertThat(b.move(late).stage()).isEqualTo(Stage.OVER);
        assertThat(b.text(moved(), "a")).isEqualTo("new");
        // there and back, with Drop of the first move never done
        handOver(b, a, moved(), 11);
        Shard back = LOW.toBuilder().setEpoch(3).build();
        assertThat(a.text(back, "a")).isEqualTo("new");
        assertThat(a.move(drop(ID, 10)).isDone())
                .as("it is not frozen by it any more")
                .isTrue();
        assertThat(a.text(back, "a")).isEqualTo("new");
        assertThat(b.move(late).stage()).isEqualTo(Stage.OVER);
        assertThat(b.read(moved(), "a").hasRefusal()).isTrue();
        assertThat(b.move(drop(ID, 11)).isDone()).isTrue();
        assertThat(b.move(late).stage()).isEqualTo(Stage.OVER);
        assertThat(b.shard(ID)).as("two groups would serve it").isNull();
        assertThat(a.published().shards()).contains(back);
        assertThat(b.published().shards()).contains(back);
    }

    @Test
    void anAdoptIntoAServedShardIsRefusedAndOneWithoutAHoldStopsTheReplica() {
        KvCommand adopt = KvCommand.newBuilder()
                .setAdopt(AdoptCommand.newBuilder().setShard(LOW).setMove(10))
                .build();
        assertThat(a.move(adopt).isDone()).isFalse();
        assertThat(a.text(LOW, "a")).isNull();
        KvCommand elsewhere = adopt.toBuilder()
                .setAdopt(adopt.getAdopt().toBuilder().setShard(moved()))
                .build();
        assertThatThrownBy(() -> b.move(elsewhere)).hasMessageContaining("not held here");
    }

    @Test
    void cancelAtTheTargetEndsTheHold() {
        a.move(moveOut(LOW, 10, OTHER));
        b.copy(a, LOW, 10);
        b.flush();
        long generation = generation(b, 10);
        assertThat(b.move(cancel(ID, 10)).isDone()).isTrue();
        b.machine.writeBack();
        assertThat(b.published().holds()).isEmpty();
        assertThat(b.engine.get(Layout.holdKey(OTHER, ID, 10))).isNull();
        assertThat(rows(b, generation)).isZero();
        assertThat(b.machine.moves().beginHold(LOW, 10)).as("late").isNull();
        assertThat(b.machine.moves().beginAnew(LOW, 10)).isNull();
        assertThat(b.round(a, ID, 10, 1_000)).isFalse();
        a.move(cancel(ID, 10));
        a.move(moveOut(LOW, 11, OTHER));
        assertThat(b.copy(a, LOW, 11)).isTrue();
        assertThat(b.published().hold(ID, 11)).isNotNull();
    }

    @Test
    void cancelOfAMoveBackLeavesAFrozenShardAsItIs() {
        handOver(a, b, LOW, 10);
        b.move(moveOut(moved(), 11, Writes.GROUP));
        assertThat(a.copy(b, moved(), 11)).isTrue();
        assertThat(a.move(cancel(ID, 11)).isDone()).isTrue();
        assertThat(a.published().holds()).isEmpty();
        assertThat(a.published().fence(ID)).isEqualTo(11);
        assertThat(a.move(drop(ID, 10)).isDone()).isTrue();
        assertThat(a.shard(ID)).isNull();
        assertThat(b.move(cancel(ID, 11)).stage()).isEqualTo(Stage.OVER);
        assertThat(b.text(moved(), "a")).isNull();
    }

    @Test
    void aMoveEndsByItselfOnceItsIndexIsPastTheBoundThatMoveOutNames() {
        a.move(moveOut(ID, 10, 1, OTHER, 4));
        a.write(to(LOW, 1, 1, put("a", "1")));
        a.write(to(LOW, 1, 2, put("a", "2")));
        assertThat(a.published().moves().get(ID).indexRows()).isEqualTo(4);
        a.write(to(LOW, 1, 3, put("a", "3")));
        assertThat(a.published().moves()).isEmpty();
        assertThat(a.machine.moves().state(ID, 10).stage()).isEqualTo(Stage.OVER);
        assertThat(a.text(LOW, "a")).isEqualTo("3");
        assertThat(a.move(freeze(ID, 10, 1)).isDone()).isFalse();
    }

    @Test
    void aSessionMovesWithItsShardAndAFrozenOneTakesNoGoodbye() {
        a.write(to(LOW, 1, 1, increment("c", 1)));
        a.write(to(LOW, 2, 1, increment("c", 1)));
        a.goodbye(Writes.goodbye(2));
        handOver(a, b, LOW, 10);
        assertThat(a.goodbye(Writes.goodbye(1)).refusal().getKind()).isEqualTo(Refusal.Kind.STALE_ROUTE);
        b.write(to(moved(), 1, 1, increment("c", 1)));
        assertThat(b.text(moved(), "c")).isEqualTo("2");
        WriteRequest late = to(moved(), 3, 1, increment("c", 1));
        b.clock = late.getNotAfterMillis() + 1;
        assertThat(kind(b.write(late))).isEqualTo(Refusal.Kind.EXPIRED);
        assertThat(b.text(moved(), "c")).isEqualTo("2");
    }

    @Test
    void aSessionThatIsForgottenDuringTheCopyIsNotBroughtBack() {
        a.write(to(LOW, 1, 1, increment("c", 1)));
        a.write(to(LOW, 2, 1, increment("c", 1)));
        a.move(moveOut(LOW, 10, OTHER));
        assertThat(b.copy(a, LOW, 10)).isTrue();
        a.goodbye(Writes.goodbye(2));
        assertThat(b.round(a, ID, 10, 1_000_000)).isTrue();
        b.flush();
        MoveOutcome frozen = a.move(freeze(ID, 10, 1));
        assertThat(b.move(a.adopt(ID, 10, frozen.changeNumber())).isDone()).isTrue();
        SessionTable sessions = b.machine.state().guard().find(ID).sessions();
        assertThat(sessions.find(new SessionId(1, -1))).isNotNull();
        assertThat(sessions.find(new SessionId(2, -2))).isNull();
    }

    @Test
    void aClockThatIsAheadReachesTheShardsAloneThatItWritesTo() {
        Shard high = Writes.high();
        a.write(to(high, 1, 1, put("z", "1")));
        a.clock = Writes.NOW + 86_400_000;
        a.write(to(LOW, 2, 1, put("a", "1")));
        assertThat(a.published().gauge(ID).logTime()).isEqualTo(a.clock);
        assertThat(a.machine.state().guard().find(high.getId()).logTime()).isEqualTo(Writes.NOW);
    }

    @Test
    void adoptSweepsAtTheFrozenLogTime() {
        a.write(to(LOW, 1, 1, put("a", "1")));
        a.move(moveOut(LOW, 10, OTHER));
        b.copy(a, LOW, 10);
        b.flush();
        // a sweep at the owner, and then a write that takes log time past what the first session is kept for
        for (long millis : new long[] {65_000, 10_000 + SessionLimits.WINDOW_MILLIS + 1_000}) {
            a.clock = Writes.NOW + millis;
            a.write(to(LOW, 2, millis, put("b", "1")).toBuilder()
                    .setNotAfterMillis(a.clock + 1_000)
                    .build());
        }
        a.move(freeze(ID, 10, 1));
        assertThat(a.machine.state().guard().find(ID).sessions().find(new SessionId(1, -1)))
                .as("no sweep since")
                .isNotNull();
        b.move(a.adopt(ID, 10, a.machine.moves().state(ID, 10).fromChangeNumber()));
        assertThat(b.machine.state().guard().find(ID).sessions().find(new SessionId(1, -1)))
                .isNull();
        assertThat(b.machine.state().guard().find(ID).sessions().find(new SessionId(2, -2)))
                .isNotNull();
    }

    @Test
    void anUnknownFieldOfAMovesCommandStopsTheReplica() {
        KvCommand strange = KvCommand.newBuilder()
                .setCancel(CancelMoveCommand.newBuilder()
                        .setUnknownFields(UnknownFieldSet.newBuilder()
                                .addField(
                                        99,
                                        UnknownFieldSet.Field.newBuilder()
                                                .addVarint(1)
                                                .build())
                                .build()))
                .build();
        Entry entry = new Entry(1, 1, EntryKind.COMMAND, strange.toByteArray());
        assertThatThrownBy(() -> a.machine.apply(List.of(entry))).hasMessageContaining("field 99");
    }

    private static long generation(MovingGroup group, long move) {
        return group.machine.state().holds().find(ID, move).row().getPieces(0).getGeneration();
    }

    private static int rows(MovingGroup group, long generation) {
        RowRange all = RowRange.all(RowRange.Kind.DATA, generation);
        int count = 0;
        try (var rows = group.engine.ascending(all.from(), all.to())) {
            while (rows.next()) {
                count++;
            }
        }
        return count;
    }
}
