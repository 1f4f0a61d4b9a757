package io.flotilla.kv.move.copy;

import io.flotilla.raft.transport.TransferId;
import java.nio.ByteBuffer;

/**
 * The id of a transfer of a shard's copy.
 *
 * @param isOfHold whether it is asked of a replica of the target, out of its hold; else of a replica of the owner
 * @param group that is asked
 * @param attempt a number that the receiver drew for this attempt: parts of an earlier one are told apart
 */
record CopyId(boolean isOfHold, long group, long shard, long move, long attempt) {
    /** The first byte of the ids of transfers of shards' copies. */
    static final int KIND = 2;

    private static final int BYTES = 2 + 4 * Long.BYTES;

    TransferId toTransfer() {
        return TransferId.of(ByteBuffer.allocate(BYTES)
                .put((byte) KIND)
                .put((byte) (isOfHold ? 1 : 0))
                .putLong(group)
                .putLong(shard)
                .putLong(move)
                .putLong(attempt)
                .array());
    }

    /** @throws IllegalArgumentException if it is no such id */
    static CopyId of(TransferId id) {
        ByteBuffer in = ByteBuffer.wrap(id.bytes());
        if (in.remaining() != BYTES || in.get() != KIND) {
            throw new IllegalArgumentException("it is no id of the copy of a shard");
        }
        return new CopyId(in.get() == 1, in.getLong(), in.getLong(), in.getLong(), in.getLong());
    }
}
