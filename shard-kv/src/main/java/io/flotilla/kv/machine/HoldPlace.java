package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.proto.HoldRow;
import io.flotilla.kv.proto.PieceRow;
import java.util.List;

/**
 * Where the copy of a shard is put on this node: a generation and a session number of its own. From {@link ShardMoves#beginHold} it is
 * recorded, and a restart goes on with it; from {@link ShardMoves#beginAnew} it is not, and a restart deletes what came to lie
 * there. Thread-safe but for what says otherwise.
 */
public final class HoldPlace {
    private final NodeRows node;
    private final Shard shard;
    private final long move;
    private final HoldRow row;
    /** Of a place that is recorded nowhere; else null. */
    private final RowUses.Use use;
    /** The numbers are durable: what is ingested under them is found again. */
    private volatile boolean numbersStored;

    HoldPlace(NodeRows node, Shard shard, long move, HoldRow row, RowUses.Use use) {
        this.node = node;
        this.shard = shard;
        this.move = move;
        this.row = row;
        this.use = use;
        this.numbersStored = row.getWhole() || !row.getCopiedBehind().isEmpty();
    }

    /** Id and range. */
    public Shard shard() {
        return shard;
    }

    public long move() {
        return move;
    }

    /** The key behind which the copy goes on, as of when this was made; empty: from the first key, sessions too. */
    public ByteString copiedBehind() {
        return row.getCopiedBehind();
    }

    /** Whether the copy was whole when this was made: there is nothing to be done but rounds. */
    public boolean isWhole() {
        return row.getWhole();
    }

    /** Of a whole copy: the hold's change number when this was made. */
    public long changeNumber() {
        return row.getChangeNumber();
    }

    /** A place to put rows, on their way into this. Used and closed by one lane, which may block. */
    public HoldImport newImport() {
        return new HoldImport(node, this);
    }

    /** The sessions that were copied here: after the last ingest, before {@link ShardMoves#completeCopy}. May block. */
    public PreparedSessions readSessions() {
        return new PreparedSessions(SessionTable.load(node.engine(), row.getSessionNumber()));
    }

    /**
     * Gives up a place that is recorded nowhere, and deletes what lies there; does nothing for one that is recorded, or that became
     * the hold. May be called again. Blocks as a write to the engine may.
     */
    public void abandon() {
        if (use != null) {
            use.close();
        }
    }

    // ---- the machine's ----

    /** @param range in which the keys lie */
    static HoldRow row(Shard range, long generation, long sessionNumber) {
        return HoldRow.newBuilder()
                .addPieces(PieceRow.newBuilder()
                        .setGeneration(generation)
                        .setStart(range.getStart())
                        .setEnd(range.getEnd()))
                .setSessionNumber(sessionNumber)
                .build();
    }

    HoldRow row() {
        return row;
    }

    RowUses.Use use() {
        return use;
    }

    long generation() {
        return row.getPieces(0).getGeneration();
    }

    long sessionNumber() {
        return row.getSessionNumber();
    }

    List<RowRange> rows() {
        return RowRange.of(row);
    }

    boolean areNumbersStored() {
        return numbersStored;
    }

    void numbersStored() {
        numbersStored = true;
    }
}
