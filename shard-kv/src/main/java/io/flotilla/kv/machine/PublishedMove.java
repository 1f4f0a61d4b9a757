package io.flotilla.kv.machine;

import io.flotilla.kv.proto.MoveRow;

/** How far a shard of a group here is with its move, as of what was applied last. Written by the applier; read by any thread. */
public final class PublishedMove {
    private final long shard;
    private final MoveRow row;
    private volatile long changeNumber;
    private volatile long indexRows;

    PublishedMove(long shard, MoveRow row, long changeNumber, long indexRows) {
        this.shard = shard;
        this.row = row;
        applied(changeNumber, indexRows);
    }

    void applied(long changeNumber, long indexRows) {
        this.changeNumber = changeNumber;
        this.indexRows = indexRows;
    }

    public long shard() {
        return shard;
    }

    public long move() {
        return row.getMove();
    }

    /** The group that it goes to. */
    public long target() {
        return row.getTarget();
    }

    /** Who led the target when it asked for Freeze; empty if that is not known. */
    public String targetLeader() {
        return row.getTargetLeader();
    }

    public boolean isFrozen() {
        return row.getFrozenAt() != 0;
    }

    /** At MoveOut. */
    public long fromChangeNumber() {
        return row.getFromChangeNumber();
    }

    public long changeNumber() {
        return changeNumber;
    }

    /** Rows of the change index; past {@link #maxIndexRows} the move ends. */
    public long indexRows() {
        return indexRows;
    }

    public long maxIndexRows() {
        return row.getChangeIndexRows();
    }
}
