package io.flotilla.raft.log.segment;

import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.log.GroupDescriptor;

/**
 * What the log keeps of a group besides its entries. Immutable.
 *
 * @param base the entry before the first one
 * @param membership the membership as of the base
 */
record GroupState(GroupDescriptor descriptor, HardState hardState, EntryId base, Membership membership) {
    static GroupState created(GroupDescriptor descriptor) {
        return new GroupState(descriptor, HardState.INITIAL, EntryId.ZERO, descriptor.membership());
    }

    GroupState with(HardState newState) {
        return new GroupState(descriptor, newState, base, membership);
    }

    GroupState with(EntryId newBase) {
        return new GroupState(descriptor, hardState, newBase, membership);
    }
}
