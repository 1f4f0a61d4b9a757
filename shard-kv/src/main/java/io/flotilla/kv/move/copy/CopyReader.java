package io.flotilla.kv.move.copy;

import com.google.protobuf.ByteString;
import io.flotilla.kv.machine.CopyCursor;
import io.flotilla.kv.machine.RecordWriter;
import io.flotilla.kv.machine.ShardCopy;
import io.flotilla.raft.transfer.TransferSource;
import java.util.Arrays;

/** Reads a shard, or a hold, as {@link CopyFormat} says. Belongs to the transfer lane. */
final class CopyReader implements TransferSource {
    private final ShardCopy copy;
    private final long view;
    private final Runnable closed;
    private final RecordWriter part = new RecordWriter();
    private final RecordWriter record = new RecordWriter();

    /** Behind what was put into parts. */
    private CopyPosition at = CopyPosition.BEGINNING;
    /** Whether the sessions are behind {@link #cursor}. */
    private boolean isAtRows;
    /** Null before the first session, and before the first row. */
    private CopyCursor cursor;
    /** Behind the row in {@link #record}. */
    private CopyPosition behindRecord;

    private boolean open = true;

    /**
     * @param copy closed with this
     * @param view {@link CopyFormat#ANY_VIEW}, or a number that no other view has
     * @param closed runs once when this is closed
     */
    CopyReader(ShardCopy copy, long view, Runnable closed) {
        this.copy = copy;
        this.view = view;
        this.closed = closed;
    }

    @Override
    public void seek(byte[] position) {
        checkOpen();
        CopyPosition to = CopyPosition.decode(position);
        closeCursor();
        record.clear();
        at = to;
        isAtRows = to.stage() == CopyPosition.Stage.ROWS;
    }

    private void checkOpen() {
        if (!open) {
            throw new IllegalStateException("the copy of shard " + copy.shard().getId() + " is closed");
        }
    }

    @Override
    public Chunk next(int maxBytes) {
        checkOpen();
        if (at.isEnd()) {
            return null;
        }
        byte[] begin = at.encode();
        part.clear();
        part.putVarint(CopyFormat.FORMAT)
                .putVarint(view)
                .putVarint(copy.changeNumber())
                .putVarint(begin.length)
                .put(begin, 0, begin.length);
        int head = part.size();
        while (record.size() > 0 || makeRecord()) {
            if (part.size() > head && part.size() + record.size() > maxBytes) {
                return chunk();
            }
            part.put(record.array(), 0, record.size());
            record.clear();
            at = behindRecord;
        }
        part.put(CopyFormat.END);
        at = CopyPosition.END;
        return chunk();
    }

    private Chunk chunk() {
        return new Chunk(part.copy(), at.encode());
    }

    /** False behind the last row. */
    private boolean makeRecord() {
        if (!isAtRows) {
            if (nextSession()) {
                byte[] identity = cursor.key().toByteArray();
                byte[] row = cursor.value();
                record.put(CopyFormat.SESSION)
                        .put(identity, 0, identity.length)
                        .putVarint(row.length)
                        .put(row, 0, row.length);
                behindRecord = CopyPosition.behindSession(identity);
                return true;
            }
            closeCursor();
            isAtRows = true;
        }
        if (cursor == null) {
            cursor = copy.rows(
                    at.stage() == CopyPosition.Stage.ROWS ? ByteString.copyFrom(at.lastKey()) : ByteString.EMPTY);
        }
        if (!cursor.next()) {
            closeCursor();
            return false;
        }
        byte[] key = cursor.key().toByteArray();
        byte[] row = cursor.value();
        record.put(CopyFormat.ROW)
                .putVarint(key.length)
                .put(key, 0, key.length)
                .putVarint(row.length)
                .put(row, 0, row.length);
        behindRecord = CopyPosition.behindRow(key);
        return true;
    }

    private boolean nextSession() {
        if (cursor != null) {
            return cursor.next();
        }
        cursor = copy.sessions();
        boolean found = cursor.next();
        while (found && Arrays.compareUnsigned(cursor.key().toByteArray(), at.lastKey()) <= 0) {
            found = cursor.next();
        }
        return found;
    }

    private void closeCursor() {
        if (cursor != null) {
            cursor.close();
            cursor = null;
        }
    }

    @Override
    public void close() {
        if (open) {
            open = false;
            closeCursor();
            copy.close();
            closed.run();
        }
    }
}
