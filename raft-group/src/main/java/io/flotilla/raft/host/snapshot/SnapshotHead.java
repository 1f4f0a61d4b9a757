package io.flotilla.raft.host.snapshot;

import io.flotilla.raft.core.SnapshotBase;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.MembershipCodec;
import io.flotilla.raft.transport.TransferId;
import java.nio.ByteBuffer;

/**
 * What Raft must know of a snapshot: the first part of its transfer.
 *
 * @param term the sender's when the snapshot was taken
 * @param base the last entry in the snapshot, and the group's membership there
 */
record SnapshotHead(long term, SnapshotBase base) {
    /** The first byte of the ids of transfers of snapshots. */
    static final int KIND = 1;

    private static final byte VERSION = 1;
    private static final int ID_BYTES = 1 + 2 * Long.BYTES;
    private static final int FIXED_BYTES = 1 + 3 * Long.BYTES;

    /** The id of a snapshot of a group. @param number never used again by anybody */
    static TransferId id(long groupId, long number) {
        return TransferId.of(ByteBuffer.allocate(ID_BYTES)
                .put((byte) KIND)
                .putLong(groupId)
                .putLong(number)
                .array());
    }

    /** @return -1 if it is no such id */
    static long groupOf(TransferId id) {
        byte[] bytes = id.bytes();
        return bytes.length == ID_BYTES ? ByteBuffer.wrap(bytes).getLong(1) : -1;
    }

    byte[] encode() {
        byte[] membership = MembershipCodec.encode(base.membership());
        return ByteBuffer.allocate(FIXED_BYTES + membership.length)
                .put(VERSION)
                .putLong(term)
                .putLong(base.last().term())
                .putLong(base.last().index())
                .put(membership)
                .array();
    }

    /** @throws IllegalArgumentException if it makes no sense */
    static SnapshotHead decode(byte[] bytes) {
        if (bytes.length < FIXED_BYTES || bytes[0] != VERSION) {
            throw new IllegalArgumentException("it does not begin as a snapshot that this version knows");
        }
        ByteBuffer in = ByteBuffer.wrap(bytes, 1, bytes.length - 1);
        long term = in.getLong();
        EntryId last = new EntryId(in.getLong(), in.getLong());
        byte[] membership = new byte[in.remaining()];
        in.get(membership);
        return new SnapshotHead(term, new SnapshotBase(last, MembershipCodec.decode(membership)));
    }
}
