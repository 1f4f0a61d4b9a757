package io.flotilla.raft.log.segment;

import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.SnapshotBase;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.Tombstone;

/**
 * What the log keeps of a group besides its entries. Immutable.
 *
 * @param base the entry before the first one
 * @param membership the membership as of the base
 * @param snapshot a snapshot behind the base that is perhaps installed, or null
 * @param floor where the log of an earlier replica on this node ended
 */
record GroupState(
        GroupDescriptor descriptor,
        HardState hardState,
        EntryId base,
        Membership membership,
        SnapshotBase snapshot,
        EntryId floor) {
    /** @param before of an earlier replica on this node, or null */
    static GroupState created(GroupDescriptor descriptor, Tombstone before) {
        return new GroupState(
                descriptor,
                before == null ? HardState.INITIAL : before.nextHardState(),
                EntryId.ZERO,
                descriptor.initialMembership(),
                null,
                before == null ? EntryId.ZERO : before.floor());
    }

    GroupState with(HardState newState) {
        return new GroupState(descriptor, newState, base, membership, snapshot, floor);
    }

    GroupState with(SnapshotBase newSnapshot) {
        return new GroupState(descriptor, hardState, base, membership, newSnapshot, floor);
    }

    /** Forgets the snapshot if the base has reached it. */
    GroupState with(EntryId newBase, Membership newMembership) {
        SnapshotBase ahead = snapshot != null && snapshot.last().index() > newBase.index() ? snapshot : null;
        return new GroupState(descriptor, hardState, newBase, newMembership, ahead, floor);
    }
}
