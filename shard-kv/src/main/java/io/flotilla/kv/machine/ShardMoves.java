package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.proto.ChangedRow;
import io.flotilla.kv.proto.ChangedSession;

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
        throw new UnsupportedOperationException();
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
        throw new UnsupportedOperationException();
    }

    /**
     * The bytes of the rows that changed after a change number, at most: a row counts each time that it changed, with the size that
     * it got then. Cheap.
     *
     * @return -1 where {@link #changesAfter} answers null
     */
    public long lagBytes(long shard, long move, long after) {
        throw new UnsupportedOperationException();
    }

    /** The shard as it is now, to be copied. Null if it does not move by this move here. */
    public ShardCopy copy(long shard, long move) {
        throw new UnsupportedOperationException();
    }

    // ---- at the target ----

    /** The whole hold of this node, to be copied by a peer from its first key. Null if there is none. */
    public ShardCopy copyOfHold(long shard, long move) {
        throw new UnsupportedOperationException();
    }

    /**
     * Where the copy from the owner's replicas is put, whichever of them: a new place, or the one that an earlier call recorded, also before
     * a restart.
     *
     * @param shard id and range, as the owner serves it
     * @return null if this group's fence is at the move already
     */
    public HoldPlace beginHold(Shard shard, long move) {
        throw new UnsupportedOperationException();
    }

    /**
     * A fresh place beside the hold that there may be, for a pull from a peer's hold; recorded nowhere before {@link #completeCopy}.
     * If the pull breaks, {@link HoldPlace#abandon} it and begin another one.
     *
     * @return null if this group's fence is at the move already
     */
    public HoldPlace beginAnew(Shard shard, long move) {
        throw new UnsupportedOperationException();
    }

    /**
     * Records how far a copy has come: after all up to this key, and all sessions, was ingested. Only of a place that is
     * recorded.
     *
     * @return false if the hold is gone, is another one or is whole: the copy ends
     */
    public boolean advanceCopy(HoldPlace place, ByteString copiedBehind) {
        throw new UnsupportedOperationException();
    }

    /**
     * All rows and sessions are there: from now on it is the hold, in place of what was one before. It counts once durable.
     *
     * @param changeNumber of {@link ShardCopy#changeNumber}, where it was copied from
     * @return false if the hold is gone or another one, or is not older: the place was abandoned
     */
    public boolean completeCopy(HoldPlace place, long changeNumber, PreparedSessions sessions) {
        throw new UnsupportedOperationException();
    }

    /**
     * Writes a round, in one batch: {@link ChangedRow}s, {@link ChangedSession}s and the new change number. A part of a round that
     * ends within a command has the change number before it as its end.
     *
     * @return false if there is no whole hold, or it is below the change number asked from, or above the round's end: nothing was written
     * @throws IllegalArgumentException if something makes no sense in this shard; nothing was written
     */
    public boolean writeHold(long shard, long move, HoldUpdate update) {
        throw new UnsupportedOperationException();
    }

    /**
     * Gives up a copy that is not whole, with its rows. A whole hold stays: it ends when the fence has come to its move.
     *
     * @return false if it is whole
     */
    public boolean dropHold(long shard, long move) {
        throw new UnsupportedOperationException();
    }

    /** The hold's change number, durable or not; -1 if there is no whole hold. */
    public long holdChangeNumber(long shard, long move) {
        throw new UnsupportedOperationException();
    }

    /** Begins to make durable what was written; {@link PublishedHold#durableChangeNumber} tells when it is. Never blocks. */
    public void flushSoon() {
        throw new UnsupportedOperationException();
    }
}
