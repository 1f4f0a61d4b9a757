package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.engine.EngineImport;
import io.flotilla.kv.engine.Keys;
import io.flotilla.kv.engine.KvEngine;
import io.flotilla.kv.proto.SessionRow;
import io.flotilla.kv.proto.ShardRow;
import io.flotilla.raft.machine.SnapshotSink;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Takes an image as {@link ImageFormat} says, and writes its rows into an import under fresh generations. Nothing of it
 * is believed that could harm: a record out of order, a row outside its shard, a length that does not fit end it.
 */
final class ImageSink implements SnapshotSink {
    private final long group;
    private final Generations generations;
    private final EngineImport rows;
    private final CRC32C checksum = new CRC32C();

    private boolean started;
    private boolean whole;
    private boolean failed;
    private long index;
    private int shardCount;
    private final List<ShardRow> shards = new ArrayList<>();
    private long firstGeneration;

    /** The kind, shard and key of the last row. */
    private byte lastKind = ImageFormat.SHARD;

    private int lastShard;
    private byte[] lastKey = new byte[0];
    private long sessionCount;
    private long dataCount;

    ImageSink(long group, KvEngine engine, Generations generations) {
        this.group = group;
        this.generations = generations;
        this.rows = engine.newImport();
    }

    @Override
    public void accept(byte[] part) {
        if (failed) {
            throw new IllegalArgumentException("an earlier part of the image made no sense");
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
                    "the image of group " + group + " makes no sense at byte " + reader.position() + " of a part: "
                            + e.getMessage(),
                    e);
        }
        failed = false;
    }

    /** @return true for the trailer */
    private boolean record(RecordReader reader) {
        byte kind = reader.get();
        require(!whole, "there is something after its end");
        require(started == (kind != ImageFormat.HEADER), started ? "it has two headers" : "it begins without a header");
        require(kind <= ImageFormat.SHARD || shards.size() == shardCount, "it has fewer shards than its header says");
        switch (kind) {
            case ImageFormat.HEADER:
                header(reader);
                break;
            case ImageFormat.SHARD:
                shard(reader);
                break;
            case ImageFormat.SESSION:
                session(reader);
                break;
            case ImageFormat.DATA:
                data(reader);
                break;
            case ImageFormat.TRAILER:
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
                format == ImageFormat.FORMAT,
                "it has format " + format + ", this version knows only " + ImageFormat.FORMAT
                        + ": let all nodes run the same version");
        long of = reader.getVarint();
        require(of == group, "it is of group " + of);
        index = reader.getVarint();
        require(index > 0, "its index is " + index);
        shardCount = reader.getVarint("the number of shards", ImageFormat.MAX_SHARDS);
        started = true;
        if (shardCount == 0) {
            beginRows();
        }
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
        require(row.getGeneration() == 0, "shard " + shard.getId() + " has a generation");
        require(
                shards.isEmpty() || shards.get(shards.size() - 1).getShard().getId() < shard.getId(),
                "shard " + shard.getId() + " is out of order");
        shards.add(row);
        if (shards.size() == shardCount) {
            beginRows();
        }
    }

    /** The fresh generations, and the memory of their numbers. */
    private void beginRows() {
        firstGeneration = generations.reserve(shardCount);
        for (int i = 0; i < shardCount; i++) {
            rows.put(Layout.generationKey(firstGeneration + i), new byte[0]);
        }
    }

    private void session(RecordReader reader) {
        int shard = reader.getVarint("the place of a shard", shardCount - 1);
        byte[] id = reader.get(ImageFormat.SESSION_ID_BYTES);
        follows(ImageFormat.SESSION, shard, id);
        byte[] value = reader.get(reader.getVarint("the length of a session's row", Integer.MAX_VALUE));
        try {
            SessionRow.parseFrom(value);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException("a session's row is unreadable", e);
        }
        rows.put(Layout.sessionKey(firstGeneration + shard, id), value);
        sessionCount++;
    }

    private void data(RecordReader reader) {
        int shard = reader.getVarint("the place of a shard", shardCount - 1);
        byte[] key = reader.get(reader.getVarint("the length of a key", Rules.MAX_KEY_BYTES));
        follows(ImageFormat.DATA, shard, key);
        byte[] value =
                reader.get(reader.getVarint("the length of a value", Rules.MAX_VALUE_BYTES + Layout.VERSION_BYTES));
        ShardRow owner = shards.get(shard);
        ByteString userKey = ByteString.copyFrom(key);
        require(
                !userKey.isEmpty() && EpochGuard.covers(owner.getShard(), userKey),
                "a key lies outside shard " + owner.getShard().getId());
        require(value.length >= Layout.VERSION_BYTES, "a value has no version");
        require(
                Layout.number(value) <= owner.getLastVersion(),
                "a key's version is above the last one of shard "
                        + owner.getShard().getId());
        rows.put(Layout.dataKey(firstGeneration + shard, userKey), value);
        dataCount++;
    }

    private void follows(byte kind, int shard, byte[] key) {
        if (kind == lastKind) {
            require(shard > lastShard || shard == lastShard && Keys.compare(lastKey, key) < 0, "a row is out of order");
        } else {
            require(kind > lastKind, "a session comes after data");
            rows.cut();
        }
        lastKind = kind;
        lastShard = shard;
        lastKey = key;
    }

    private void trailer(RecordReader reader) {
        long sessions = reader.getVarint();
        long data = reader.getVarint();
        require(
                sessions == sessionCount && data == dataCount,
                "it should have " + sessions + " sessions and " + data + " rows, it has " + sessionCount + " and "
                        + dataCount);
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
            throw new IllegalArgumentException("the image of group " + group + " is not whole");
        }
        rows.finish();
    }

    long group() {
        return group;
    }

    /** The index of the last entry in the image. */
    long index() {
        return index;
    }

    /** For {@link KvEngine#ingest}, after {@link #finish}. */
    EngineImport rows() {
        return rows;
    }

    /** The shards with their generations in this engine. */
    List<ShardRow> shards() {
        List<ShardRow> placed = new ArrayList<>(shards.size());
        for (int i = 0; i < shards.size(); i++) {
            placed.add(
                    shards.get(i).toBuilder().setGeneration(firstGeneration + i).build());
        }
        return placed;
    }

    @Override
    public void close() {
        rows.close();
    }
}
