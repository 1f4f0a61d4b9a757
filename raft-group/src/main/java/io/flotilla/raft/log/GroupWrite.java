package io.flotilla.raft.log;

import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.SnapshotBase;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;
import java.util.List;

/**
 * What one group adds to the shared log in one batch.
 *
 * @param creation the creation record, for the group's first write on this node, or its first after a tombstone; else
 *     null. After a tombstone it stands alone and the group begins with the tombstone's {@link Tombstone#nextHardState}
 * @param hardState or null if unchanged
 * @param base where the group's log begins from now on, or null if unchanged: entries up to its index are needed no
 *     more. If the log holds no entry of that index and term, none of its entries stays: the state machine came from a
 *     snapshot. Never before the present base. Comes before {@code entries}
 * @param membership in force at {@code base}; null if it is the same as at the base before
 * @param snapshot a snapshot that the state machine is about to take over, or null; kept until the base has reached it
 * @param tombstone stands alone: nothing else stays of the group; else null
 * @param entries in index order without gap; the first may lie at or before the group's last entry, which replaces
 *     everything from there on
 */
public record GroupWrite(
        long groupId,
        GroupDescriptor creation,
        HardState hardState,
        EntryId base,
        Membership membership,
        SnapshotBase snapshot,
        Tombstone tombstone,
        List<Entry> entries) {
    /** A write that says nothing of memberships. */
    public GroupWrite(long groupId, GroupDescriptor creation, HardState hardState, EntryId base, List<Entry> entries) {
        this(groupId, creation, hardState, base, null, null, null, entries);
    }

    public static GroupWrite of(Tombstone tombstone) {
        return new GroupWrite(tombstone.groupId(), null, null, null, null, null, tombstone, List.of());
    }
}
