package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.engine.EngineImport;
import io.flotilla.kv.engine.Keys;
import io.flotilla.kv.engine.KvEngine;
import io.flotilla.kv.proto.FenceRow;
import io.flotilla.kv.proto.SessionRow;
import io.flotilla.kv.proto.ShardRow;
import io.flotilla.raft.machine.SnapshotSink;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/**
 * Takes a snapshot as {@link SnapshotFormat} says, and writes its rows into an import under fresh numbers. Nothing of it is
 * believed that could harm: a record out of order, a row outside its shard, a length that does not fit end it.
 */
final class KvSnapshotSink implements SnapshotSink {
    private final long group;
    private final Numbers numbers;
    private final EngineImport rows;
    private final CRC32C checksum = new CRC32C();

    private boolean started;
    private boolean whole;
    private boolean failed;
    private long index;
    private int shardCount;
    private int fenceCount;
    /** With their places in this engine once all have come. */
    private List<ShardRow> shards = new ArrayList<>();

    private final SortedMap<Long, FenceRow> fences = new TreeMap<>();

    /** The kind and the engine's key of the last row. */
    private byte lastKind = SnapshotFormat.FENCE;

    private byte[] lastKey = new byte[0];
    private long sessionCount;
    private long dataCount;
    private long changeCount;

    KvSnapshotSink(long group, KvEngine engine, Numbers numbers) {
        this.group = group;
        this.numbers = numbers;
        this.rows = engine.newImport();
    }

    @Override
    public void accept(byte[] part) {
        if (failed) {
            throw new IllegalArgumentException("an earlier part of the snapshot made no sense");
        }
        failed = true;
        RecordReader reader = new RecordReader(part);
        try {
            while (reader.hasMore()) {
                int start = reader.position();
                boolean trailer = record(reader);
                if (!trailer) {
                    checksum.update(part, start, reader.position() - start);
                }
            }
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "the snapshot of group " + group + " makes no sense at byte " + reader.position() + " of a part: "
                            + e.getMessage(),
                    e);
        }
        failed = false;
    }

    /** @return true for the trailer */
    private boolean record(RecordReader reader) {
        byte kind = reader.get();
        require(!whole, "there is something after its end");
        require(
                started == (kind != SnapshotFormat.HEADER),
                started ? "it has two headers" : "it begins without a header");
        require(
                kind <= SnapshotFormat.SHARD || shards.size() == shardCount,
                "it has fewer shards than its header says");
        require(
                kind <= SnapshotFormat.FENCE || fences.size() == fenceCount,
                "it has fewer fences than its header says");
        switch (kind) {
            case SnapshotFormat.HEADER:
                header(reader);
                break;
            case SnapshotFormat.SHARD:
                shard(reader);
                break;
            case SnapshotFormat.FENCE:
                fence(reader);
                break;
            case SnapshotFormat.SESSION:
                session(reader);
                break;
            case SnapshotFormat.DATA:
                data(reader);
                break;
            case SnapshotFormat.CHANGE:
                change(reader);
                break;
            case SnapshotFormat.TRAILER:
                trailer(reader);
                return true;
            default:
                throw new IllegalArgumentException("there is no record of kind " + kind);
        }
        return false;
    }

    private void header(RecordReader reader) {
        long format = reader.getVarint();
        require(
                format == SnapshotFormat.FORMAT,
                "it has format " + format + ", this version knows only " + SnapshotFormat.FORMAT
                        + ": let all nodes run the same version");
        long of = reader.getVarint();
        require(of == group, "it is of group " + of);
        index = reader.getVarint();
        require(index > 0, "its index is " + index);
        shardCount = reader.getVarint("the number of shards", SnapshotFormat.MAX_SHARDS);
        fenceCount = reader.getVarint("the number of fences", SnapshotFormat.MAX_FENCES);
        started = true;
    }

    private void shard(RecordReader reader) {
        require(shards.size() < shardCount, "it has more shards than its header says");
        ShardRow row;
        try {
            row = ShardRow.parseFrom(reader.get(reader.getVarint("the length of a shard's row", Integer.MAX_VALUE)));
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException("a shard's row is unreadable", e);
        }
        Shard shard = row.getShard();
        require(shard.getGroup() == group, "shard " + shard.getId() + " is of group " + shard.getGroup());
        require(
                row.hasMove() == row.hasChangeIndex()
                        && row.getMove().getMove() == row.getChangeIndex().getMove(),
                "shard " + shard.getId() + " has a move without its change index, or the other way round");
        require(
                row.equals(SnapshotFormat.shared(row)),
                "shard " + shard.getId() + " says where its rows lie on another node");
        require(
                shards.isEmpty() || shards.get(shards.size() - 1).getShard().getId() < shard.getId(),
                "shard " + shard.getId() + " is out of order");
        shards.add(row);
        if (shards.size() == shardCount) {
            place();
        }
    }

    /** Gives all shards places under fresh numbers, with the memory of the numbers. */
    private void place() {
        int indexes = (int) shards.stream().filter(ShardRow::hasChangeIndex).count();
        long first = numbers.reserve(2 * shardCount + indexes);
        long index = first + 2L * shardCount;
        List<ShardRow> placed = new ArrayList<>(shardCount);
        for (int i = 0; i < shardCount; i++) {
            ShardRow.Builder row = KvMachines.place(shards.get(i), first + i, first + shardCount + i);
            if (row.hasChangeIndex()) {
                row.getChangeIndexBuilder().setNumber(index++);
            }
            placed.add(row.build());
        }
        for (long number = first; number < index; number++) {
            rows.put(Layout.numberKey(number), new byte[0]);
        }
        shards = placed;
    }

    private void fence(RecordReader reader) {
        require(fences.size() < fenceCount, "it has more fences than its header says");
        long shard = reader.getVarint();
        byte[] row = reader.get(reader.getVarint("the length of a fence's row", Integer.MAX_VALUE));
        require(fences.isEmpty() || fences.lastKey() < shard, "the fence of shard " + shard + " is out of order");
        try {
            fences.put(shard, FenceRow.parseFrom(row));
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException("a fence's row is unreadable", e);
        }
    }

    private void session(RecordReader reader) {
        ShardRow shard = owner(reader);
        byte[] id = reader.get(SnapshotFormat.SESSION_ID_BYTES);
        byte[] value = reader.get(reader.getVarint("the length of a session's row", Integer.MAX_VALUE));
        try {
            SessionRow.parseFrom(value);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException("a session's row is unreadable", e);
        }
        add(SnapshotFormat.SESSION, Layout.join(Layout.sessionPrefix(shard.getSessionNumber()), id), value);
        sessionCount++;
    }

    private void data(RecordReader reader) {
        ShardRow owner = owner(reader);
        byte[] key = reader.get(reader.getVarint("the length of a key", Rules.MAX_KEY_BYTES));
        byte[] value =
                reader.get(reader.getVarint("the length of a value", Rules.MAX_VALUE_BYTES + Layout.VERSION_BYTES));
        ByteString userKey = UnsafeByteOperations.unsafeWrap(key);
        // no text is made for a row that is right: there are a million in a GiB
        if (userKey.isEmpty() || !EpochGuard.covers(owner.getShard(), userKey)) {
            throw new IllegalArgumentException(
                    "a key lies outside shard " + owner.getShard().getId());
        }
        require(value.length >= Layout.VERSION_BYTES, "a value has no version");
        if (Layout.number(value) > owner.getLastVersion()) {
            throw new IllegalArgumentException("a key's version is above the last one of shard "
                    + owner.getShard().getId());
        }
        add(SnapshotFormat.DATA, Layout.dataKey(owner.getPieces(0).getGeneration(), userKey), value);
        dataCount++;
    }

    private void change(RecordReader reader) {
        ShardRow owner = owner(reader);
        byte[] id = reader.get(SnapshotFormat.CHANGE_ID_BYTES);
        byte[] value =
                reader.get(reader.getVarint("the length of a change", Layout.CHANGED_KEY_PREFIX + Rules.MAX_KEY_BYTES));
        if (!owner.hasChangeIndex()) {
            throw new IllegalArgumentException(
                    "there are changes of shard " + owner.getShard().getId() + ", which is not moving");
        }
        require(
                value.length > 0
                        && (value[0] == Layout.CHANGED_KEY
                                ? value.length > Layout.CHANGED_KEY_PREFIX
                                : value[0] == Layout.CHANGED_SESSION
                                        && value.length == 1 + SnapshotFormat.SESSION_ID_BYTES),
                "a change is of neither a key nor a session");
        add(
                SnapshotFormat.CHANGE,
                Layout.join(Layout.changePrefix(owner.getChangeIndex().getNumber()), id),
                value);
        changeCount++;
    }

    private ShardRow owner(RecordReader reader) {
        return shards.get(reader.getVarint("the place of a shard", shardCount - 1));
    }

    /** The numbers grow with the shards' places: rows in order have keys in order. */
    private void add(byte kind, byte[] key, byte[] value) {
        if (kind == lastKind) {
            require(Keys.compare(lastKey, key) < 0, "a row is out of order");
        } else {
            require(kind > lastKind, "sessions, changes and data are out of order");
            rows.cut();
        }
        lastKind = kind;
        lastKey = key;
        rows.put(key, value);
    }

    private void trailer(RecordReader reader) {
        long sessions = reader.getVarint();
        long changes = reader.getVarint();
        long data = reader.getVarint();
        require(
                sessions == sessionCount && data == dataCount && changes == changeCount,
                "it should have " + sessions + " sessions, " + data + " rows and " + changes + " changes, it has "
                        + sessionCount + ", " + dataCount + " and " + changeCount);
        require(reader.getInt() == (int) checksum.getValue(), "it fails its checksum");
        whole = true;
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new IllegalArgumentException(otherwise);
        }
    }

    @Override
    public void finish() {
        if (failed || !whole) {
            throw new IllegalArgumentException("the snapshot of group " + group + " is not whole");
        }
        rows.finish();
    }

    long group() {
        return group;
    }

    /** The index of the last entry in the snapshot. */
    long index() {
        return index;
    }

    /** For {@link KvEngine#ingest}, after {@link #finish}. */
    EngineImport rows() {
        return rows;
    }

    /** The shards with their places in this engine. */
    List<ShardRow> shards() {
        return shards;
    }

    /** By shard id. */
    SortedMap<Long, FenceRow> fences() {
        return fences;
    }

    @Override
    public void close() {
        rows.close();
    }
}
