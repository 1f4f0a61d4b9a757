package io.flotilla.raft.log.segment;

import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.ImageBase;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.Tombstone;

/**
 * What the log keeps of a group besides its entries. Immutable.
 *
 * @param base the entry before the first one
 * @param membership the membership as of the base
 * @param image an image behind the base that is perhaps installed, or null
 * @param floor where the log of an earlier replica on this node ended
 */
record GroupState(
        GroupDescriptor descriptor,
        HardState hardState,
        EntryId base,
        Membership membership,
        ImageBase image,
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
        return new GroupState(descriptor, newState, base, membership, image, floor);
    }

    GroupState with(ImageBase newImage) {
        return new GroupState(descriptor, hardState, base, membership, newImage, floor);
    }

    /** Forgets the image if the base has reached it. */
    GroupState with(EntryId newBase, Membership newMembership) {
        ImageBase ahead = image != null && image.last().index() > newBase.index() ? image : null;
        return new GroupState(descriptor, hardState, newBase, newMembership, ahead, floor);
    }
}
