package io.flotilla.raft.log.segment;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipEntry;
import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.RecoveredGroup;
import io.flotilla.raft.log.Tombstone;
import java.util.List;

/**
 * What is durable of one group, and where it lies. Changed by the log writer's lane alone, which may therefore read
 * without the monitor; any lane may ask for places. Every change holds this object's monitor for a short copy and no
 * I/O, so a reader sees each durable batch whole or not at all.
 */
final class GroupLog {
    private final long id;
    /** Null once the replica was dropped. */
    private GroupState state;
    /** Of a dropped replica; null while there is one. */
    private Tombstone tombstone;
    /** Where the newest record with the whole state lies; smaller records that changed it since lie behind it. */
    private int stateSegment;

    private long lastRecord;
    private final EntryIndex entries;

    /** The batch being encoded, and the last record number given out for it. Of the log writer's lane. */
    private long batch;

    private long nextRecord;
    /** The last batch that the group's own write was for. */
    private long claimed;

    private GroupLog(Tombstone tombstone, int stateSegment, long lastRecord) {
        this.id = tombstone.groupId();
        this.tombstone = tombstone;
        this.stateSegment = stateSegment;
        this.lastRecord = lastRecord;
        this.entries = new EntryIndex(0);
    }

    GroupLog(GroupState state, int stateSegment, long lastRecord, EntryIndex entries) {
        this.id = state.descriptor().groupId();
        this.state = state;
        this.stateSegment = stateSegment;
        this.lastRecord = lastRecord;
        this.entries = entries;
    }

    /** A group that no batch names yet. */
    static GroupLog created(GroupState state) {
        return new GroupLog(state, Integer.MAX_VALUE, 0, new EntryIndex(0));
    }

    /** A group whose replica was dropped. */
    static GroupLog dropped(Tombstone tombstone, int segment, long lastRecord) {
        return new GroupLog(tombstone, segment, lastRecord);
    }

    /** A group that was dropped before it was created, and that no batch names yet. */
    static GroupLog neverCreated(Tombstone tombstone) {
        return new GroupLog(tombstone, Integer.MAX_VALUE, 0);
    }

    long id() {
        return id;
    }

    // --- the log writer's lane: asking ---

    GroupState state() {
        return state;
    }

    Tombstone tombstone() {
        return tombstone;
    }

    EntryId base() {
        return state == null ? EntryId.ZERO : state.base();
    }

    long lastIndex() {
        return entries.last();
    }

    long bytes() {
        return entries.bytes();
    }

    /** Whether this is the base, or an entry that the log holds. */
    boolean holds(EntryId entry) {
        if (entry.index() <= base().index()) {
            return entry.equals(base());
        }
        return entry.index() <= entries.last() && entries.termOf(entry.index()) == entry.term();
    }

    /** The first segment with something that is needed of this group. */
    int oldestSegment() {
        return Math.min(stateSegment, entries.firstSegment());
    }

    boolean hasStateUpTo(int segment) {
        return stateSegment <= segment;
    }

    boolean hasEntriesUpTo(int segment) {
        return entries.firstSegment() <= segment;
    }

    /** What holds these segments, or null if no entry does. */
    LogStore.Pin pin(int segment) {
        return hasEntriesUpTo(segment) ? new LogStore.Pin(id, entries.lastUpTo(segment)) : null;
    }

    // --- the log writer's lane: numbering the records of a batch ---

    long nextRecord(long batchNumber) {
        if (batch != batchNumber) {
            batch = batchNumber;
            nextRecord = lastRecord;
        }
        return ++nextRecord;
    }

    /** Whether this is the group's first write for that batch. */
    boolean claim(long batchNumber) {
        boolean first = claimed != batchNumber;
        claimed = batchNumber;
        return first;
    }

    // --- the log writer's lane: a batch is durable ---

    /** The state was written once more. */
    synchronized void stateMoved(int segment) {
        stateSegment = segment;
        lastRecord++;
    }

    /**
     * State and entries were written once more; the offsets are those of the batch's entries from {@code n} on.
     *
     * @return the number of entries
     */
    synchronized int allMoved(int segment, long batchStart, BatchBuffer encoded, int n) {
        stateMoved(segment);
        int count = (int) (entries.last() - entries.start());
        for (int i = 0; i < count; i++) {
            entries.move(i, segment, (int) (batchStart + encoded.entryOffset(n + i)));
        }
        lastRecord += count;
        return count;
    }

    /** A group's write; its entries' offsets are those of the batch from {@code n} on. */
    synchronized void written(GroupWrite write, int segment, long batchStart, BatchBuffer encoded, int n) {
        if (write.tombstone() != null) {
            tombstone = write.tombstone();
            state = null;
            entries.restart(0);
            stateMoved(segment);
            return;
        }
        if (write.creation() != null) {
            if (tombstone != null) {
                state = GroupState.created(write.creation(), tombstone);
                tombstone = null;
            }
            stateMoved(segment);
        }
        if (write.hardState() != null) {
            state = state.with(write.hardState());
            lastRecord++;
        }
        EntryId base = write.base();
        if (base != null && !base.equals(base())) {
            if (holds(base)) {
                entries.dropUpTo(base.index());
            } else {
                entries.restart(base.index());
            }
            Membership membership = write.membership();
            state = state.with(base, membership == null ? state.membership() : membership);
            lastRecord++;
        }
        if (write.snapshot() != null) {
            state = state.with(write.snapshot());
            lastRecord++;
        }
        List<Entry> list = write.entries();
        for (int i = 0; i < list.size(); i++) {
            Entry entry = list.get(i);
            int offset = (int) (batchStart + encoded.entryOffset(n + i));
            entries.put(entry.index(), entry.term(), segment, offset, RecordFormat.entryBytes(entry));
            lastRecord++;
        }
    }

    // --- any lane ---

    /**
     * The places of entries {@code from} to {@code to}, stopping after {@code maxBytes} but never before the first.
     *
     * @throws IllegalArgumentException if the range is empty or not in the log
     */
    synchronized EntryIndex.Places places(long from, long to, int maxBytes) {
        if (from <= entries.start() || to > entries.last() || from > to) {
            throw new IllegalArgumentException("entries " + from + " to " + to + " of group " + id
                    + " are not in the log, which holds " + (entries.start() + 1) + " to " + entries.last());
        }
        return entries.places(from, to, maxBytes);
    }

    /** What was recovered, of a group that was not dropped. @param memberships those of its entries */
    synchronized RecoveredGroup recovered(List<MembershipEntry> memberships) {
        return new RecoveredGroup(
                state.descriptor(),
                state.hardState(),
                state.base(),
                state.membership(),
                memberships,
                state.snapshot(),
                state.floor(),
                entries.terms(),
                entries.last());
    }
}
