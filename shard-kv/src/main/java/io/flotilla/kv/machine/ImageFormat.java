package io.flotilla.kv.machine;

/**
 * The image of a group on its way to another replica: records one after the other, cut into parts between records.
 * Nothing in it depends on the node that made it. Numbers are varints unless said otherwise.
 *
 * <pre>
 * 1 header   format, group, index of the last entry applied, number of shards
 * 2 shard    length, {@link io.flotilla.kv.proto.ShardRow} without generation; by ascending id
 * 3 session  shard, identity (16 bytes), length, {@link io.flotilla.kv.proto.SessionRow}
 * 4 data     shard, length, key, length, version (8 bytes, big end first) and value
 * 5 trailer  number of sessions, number of data rows, CRC32C (4 bytes, big end first) of all records before it
 * </pre>
 *
 * <p>A row names its shard by its place among the shards. All sessions come before all data; each of the two is in
 * ascending order of shard and key. So the receiver writes its own rows in one ascending run, whatever generations it
 * gives the shards.
 */
final class ImageFormat {
    static final int FORMAT = 1;

    static final byte HEADER = 1;
    static final byte SHARD = 2;
    static final byte SESSION = 3;
    static final byte DATA = 4;
    static final byte TRAILER = 5;

    static final int SESSION_ID_BYTES = 16;
    /** Shards of one group, at most. */
    static final int MAX_SHARDS = 1 << 20;

    private ImageFormat() {}
}
