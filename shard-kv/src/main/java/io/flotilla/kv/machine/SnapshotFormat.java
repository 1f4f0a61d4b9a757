package io.flotilla.kv.machine;

import io.flotilla.kv.proto.ShardRow;

/**
 * The snapshot of a group on its way to another replica: records one after the other, cut into parts between records.
 * Nothing in it depends on the node that made it. Numbers are varints unless said otherwise.
 *
 * <pre>
 * 1 header   format, group, index of the last entry applied, number of shards, number of fences
 * 2 shard    length, {@link io.flotilla.kv.proto.ShardRow} without what is one node's alone; by ascending id
 * 3 fence    shard id, length, {@link io.flotilla.kv.proto.FenceRow}; by ascending id
 * 4 session  shard, identity (16 bytes), length, {@link io.flotilla.kv.proto.SessionRow}
 * 5 change   shard, change number and n (8 bytes each, big end first), length, what changed as in the engine's row
 * 6 data     shard, length, key, length, version (8 bytes, big end first) and value
 * 7 trailer  number of sessions, of changes and of data rows, CRC32C (4 bytes, big end first) of all records before it
 * </pre>
 *
 * <p>A row names its shard by its place among the shards. All sessions come before all changes, and these before all data; each
 * kind is in ascending order of shard and key. So the receiver writes its own rows in one ascending run, whatever numbers it
 * gives the shards.
 */
final class SnapshotFormat {
    static final int FORMAT = 3;

    static final byte HEADER = 1;
    static final byte SHARD = 2;
    static final byte FENCE = 3;
    static final byte SESSION = 4;
    static final byte CHANGE = 5;
    static final byte DATA = 6;
    static final byte TRAILER = 7;

    static final int SESSION_ID_BYTES = 16;
    /** Shards of one group, at most. */
    static final int MAX_SHARDS = 1 << 20;
    /** Shard ids that a group ever had, at most. */
    static final int MAX_FENCES = 1 << 24;
    /** Change number and n. */
    static final int CHANGE_ID_BYTES = 16;

    /** The row of a shard without what is one node's alone: where its rows lie. */
    static ShardRow shared(ShardRow row) {
        ShardRow.Builder shared = row.toBuilder().clearPieces().clearSessionNumber();
        if (shared.hasChangeIndex()) {
            shared.getChangeIndexBuilder().clearNumber();
        }
        return shared.build();
    }

    private SnapshotFormat() {}
}
