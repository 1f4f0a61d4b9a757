package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.engine.EngineView;

/**
 * The rows and sessions of a shard that moves, or of a hold, as they were at one moment: to be read for as long as it is open,
 * whatever becomes of the shard, the hold or the group meanwhile. It holds back the reclaiming of space. Taken on the applier lane;
 * then read and closed on one other.
 */
public final class ShardCopy implements AutoCloseable {
    private final Shard shard;
    private final long changeNumber;
    private final long bytes;
    private final Pieces pieces;
    private final long sessionNumber;
    private final EngineView view;
    private final RowUses.Use use;
    private boolean open = true;

    /** @param use of all that is read; closed with this */
    ShardCopy(
            Shard shard,
            long changeNumber,
            long bytes,
            Pieces pieces,
            long sessionNumber,
            EngineView view,
            RowUses.Use use) {
        this.shard = shard;
        this.changeNumber = changeNumber;
        this.bytes = bytes;
        this.pieces = pieces;
        this.sessionNumber = sessionNumber;
        this.view = view;
        this.use = use;
    }

    /** Id and range; of a shard also group and epoch at its owner. */
    public Shard shard() {
        return shard;
    }

    /**
     * From which change number rounds must go on for a hold that is a copy of this: of a shard the one at MoveOut, whatever views
     * the copy is made of; of a hold its own.
     */
    public long changeNumber() {
        return changeNumber;
    }

    /** Roughly what the rows take. */
    public long approximateBytes() {
        return bytes;
    }

    /** @param behind the key to go on behind; empty from the first one */
    public CopyCursor rows(ByteString behind) {
        checkOpen();
        ByteString from = behind.isEmpty() ? behind : behind.concat(ByteString.copyFrom(new byte[1]));
        return new CopyCursor(pieces.ascending(from, ByteString.EMPTY, view::ascending));
    }

    public CopyCursor sessions() {
        checkOpen();
        RowRange all = RowRange.all(RowRange.Kind.SESSIONS, sessionNumber);
        return new CopyCursor(view.ascending(all.from(), all.to()));
    }

    private void checkOpen() {
        if (!open) {
            throw new IllegalStateException("the copy of shard " + shard.getId() + " is closed");
        }
    }

    /** After its cursors. May be called again. */
    @Override
    public void close() {
        if (open) {
            open = false;
            view.close();
            use.close();
        }
    }
}
