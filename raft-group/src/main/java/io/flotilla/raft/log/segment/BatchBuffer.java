package io.flotilla.raft.log.segment;

import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.SnapshotBase;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.log.Tombstone;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** Encodes one batch after the other into the same memory. Owned by the log writer's lane. */
final class BatchBuffer {
    private static final int INITIAL = 256 << 10;
    /** A buffer that one large batch made larger than this is not kept. */
    private static final int KEPT = 8 << 20;

    private static final int LIMIT = 1 << 30;

    private ByteBuffer buffer = ByteBuffer.allocate(INITIAL);
    private int records;
    private int[] entryOffsets = new int[256];
    private int entries;

    void clear() {
        if (buffer.capacity() > KEPT) {
            buffer = ByteBuffer.allocate(INITIAL);
        }
        buffer.clear().position(SegmentFormat.BATCH_HEADER);
        records = 0;
        entries = 0;
    }

    /** @param last the last index in the group's log after this record */
    void state(GroupState state, long last, long record) {
        reserve(RecordFormat.stateBytes(state));
        RecordFormat.putState(buffer, state, last, record);
    }

    void hardState(long groupId, HardState hardState, long record) {
        reserve(RecordFormat.hardStateBytes(hardState));
        RecordFormat.putHardState(buffer, groupId, hardState, record);
    }

    /** @param last the last index in the group's log after this record */
    void base(long groupId, EntryId base, long last, Membership membership, long record) {
        reserve(RecordFormat.baseBytes(membership));
        RecordFormat.putBase(buffer, groupId, base, last, membership, record);
    }

    void snapshot(long groupId, SnapshotBase snapshot, long record) {
        reserve(RecordFormat.snapshotBytes(snapshot));
        RecordFormat.putSnapshot(buffer, groupId, snapshot, record);
    }

    void tombstone(Tombstone tombstone, long record) {
        reserve(RecordFormat.TOMBSTONE_BYTES);
        RecordFormat.putTombstone(buffer, tombstone, record);
    }

    void entry(long groupId, Entry entry, long record) {
        reserve(RecordFormat.entryBytes(entry));
        if (entries == entryOffsets.length) {
            entryOffsets = Arrays.copyOf(entryOffsets, entries * 2);
        }
        entryOffsets[entries++] = buffer.position();
        RecordFormat.putEntry(buffer, groupId, entry, record);
    }

    int records() {
        return records;
    }

    int entries() {
        return entries;
    }

    /** Where in the batch the n-th entry's record begins. */
    int entryOffset(int n) {
        return entryOffsets[n];
    }

    /** The batch's length in the file. */
    int length() {
        return (int) SegmentFormat.align(buffer.position(), SegmentFormat.ALIGNMENT);
    }

    /** Completes the batch; the answer is valid until {@link #clear}. */
    ByteBuffer seal(long storeId, int segment, long number, long synced) {
        int end = buffer.position();
        int length = length();
        SegmentFormat.sealBatchHeader(
                buffer.array(), end - SegmentFormat.BATCH_HEADER, records, storeId, segment, number, synced);
        Arrays.fill(buffer.array(), end, length, (byte) 0);
        return ByteBuffer.wrap(buffer.array(), 0, length);
    }

    /** Makes room for a record and the batch's padding. */
    private void reserve(int bytes) {
        long needed = (long) buffer.position() + bytes + SegmentFormat.ALIGNMENT;
        if (needed > LIMIT) {
            throw new IllegalArgumentException("a batch of more than 1 GiB: write less at once");
        }
        if (needed > buffer.capacity()) {
            int capacity = (int) Math.min(LIMIT, Math.max(needed, buffer.capacity() * 2L));
            buffer = ByteBuffer.allocate(capacity).put(buffer.flip());
        }
        records++;
    }
}
