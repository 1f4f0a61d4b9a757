package io.flotilla.kv.machine;

import static io.flotilla.kv.machine.MovingGroup.freeze;
import static io.flotilla.kv.machine.MovingGroup.moveOut;
import static io.flotilla.kv.machine.Writes.put;
import static io.flotilla.kv.machine.Writes.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.memory.MemoryEngine;
import io.flotilla.kv.proto.ChangedRow;
import io.flotilla.raft.core.log.Entry;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a node holds of a shard that moves to a group of it: when it counts, what a crash leaves, and when it ends. */
class HoldsTest {
    private static final Shard LOW = Writes.low();
    private static final long ID = LOW.getId();
    private static final long OTHER = 5;
    private static final long M = 10;

    private final MemoryEngine engine = new MemoryEngine();
    private final MovingGroup a = new MovingGroup(Writes.GROUP, new MemoryEngine(), LOW);
    private MovingGroup b = new MovingGroup(OTHER, engine);

    private void fill(int rows) {
        for (int i = 0; i < rows; i++) {
            a.write(write(1, i + 1, put("k" + i, "v" + i)));
        }
    }

    private PublishedHold published() {
        return b.published().hold(ID, M);
    }

    private Entry adopt(long holdChangeNumber) {
        return b.append(a.adopt(ID, M, holdChangeNumber));
    }

    private static int count(MemoryEngine engine, RowRange range) {
        int count = 0;
        try (EngineCursor rows = engine.ascending(range.from(), range.to())) {
            while (rows.next()) {
                count++;
            }
        }
        return count;
    }

    @Test
    void aHoldCountsOnceItIsWholeAndFlushed() {
        fill(3);
        a.move(moveOut(LOW, M, OTHER));
        HoldPlace place = b.machine.moves().beginHold(LOW, M);
        assertThat(published().isWhole()).isFalse();
        a.move(freeze(ID, M, 1));
        Entry adopt = adopt(3);
        assertThat(b.holds(adopt)).isFalse();
        try (ShardCopy copy = a.machine.moves().copy(ID, M);
                HoldImport rows = place.newImport()) {
            MovingGroup.copySessions(copy, rows);
            MovingGroup.copyRows(copy, rows, ByteString.EMPTY, 100);
            rows.ingest();
            assertThat(b.holds(adopt)).isFalse();
            assertThat(b.machine.moves().completeCopy(place, 3, place.readSessions()))
                    .isTrue();
        }
        assertThat(published().isWhole()).as("not flushed").isFalse();
        assertThat(b.holds(adopt)).isFalse();
        b.machine.moves().flushSoon();
        assertThat(published().durableChangeNumber()).isEqualTo(3);
        assertThat(b.holds(adopt)).isTrue();
        assertThat(b.machine.moves().dropHold(ID, M)).as("it counts").isFalse();
        b.catchUp();
        assertThat(published()).isNull();
        assertThat(b.holds(adopt)).as("through with it").isTrue();
        assertThat(b.machine.moves().writeHold(ID, M, new HoldUpdate(3, 4, List.of(), List.of())))
                .as("a late round")
                .isFalse();
    }

    @Test
    void aRoundRaisesTheHoldAndCountsOnceFlushed() {
        fill(2);
        a.move(moveOut(LOW, M, OTHER));
        b.copy(a, LOW, M);
        b.flush();
        a.write(write(1, 3, put("k2", "x")));
        assertThat(b.round(a, ID, M, 10_000)).isTrue();
        assertThat(b.machine.moves().holdChangeNumber(ID, M)).isEqualTo(3);
        assertThat(published().durableChangeNumber()).isEqualTo(2);
        a.move(freeze(ID, M, 1));
        Entry adopt = adopt(3);
        assertThat(b.holds(adopt)).isFalse();
        MovingGroup crashed = new MovingGroup(OTHER, engine.crash(0), null, b.log, List.of());
        assertThat(crashed.published().hold(ID, M).durableChangeNumber()).isEqualTo(2);
        assertThat(crashed.holds(adopt)).isFalse();
        assertThat(crashed.round(a, ID, M, 10_000)).isTrue();
        crashed.flush();
        assertThat(crashed.holds(adopt)).isTrue();
        crashed.catchUp();
        assertThat(crashed.text(crashed.shard(ID), "k2")).isEqualTo("x");
    }

    @Test
    void aRoundIsWrittenOnlyOnWhatItWasAskedFrom() {
        fill(2);
        a.move(moveOut(LOW, M, OTHER));
        b.copy(a, LOW, M);
        a.write(write(1, 3, put("k1", "late")));
        ShardChanges old = a.machine.moves().changesAfter(ID, M, 2, 0, 10_000);
        a.write(write(1, 4, put("k1", "later")));
        assertThat(b.round(a, ID, M, 10_000)).isTrue();
        ShardMoves holds = b.machine.moves();
        assertThat(holds.writeHold(ID, M, new HoldUpdate(2, old.upTo(), old.rows(), old.sessions())))
                .as("an old one")
                .isFalse();
        assertThat(holds.writeHold(ID, M, new HoldUpdate(5, 6, List.of(), List.of())))
                .as("a gap")
                .isFalse();
        assertThat(holds.writeHold(ID, 11, new HoldUpdate(4, 5, List.of(), List.of())))
                .as("of another move")
                .isFalse();
        assertThat(holds.holdChangeNumber(ID, M)).isEqualTo(4);
        assertThat(a.machine.moves().changesAfter(ID, M, 5, 0, 10_000))
                .as("a source below the hold")
                .isNull();
        assertThat(a.machine.moves().changesAfter(ID, M, 1, 0, 10_000)).isNull();
        assertThat(a.machine.moves().lagBytes(ID, M, 5)).isEqualTo(-1);
        ChangedRow outside = ChangedRow.newBuilder().setKey(Writes.bytes("zz")).build();
        assertThatThrownBy(() -> holds.writeHold(ID, M, new HoldUpdate(4, 5, List.of(outside), List.of())))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aCopyGoesOnBehindTheLastKeyThatIsDurablyThere() {
        fill(8);
        a.move(moveOut(LOW, M, OTHER));
        HoldPlace place = b.machine.moves().beginHold(LOW, M);
        ByteString last;
        try (ShardCopy copy = a.machine.moves().copy(ID, M)) {
            try (HoldImport rows = place.newImport()) {
                MovingGroup.copySessions(copy, rows);
                last = MovingGroup.copyRows(copy, rows, ByteString.EMPTY, 3);
                rows.ingest();
            }
            assertThat(b.machine.moves().advanceCopy(place, last)).isTrue();
            engine.flush();
            try (HoldImport rows = place.newImport()) {
                MovingGroup.copyRows(copy, rows, last, 3);
                rows.ingest();
            }
            assertThat(b.machine.moves().advanceCopy(place, Writes.bytes("k5"))).isTrue();
        }
        // a key that was copied is deleted at the source before the copy goes on
        a.write(write(1, 9, Writes.delete("k4")));
        b = new MovingGroup(OTHER, engine.crash(0), null, b.log, List.of());
        HoldPlace again = b.machine.moves().beginHold(LOW, M);
        assertThat(again.copiedBehind()).isEqualTo(last).isEqualTo(Writes.bytes("k2"));
        assertThat(b.machine.moves().advanceCopy(place, last))
                .as("the same place")
                .isTrue();
        try (ShardCopy copy = a.machine.moves().copy(ID, M);
                HoldImport rows = again.newImport()) {
            MovingGroup.copyRows(copy, rows, again.copiedBehind(), 100);
            rows.ingest();
            assertThat(b.machine.moves().completeCopy(again, copy.changeNumber(), again.readSessions()))
                    .isTrue();
        }
        assertThat(b.machine.moves().advanceCopy(again, last)).as("it is whole").isFalse();
        b.round(a, ID, M, 10_000);
        b.flush();
        a.move(freeze(ID, M, 1));
        adopt(b.machine.moves().holdChangeNumber(ID, M));
        b.catchUp();
        for (int i = 0; i < 8; i++) {
            assertThat(b.text(b.shard(ID), "k" + i)).isEqualTo(i == 4 ? null : "v" + i);
        }
    }

    @Test
    void aPullFromAPeerTakesThePlaceOfWhatWasHeldAndLeavesNothingWhenItBreaks() {
        fill(4);
        a.move(moveOut(LOW, M, OTHER));
        MovingGroup peer = new MovingGroup(OTHER, new MemoryEngine(), null, b.log, List.of());
        b.copy(a, LOW, M);
        peer.copy(a, LOW, M);
        a.write(write(1, 5, Writes.delete("k0")));
        a.write(write(1, 6, put("k9", "new")));
        peer.round(a, ID, M, 10_000);
        peer.flush();
        b.flush();
        HoldPlace broken = b.machine.moves().beginAnew(LOW, M);
        RowRange abandoned = broken.rows().get(0);
        try (ShardCopy copy = peer.machine.moves().copyOfHold(ID, M);
                HoldImport rows = broken.newImport()) {
            MovingGroup.copyRows(copy, rows, ByteString.EMPTY, 2);
            rows.ingest();
        }
        assertThat(count(engine, abandoned)).isEqualTo(2);
        broken.abandon();
        assertThat(count(engine, abandoned)).isZero();
        try (HoldImport late = broken.newImport()) {
            late.putRow(Writes.bytes("k0"), new byte[9]);
            late.ingest();
        }
        assertThat(count(engine, abandoned)).as("nobody wants it").isZero();
        assertThat(published().durableChangeNumber()).isEqualTo(4);
        assertThat(b.pull(peer, LOW, M)).isTrue();
        assertThat(b.machine.moves().holdChangeNumber(ID, M)).isEqualTo(6);
        assertThat(published().durableChangeNumber()).isEqualTo(4);
        b.flush();
        assertThat(published().durableChangeNumber()).isEqualTo(6);
        assertThat(b.pull(peer, LOW, M)).as("it has the same").isFalse();
        a.move(freeze(ID, M, 1));
        adopt(6);
        b.catchUp();
        peer.catchUp();
        assertThat(b.text(b.shard(ID), "k0")).isNull();
        assertThat(b.text(b.shard(ID), "k9")).isEqualTo("new");
        assertThat(b.machine.checksum()).isEqualTo(peer.machine.checksum());
    }

    @Test
    void whatWasPulledAndNotRecordedGoesAtTheNextStart() {
        fill(4);
        a.move(moveOut(LOW, M, OTHER));
        MovingGroup peer = new MovingGroup(OTHER, new MemoryEngine(), null, b.log, List.of());
        peer.copy(a, LOW, M);
        HoldPlace place = b.machine.moves().beginAnew(LOW, M);
        try (ShardCopy copy = peer.machine.moves().copyOfHold(ID, M);
                HoldImport rows = place.newImport()) {
            MovingGroup.copyRows(copy, rows, ByteString.EMPTY, 100);
            rows.ingest();
        }
        MemoryEngine left = engine.crash(0);
        assertThat(count(left, place.rows().get(0))).isEqualTo(4);
        b = new MovingGroup(OTHER, left, null, b.log, List.of());
        assertThat(count(left, place.rows().get(0))).isZero();
        HoldPlace next = b.machine.moves().beginAnew(LOW, M);
        assertThat(next.generation()).as("no number is used again").isNotEqualTo(place.generation());
    }

    @Test
    void aCopyThatIsNotWholeMayBeGivenUp() {
        fill(4);
        a.move(moveOut(LOW, M, OTHER));
        HoldPlace place = b.machine.moves().beginHold(LOW, M);
        try (ShardCopy copy = a.machine.moves().copy(ID, M);
                HoldImport rows = place.newImport()) {
            MovingGroup.copyRows(copy, rows, ByteString.EMPTY, 100);
            rows.ingest();
        }
        assertThat(b.machine.moves().dropHold(ID, M)).isTrue();
        assertThat(count(engine, place.rows().get(0))).isZero();
        assertThat(b.machine.moves().advanceCopy(place, Writes.bytes("k1"))).isFalse();
        assertThat(b.machine.moves().completeCopy(place, 4, place.readSessions()))
                .isFalse();
        assertThat(b.published().holds()).isEmpty();
        assertThat(b.machine.moves().dropHold(ID, M)).isTrue();
    }

    @Test
    void aSnapshotPastTheMoveEndsTheHoldAndOneBeforeItDoesNot() {
        fill(4);
        MovingGroup other = new MovingGroup(OTHER, new MemoryEngine(), null, b.log, List.of());
        MovingGroup late = new MovingGroup(OTHER, new MemoryEngine(), null, b.log, List.of());
        b.append(MovingGroup.mark());
        other.catchUp();
        a.move(moveOut(LOW, M, OTHER));
        for (MovingGroup each : List.of(b, other, late)) {
            each.copy(a, LOW, M);
            each.flush();
        }
        KvSnapshots.transfer(other.machine, late.machine, 100);
        assertThat(late.published().hold(ID, M).isWhole()).isTrue();
        a.move(freeze(ID, M, 1));
        adopt(4);
        other.catchUp();
        KvSnapshots.transfer(other.machine, late.machine, 100);
        assertThat(late.published().holds()).isEmpty();
        assertThat(late.published().fence(ID)).isEqualTo(M);
        assertThat(late.machine.checksum()).isEqualTo(other.machine.checksum());
        b.catchUp();
        assertThat(b.machine.checksum()).isEqualTo(other.machine.checksum());
        assertThat(late.text(late.shard(ID), "k3")).isEqualTo("v3");
    }

    /** Room for the sessions of one of two holds: what there is no room for is read when it is adopted. */
    @Test
    void sessionsOfAllHoldsTakeBoundedMemoryAndNoneIsForgotten() {
        Shard high = Writes.high();
        MemoryEngine engine = new MemoryEngine();
        KvMachines small = new KvMachines(engine, new TestClock(), SessionLimits.DEFAULT, 1_000);
        MovingGroup target = new MovingGroup(OTHER, engine, small, new ArrayList<>(), List.of());
        HeldSessions memory = target.machine.node().heldSessions();
        MovingGroup source = new MovingGroup(Writes.GROUP, new MemoryEngine(), LOW, high);
        source.write(write(1, 1, put("a", "1")));
        source.write(write(2, 1, put("b", "1")).toBuilder()
                .setShard(Writes.ref(high))
                .setMutation(put("z", "1"))
                .build());
        for (Shard shard : List.of(LOW, high)) {
            source.move(moveOut(shard, M, OTHER));
            assertThat(target.copy(source, shard, M)).isTrue();
        }
        long first = memory.taken();
        assertThat(first).isBetween(1L, 1_000L);
        // the low shard's sessions grow past the bound
        for (long session = 10; session < 20; session++) {
            source.write(write(session, 1, put("c", "1")));
        }
        assertThat(target.round(source, ID, M, 1_000_000)).isTrue();
        assertThat(memory.taken()).isBetween(0L, 1_000L);
        source.write(write(20, 1, put("d", "1")));
        assertThat(target.round(source, ID, M, 1_000_000)).isTrue();
        target.flush();
        for (Shard shard : List.of(LOW, high)) {
            long id = shard.getId();
            source.move(freeze(id, M, 1));
            target.move(source.adopt(id, M, target.machine.moves().holdChangeNumber(id, M)));
            SessionTable was = source.machine.state().guard().find(id).sessions();
            SessionTable sessions = target.machine.state().guard().find(id).sessions();
            for (long session = 1; session <= 20; session++) {
                SessionId name = new SessionId(session, -session);
                assertThat(sessions.find(name) == null).isEqualTo(was.find(name) == null);
                if (was.find(name) != null) {
                    assertThat(sessions.find(name).toRow())
                            .isEqualTo(was.find(name).toRow());
                }
            }
        }
        assertThat(memory.taken()).isZero();
    }

    @Test
    void aMachineThatClosesGivesTheMemoryOfItsHoldsBack() {
        fill(2);
        a.move(moveOut(LOW, M, OTHER));
        assertThat(b.copy(a, LOW, M)).isTrue();
        HeldSessions memory = b.machine.node().heldSessions();
        assertThat(memory.taken()).isPositive();
        long taken = memory.taken();
        b.machine.close();
        assertThat(memory.taken()).isZero();
        b.machine = (KvStateMachine) b.machines.open(b.descriptor);
        assertThat(memory.taken()).isEqualTo(taken);
    }

    @Test
    void onASharedNodeTheOwnersRowsAndTheHoldLieApart() {
        KvMachines shared = new KvMachines(engine, new TestClock());
        MovingGroup owner = new MovingGroup(Writes.GROUP, engine, shared, new ArrayList<>(), List.of(LOW));
        MovingGroup target = new MovingGroup(OTHER, engine, shared, new ArrayList<>(), List.of());
        owner.write(write(1, 1, put("a", "1")));
        owner.move(moveOut(LOW, M, OTHER));
        target.copy(owner, LOW, M);
        owner.write(write(1, 2, put("a", "2")));
        owner.machine.writeBack();
        owner.write(write(2, 1, put("b", "2")));
        target.flush();
        owner.move(freeze(ID, M, 1));
        target.move(owner.adopt(ID, M, 1));
        target.machine.writeBack();
        long generation =
                owner.machine.state().guard().find(ID).toRow().getPieces(0).getGeneration();
        assertThat(owner.move(MovingGroup.drop(ID, M)).isDone()).isTrue();
        owner.machine.writeBack();
        shared.tidy();
        assertThat(count(engine, RowRange.all(RowRange.Kind.DATA, generation))).isZero();
        assertThat(target.text(target.shard(ID), "a")).isEqualTo("2");
        assertThat(target.text(target.shard(ID), "b")).isEqualTo("2");
        assertThat(target.machine.state().guard().find(ID).sessions().find(new SessionId(2, -2)))
                .isNotNull();
    }
}
