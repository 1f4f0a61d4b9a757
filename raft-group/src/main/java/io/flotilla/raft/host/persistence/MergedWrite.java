package io.flotilla.raft.host.persistence;

import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.PersistBatch;
import io.flotilla.raft.core.SnapshotBase;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.log.Tombstone;
import java.util.ArrayList;
import java.util.List;

/**
 * What one group's batches write, put together so that one write leaves the log as all of them would, one after the
 * other. Pure; belongs to the log writer.
 *
 * <p>One difference is allowed. The log store moves the base before it appends, and knows of no reset: if it still holds
 * the new base and entries after it that a batch merged here would have replaced before a reset, they stay until others
 * replace them. A log that matches the base's entry may go on with whatever followed it once, as if the messages that
 * replaced that had been lost.
 */
final class MergedWrite {
    private final long groupId;
    private GroupDescriptor creation;
    /** Nothing else counts beside it. */
    private Tombstone tombstone;

    private HardState hardState;
    private EntryId base;
    private Membership membership;
    private SnapshotBase snapshot;
    private List<Entry> entries = List.of();
    /** Else they are a batch's, which nobody changes. */
    private boolean entriesAreOwn;

    MergedWrite(long groupId) {
        this.groupId = groupId;
    }

    /** The group's first write on this node. */
    void create(GroupDescriptor group) {
        creation = group;
    }

    /** The group's last write on this node, but for another tombstone. */
    void bury(Tombstone written) {
        tombstone = written;
    }

    /** The next batch, in the order of the replica's sequence numbers. */
    void add(PersistBatch batch) {
        if (batch.hardState() != null) {
            hardState = batch.hardState();
        }
        if (batch.base() != null) {
            if (batch.membership() != null) {
                membership = batch.membership();
            }
            moveBase(batch.base(), batch.reset());
        }
        if (batch.snapshot() != null) {
            snapshot = batch.snapshot();
        }
        if (batch.entries().isEmpty()) {
            return;
        }
        if (entries.isEmpty()) {
            entries = batch.entries();
            entriesAreOwn = false;
            return;
        }
        own();
        long first = batch.entries().get(0).index();
        while (!entries.isEmpty() && entries.get(entries.size() - 1).index() >= first) {
            entries.remove(entries.size() - 1);
        }
        entries.addAll(batch.entries());
    }

    private void moveBase(EntryId newBase, boolean reset) {
        base = newBase;
        if (!entries.isEmpty()) {
            own();
            entries.removeIf(entry -> reset || entry.index() <= newBase.index());
        }
    }

    private void own() {
        if (!entriesAreOwn) {
            entries = new ArrayList<>(entries);
            entriesAreOwn = true;
        }
    }

    GroupWrite toWrite() {
        if (tombstone != null) {
            return GroupWrite.of(tombstone);
        }
        return new GroupWrite(groupId, creation, hardState, base, membership, snapshot, null, entries);
    }
}
