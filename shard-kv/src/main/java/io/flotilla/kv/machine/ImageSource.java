package io.flotilla.kv.machine;

import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.EngineView;
import io.flotilla.kv.engine.Keys;
import io.flotilla.kv.proto.ShardRow;
import io.flotilla.raft.machine.SnapshotSource;
import java.util.List;
import java.util.zip.CRC32C;

/** The image of a group as {@link ImageFormat} says, read from a view of the engine. */
final class ImageSource implements SnapshotSource {
    private enum Stage {
        HEADER,
        SHARDS,
        FENCES,
        SESSIONS,
        DATA,
        CHANGES,
        TRAILER,
        END
    }

    private final long group;
    private final long index;
    private final EngineView view;
    private final RowUses.Use use;
    private final List<ShardRow> shards;
    private final RecordWriter record = new RecordWriter();
    private final CRC32C checksum = new CRC32C();

    private Stage stage = Stage.HEADER;
    private int shard;
    private EngineCursor cursor;
    private long sessions;
    private long rows;
    private long changes;
    private boolean open = true;

    /**
     * @param use of all rows of the shards; closed with this
     * @param shards by ascending id
     */
    ImageSource(long group, long index, EngineView view, RowUses.Use use, List<ShardRow> shards) {
        this.group = group;
        this.index = index;
        this.view = view;
        this.use = use;
        this.shards = shards;
    }

    @Override
    public long index() {
        return index;
    }

    @Override
    public byte[] next(int maxBytes) {
        if (!open) {
            throw new IllegalStateException("the image of group " + group + " is closed");
        }
        RecordWriter part = new RecordWriter();
        while (record.size() > 0 || advance()) {
            if (part.size() > 0 && part.size() + record.size() > maxBytes) {
                break;
            }
            part.put(record.array(), 0, record.size());
            record.clear();
        }
        return part.size() == 0 ? null : part.copy();
    }

    /** Makes the next record; false if there is none. */
    private boolean advance() {
        while (stage != Stage.END) {
            boolean made = make();
            if (made) {
                if (record.array()[0] != ImageFormat.TRAILER) {
                    checksum.update(record.array(), 0, record.size());
                }
                return true;
            }
        }
        return false;
    }

    private boolean make() {
        switch (stage) {
            case HEADER:
                record.put(ImageFormat.HEADER)
                        .putVarint(ImageFormat.FORMAT)
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
                byte[] row = ImageFormat.shared(shards.get(shard++)).toByteArray();
                record.put(ImageFormat.SHARD).putVarint(row.length).put(row, 0, row.length);
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
                record.put(ImageFormat.TRAILER)
                        .putVarint(sessions)
                        .putVarint(rows)
                        .putVarint(changes)
                        .putInt((int) checksum.getValue());
                stage = Stage.END;
                return true;
        }
    }

    private void enter(Stage next) {
        stage = next;
        shard = 0;
    }

    private EngineCursor allFences() {
        byte[] prefix = Layout.fencePrefix(group);
        return view.ascending(prefix, Keys.afterPrefix(prefix));
    }

    private long fences() {
        long count = 0;
        try (EngineCursor all = allFences()) {
            while (all.next()) {
                count++;
            }
        }
        return count;
    }

    private boolean fence() {
        if (cursor == null) {
            cursor = allFences();
        }
        if (!cursor.next()) {
            closeCursor();
            enter(Stage.SESSIONS);
            return false;
        }
        byte[] row = cursor.value();
        record.put(ImageFormat.FENCE)
                .putVarint(Layout.shardOf(cursor.key()))
                .putVarint(row.length)
                .put(row, 0, row.length);
        return true;
    }

    private boolean session() {
        if (!nextRow(Stage.DATA)) {
            return false;
        }
        byte[] key = cursor.key();
        byte[] value = cursor.value();
        record.put(ImageFormat.SESSION)
                .putVarint(shard)
                .put(key, Layout.NUMBER_PREFIX, ImageFormat.SESSION_ID_BYTES)
                .putVarint(value.length)
                .put(value, 0, value.length);
        sessions++;
        return true;
    }

    private boolean data() {
        if (!nextRow(Stage.CHANGES)) {
            return false;
        }
        byte[] key = cursor.key();
        byte[] value = cursor.value();
        int length = key.length - Layout.DATA_PREFIX;
        record.put(ImageFormat.DATA)
                .putVarint(shard)
                .putVarint(length)
                .put(key, Layout.DATA_PREFIX, length)
                .putVarint(value.length)
                .put(value, 0, value.length);
        rows++;
        return true;
    }

    private boolean change() {
        if (!nextRow(Stage.TRAILER)) {
            return false;
        }
        byte[] key = cursor.key();
        byte[] value = cursor.value();
        record.put(ImageFormat.CHANGE)
                .putVarint(shard)
                .put(key, Layout.NUMBER_PREFIX, ImageFormat.CHANGE_ID_BYTES)
                .putVarint(value.length)
                .put(value, 0, value.length);
        changes++;
        return true;
    }

    /** Steps to the next row of the present stage, of the present shard or a later one. */
    private boolean nextRow(Stage after) {
        while (shard < shards.size()) {
            if (cursor == null) {
                cursor = rowsOf(shards.get(shard));
            }
            if (cursor.next()) {
                return true;
            }
            closeCursor();
            shard++;
        }
        enter(after);
        return false;
    }

    private EngineCursor rowsOf(ShardRow row) {
        switch (stage) {
            case SESSIONS:
                return cursorOver(RowRange.all(RowRange.Kind.SESSIONS, row.getSessionNumber()));
            case DATA:
                return Pieces.of(row).all(view::ascending);
            default:
                // without an index the number is 0, which no node ever draws
                return cursorOver(
                        RowRange.all(RowRange.Kind.CHANGES, row.getChangeIndex().getNumber()));
        }
    }

    private EngineCursor cursorOver(RowRange range) {
        return view.ascending(range.from(), range.to());
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
            view.close();
            use.close();
        }
    }
}
