package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.EngineView;
import io.flotilla.kv.engine.Keys;
import io.flotilla.kv.proto.ShardRow;
import io.flotilla.raft.machine.SnapshotSource;
import java.util.Arrays;
import java.util.List;

/** The snapshot of a group as {@link SnapshotFormat} says, read from a view of the engine. */
final class KvSnapshotSource implements SnapshotSource {
    private enum Stage {
        HEADER,
        SHARDS,
        FENCES,
        SESSIONS,
        CHANGES,
        DATA,
        TRAILER,
        END
    }

    private final long group;
    private final long index;
    private final EngineView view;
    private final RowUses.Use use;
    private final List<ShardRow> shards;
    private final RecordWriter record = new RecordWriter();
    private final ResumedChecksum checksum = new ResumedChecksum();
    private final Keeping keeping;

    private Stage stage = Stage.HEADER;
    private int shard;
    private EngineCursor cursor;
    /** The last row that came from the cursor; null if none did. */
    private byte[] lastKey;

    private long sessions;
    private long rows;
    private long changes;
    /** Where the record lies that is made or comes next. */
    private SnapshotPosition recordAt;

    private boolean open = true;

    /** Makes a snapshot of the same group last. */
    interface Keeping {
        /** Null if it is not worth it. */
        SnapshotSource keep(String name);
    }

    /**
     * @param use of all rows of the shards; closed with this; null if the view keeps them by itself
     * @param shards by ascending id
     * @param keeping see {@link SnapshotSource#keep}
     */
    KvSnapshotSource(long group, long index, EngineView view, RowUses.Use use, List<ShardRow> shards, Keeping keeping) {
        this.group = group;
        this.index = index;
        this.view = view;
        this.use = use;
        this.shards = shards;
        this.keeping = keeping;
    }

    @Override
    public long index() {
        return index;
    }

    @Override
    public SnapshotSource keep(String name) {
        SnapshotSource kept = keeping.keep(name);
        if (kept == null) {
            return this;
        }
        close();
        return kept;
    }

    @Override
    public void seek(byte[] position) {
        checkOpen();
        record.clear();
        closeCursor();
        SnapshotPosition at = SnapshotPosition.decode(position);
        stage = Stage.values()[at.stage(Stage.END.ordinal())];
        shard = at.shard(shards.size());
        sessions = at.sessions();
        rows = at.rows();
        changes = at.changes();
        checksum.resume(at.checksum());
        if (at.lastKey() != null) {
            cursor = stage == Stage.FENCES ? allFences(at.lastKey()) : rowsOf(shards.get(shard), at.lastKey());
            lastKey = at.lastKey();
        }
    }

    /** Where the next record lies; the checksum comes at the end of a part. */
    private SnapshotPosition position() {
        return new SnapshotPosition(stage.ordinal(), shard, sessions, rows, changes, 0, lastKey);
    }

    private void checkOpen() {
        if (!open) {
            throw new IllegalStateException("the snapshot of group " + group + " is closed");
        }
    }

    @Override
    public Chunk next(int maxBytes) {
        checkOpen();
        RecordWriter part = new RecordWriter();
        boolean isFull = false;
        while (!isFull) {
            if (record.size() == 0) {
                recordAt = position();
                if (!advance()) {
                    break;
                }
            }
            isFull = part.size() > 0 && part.size() + record.size() > maxBytes;
            if (!isFull) {
                if (record.array()[0] != SnapshotFormat.TRAILER) {
                    checksum.update(record.array(), 0, record.size());
                }
                part.put(record.array(), 0, record.size());
                record.clear();
            }
        }
        return part.size() == 0
                ? null
                : new Chunk(part.copy(), recordAt.with(checksum.value()).encode());
    }

    /** Makes the next record; false if there is none. */
    private boolean advance() {
        while (stage != Stage.END) {
            if (make()) {
                return true;
            }
        }
        return false;
    }

    private boolean make() {
        switch (stage) {
            case HEADER:
                record.put(SnapshotFormat.HEADER)
                        .putVarint(SnapshotFormat.FORMAT)
                        .putVarint(group)
                        .putVarint(index)
                        .putVarint(shards.size())
                        .putVarint(fences());
                stage = Stage.SHARDS;
                return true;
            case SHARDS:
                if (shard == shards.size()) {
                    enter(Stage.FENCES);
                    return false;
                }
                byte[] row = SnapshotFormat.shared(shards.get(shard++)).toByteArray();
                record.put(SnapshotFormat.SHARD).putVarint(row.length).put(row, 0, row.length);
                return true;
            case FENCES:
                return fence();
            case SESSIONS:
                return session();
            case DATA:
                return data();
            case CHANGES:
                return change();
            default:
                record.put(SnapshotFormat.TRAILER)
                        .putVarint(sessions)
                        .putVarint(changes)
                        .putVarint(rows)
                        .putInt(checksum.value());
                stage = Stage.END;
                return true;
        }
    }

    private void enter(Stage next) {
        stage = next;
        shard = 0;
    }

    /** @param after where to go on, or null */
    private EngineCursor allFences(byte[] after) {
        byte[] prefix = Layout.fencePrefix(group);
        return view.ascending(after == null ? prefix : behind(after), Keys.afterPrefix(prefix));
    }

    /** The least key above this one. */
    private static byte[] behind(byte[] key) {
        return Arrays.copyOf(key, key.length + 1);
    }

    private long fences() {
        long count = 0;
        try (EngineCursor all = allFences(null)) {
            while (all.next()) {
                count++;
            }
        }
        return count;
    }

    private boolean fence() {
        if (cursor == null) {
            cursor = allFences(null);
        }
        if (!cursor.next()) {
            closeCursor();
            enter(Stage.SESSIONS);
            return false;
        }
        lastKey = cursor.key();
        byte[] row = cursor.value();
        record.put(SnapshotFormat.FENCE)
                .putVarint(Layout.shardOf(cursor.key()))
                .putVarint(row.length)
                .put(row, 0, row.length);
        return true;
    }

    private boolean session() {
        if (!nextRow(Stage.CHANGES)) {
            return false;
        }
        byte[] key = cursor.key();
        byte[] value = cursor.value();
        record.put(SnapshotFormat.SESSION)
                .putVarint(shard)
                .put(key, Layout.NUMBER_PREFIX, SnapshotFormat.SESSION_ID_BYTES)
                .putVarint(value.length)
                .put(value, 0, value.length);
        sessions++;
        return true;
    }

    private boolean data() {
        if (!nextRow(Stage.TRAILER)) {
            return false;
        }
        byte[] key = cursor.key();
        byte[] value = cursor.value();
        int length = key.length - Layout.DATA_PREFIX;
        record.put(SnapshotFormat.DATA)
                .putVarint(shard)
                .putVarint(length)
                .put(key, Layout.DATA_PREFIX, length)
                .putVarint(value.length)
                .put(value, 0, value.length);
        rows++;
        return true;
    }

    private boolean change() {
        if (!nextRow(Stage.DATA)) {
            return false;
        }
        byte[] key = cursor.key();
        byte[] value = cursor.value();
        record.put(SnapshotFormat.CHANGE)
                .putVarint(shard)
                .put(key, Layout.NUMBER_PREFIX, SnapshotFormat.CHANGE_ID_BYTES)
                .putVarint(value.length)
                .put(value, 0, value.length);
        changes++;
        return true;
    }

    /** Steps to the next row of the present stage, of the present shard or a later one. */
    private boolean nextRow(Stage after) {
        while (shard < shards.size()) {
            if (cursor == null) {
                cursor = rowsOf(shards.get(shard), null);
            }
            if (cursor.next()) {
                lastKey = cursor.key();
                return true;
            }
            closeCursor();
            shard++;
        }
        enter(after);
        return false;
    }

    /** @param after where to go on, or null */
    private EngineCursor rowsOf(ShardRow row, byte[] after) {
        switch (stage) {
            case SESSIONS:
                return cursorOver(RowRange.all(RowRange.Kind.SESSIONS, row.getSessionNumber()), after);
            case DATA:
                Pieces pieces = Pieces.of(row);
                return after == null
                        ? pieces.all(view::ascending)
                        : pieces.ascending(Layout.userKey(behind(after)), ByteString.EMPTY, view::ascending);
            default:
                // without an index the number is 0, which no node ever draws
                return cursorOver(
                        RowRange.all(RowRange.Kind.CHANGES, row.getChangeIndex().getNumber()), after);
        }
    }

    private EngineCursor cursorOver(RowRange range, byte[] after) {
        return view.ascending(after == null ? range.from() : behind(after), range.to());
    }

    private void closeCursor() {
        lastKey = null;
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
            view.close();
            if (use != null) {
                use.close();
            }
        }
    }
}
