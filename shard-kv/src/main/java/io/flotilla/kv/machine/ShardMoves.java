package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.engine.EngineBatch;
import io.flotilla.kv.proto.ChangedRow;
import io.flotilla.kv.proto.ChangedSession;
import io.flotilla.kv.proto.HoldRow;
import io.flotilla.kv.proto.PieceRow;
import io.flotilla.kv.proto.ShardRow;
import java.util.List;

/**
 * What a group's machine does for moves beside their commands: at the owner it reads, at the target it keeps holds. A hold is this
 * node's alone: written outside the log, and in no snapshot. Applier lane; from {@link KvStateMachine#moves}. All of it may block as
 * a write to the engine may.
 */
public final class ShardMoves {
    private final KvStateMachine machine;

    ShardMoves(KvStateMachine machine) {
        this.machine = machine;
    }

    /** How far this group is with a move of a shard. */
    public MoveOutcome state(long shard, long move) {
        return machine.moveCommands().told(shard, move, machine.appliedIndex(), "");
    }

    // ---- at the owner, while moving or frozen by this move ----

    /**
     * What changed after a change number: stops between two changes once it has so many bytes, but tells at least one.
     *
     * @param after as the asking hold has it: from that at MoveOut to the shard's
     * @param afterPart 0, or {@link ShardChanges#upToPart} of the answer before
     * @return null if this shard does not move by this move here, or {@code after} is out of reach: below what the change index
     *     knows, or above what this replica has applied
     */
    public ShardChanges changesAfter(long shard, long move, long after, long afterPart, int maxBytes) {
        ShardState source = source(shard, move);
        return source == null || !isWithin(source, after)
                ? null
                : source.index().after(source, after, afterPart, maxBytes);
    }

    /**
     * The bytes of the rows that changed after a change number, at most: a row counts each time that it changed, with the size that
     * it got then. Cheap.
     *
     * @return -1 where {@link #changesAfter} answers null
     */
    public long lagBytes(long shard, long move, long after) {
        ShardState source = source(shard, move);
        return source == null || !isWithin(source, after) ? -1 : source.index().bytesAfter(after);
    }

    /** The shard as it is now, to be copied. Null if it does not move by this move here. */
    public ShardCopy copy(long shard, long move) {
        if (source(shard, move) == null) {
            return null;
        }
        machine.writeBack();
        ShardState source = source(shard, move);
        ShardRow row = source.toRow();
        List<RowRange> rows = RowRange.of(row.toBuilder().clearChangeIndex().build());
        return new ShardCopy(
                source.shard(),
                source.index().from(),
                bytes(rows),
                source.pieces(),
                row.getSessionNumber(),
                node().engine().view(),
                node().uses().use(rows));
    }

    // ---- at the target ----

    /** The whole hold of this node, to be copied by a peer from its first key. Null if there is none. */
    public ShardCopy copyOfHold(long shard, long move) {
        Holds.Hold hold = whole(shard, move);
        if (hold == null) {
            return null;
        }
        HoldRow row = hold.row();
        List<RowRange> rows = RowRange.of(row);
        PieceRow piece = row.getPieces(0);
        Shard range = Shard.newBuilder()
                .setId(shard)
                .setStart(piece.getStart())
                .setEnd(piece.getEnd())
                .build();
        Pieces pieces = Pieces.of(ShardRow.newBuilder()
                .setShard(range)
                .addAllPieces(row.getPiecesList())
                .build());
        return new ShardCopy(
                range,
                row.getChangeNumber(),
                bytes(rows),
                pieces,
                row.getSessionNumber(),
                node().engine().view(),
                node().uses().use(rows));
    }

    /**
     * Where the copy from the owner's replicas is put, whichever of them: a new place, or the one that an earlier call recorded, also before
     * a restart.
     *
     * @param shard id and range, as the owner serves it
     * @return null if this group's fence is at the move already
     */
    public HoldPlace beginHold(Shard shard, long move) {
        if (isPassed(shard.getId(), move)) {
            return null;
        }
        Holds holds = machine.state().holds();
        if (holds.find(shard.getId(), move) != null) {
            return holds.place(shard, move);
        }
        machine.writeBack();
        HoldPlace place = fresh(shard, move);
        EngineBatch batch = new EngineBatch();
        holds.record(place, batch);
        machine.writeHolds(batch, true);
        published();
        return place;
    }

    /**
     * A fresh place beside the hold that there may be, for a pull from a peer's hold; recorded nowhere before {@link #completeCopy}.
     * If the pull breaks, {@link HoldPlace#abandon} it and begin another one.
     *
     * @return null if this group's fence is at the move already
     */
    public HoldPlace beginAnew(Shard shard, long move) {
        if (isPassed(shard.getId(), move)) {
            return null;
        }
        HoldPlace place = fresh(shard, move);
        return new HoldPlace(
                node(), place.shard(), move, place.row(), node().uses().use(place.rows()));
    }

    /**
     * Records how far a copy has come: after all up to this key, and all sessions, was ingested. Only of a place that is
     * recorded.
     *
     * @return false if the hold is gone, is another one or is whole: the copy ends
     */
    public boolean advanceCopy(HoldPlace place, ByteString copiedBehind) {
        Holds holds = machine.state().holds();
        if (!isOpen(place)) {
            return false;
        }
        EngineBatch batch = new EngineBatch();
        holds.advance(place, copiedBehind, batch);
        machine.writeHolds(batch, false);
        return true;
    }

    /**
     * All rows and sessions are there: from now on it is the hold, in place of what was one before. It counts once durable.
     *
     * @param changeNumber of {@link ShardCopy#changeNumber}, where it was copied from
     * @return false if the hold is gone or another one, or is not older: the place was abandoned
     */
    public boolean completeCopy(HoldPlace place, long changeNumber, PreparedSessions sessions) {
        long shard = place.shard().getId();
        Holds holds = machine.state().holds();
        Holds.Hold before = holds.find(shard, place.move());
        boolean isHold = place.use() == null
                ? isOpen(place)
                : !isPassed(shard, place.move())
                        && (before == null
                                || !before.row().getWhole()
                                || before.row().getChangeNumber() < changeNumber);
        if (!isHold) {
            place.abandon();
            return false;
        }
        machine.writeBack();
        EngineBatch batch = new EngineBatch();
        holds.complete(place, changeNumber, sessions, batch);
        long sequence = machine.writeHolds(batch, true);
        if (place.use() != null) {
            place.use().forget();
        }
        holds.written(shard, place.move(), sequence);
        published();
        return true;
    }

    /**
     * Writes a round, in one batch: {@link ChangedRow}s, {@link ChangedSession}s and the new change number. A part of a round that
     * ends within a command has the change number before it as its end.
     *
     * @return false if there is no whole hold, or it is below the change number asked from, or above the round's end: nothing was written
     * @throws IllegalArgumentException if something makes no sense in this shard; nothing was written
     */
    public boolean writeHold(long shard, long move, HoldUpdate update) {
        Holds.Hold hold = whole(shard, move);
        if (hold == null
                || hold.row().getChangeNumber() < update.after()
                || hold.row().getChangeNumber() > update.upTo()) {
            return false;
        }
        check(shard, hold.row().getPieces(0), update);
        EngineBatch batch = new EngineBatch();
        machine.state().holds().update(shard, move, update, batch);
        machine.state().holds().written(shard, move, machine.writeHolds(batch, false));
        return true;
    }

    /**
     * Gives up a copy that is not whole, with its rows. A whole hold stays: it ends when the fence has come to its move.
     *
     * @return false if it is whole
     */
    public boolean dropHold(long shard, long move) {
        Holds holds = machine.state().holds();
        Holds.Hold hold = holds.find(shard, move);
        if (hold == null) {
            return true;
        }
        if (hold.row().getWhole()) {
            return false;
        }
        machine.writeBack();
        EngineBatch batch = new EngineBatch();
        holds.drop(shard, move, batch);
        machine.writeHolds(batch, true);
        published();
        return true;
    }

    /** The hold's change number, durable or not; -1 if there is no whole hold. */
    public long holdChangeNumber(long shard, long move) {
        Holds.Hold hold = whole(shard, move);
        return hold == null ? -1 : hold.row().getChangeNumber();
    }

    /** Begins to make durable what was written; {@link PublishedHold#durableChangeNumber} tells when it is. Never blocks. */
    public void flushSoon() {
        node().engine().flushSoon();
    }

    private NodeRows node() {
        return machine.node();
    }

    /** Or null. */
    private ShardState source(long shard, long move) {
        ShardState source = machine.state().guard().find(shard);
        return source != null && source.movesBy(move) ? source : null;
    }

    private static boolean isWithin(ShardState source, long after) {
        return after >= source.index().from() && after <= source.changeNumber();
    }

    private boolean isPassed(long shard, long move) {
        return machine.state().fences().of(shard) >= move;
    }

    /** Or null. */
    private Holds.Hold whole(long shard, long move) {
        Holds.Hold hold = machine.state().holds().find(shard, move);
        return hold != null && hold.row().getWhole() ? hold : null;
    }

    /** Whether the place is recorded, and not whole. */
    private boolean isOpen(HoldPlace place) {
        Holds holds = machine.state().holds();
        return holds.isAt(place)
                && !holds.find(place.shard().getId(), place.move()).row().getWhole();
    }

    private HoldPlace fresh(Shard shard, long move) {
        Shard range = Shard.newBuilder()
                .setId(shard.getId())
                .setStart(shard.getStart())
                .setEnd(shard.getEnd())
                .build();
        long number = node().numbers().reserve(2);
        return new HoldPlace(node(), range, move, HoldPlace.row(range, number, number + 1), null);
    }

    private void published() {
        machine.state().changed();
        machine.state().publish();
    }

    private long bytes(List<RowRange> rows) {
        long bytes = 0;
        for (RowRange range : rows) {
            bytes += node().engine().approximateBytes(range.from(), range.to());
        }
        return bytes;
    }

    private static void check(long shard, PieceRow range, HoldUpdate update) {
        Shard within = Shard.newBuilder()
                .setStart(range.getStart())
                .setEnd(range.getEnd())
                .build();
        for (ChangedRow row : update.rows()) {
            if (row.getKey().isEmpty()
                    || row.getKey().size() > Rules.MAX_KEY_BYTES
                    || row.getValue().size() > Rules.MAX_VALUE_BYTES
                    || !EpochGuard.covers(within, row.getKey())) {
                throw new IllegalArgumentException("a round for shard " + shard + " has a row that can't be one of it");
            }
        }
    }
}
