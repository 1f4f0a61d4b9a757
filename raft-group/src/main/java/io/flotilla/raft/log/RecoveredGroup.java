package io.flotilla.raft.log;

import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.ImageBase;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.TermRun;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipEntry;
import java.util.List;

/** One group as the shared log holds it. Fields as in {@link io.flotilla.raft.core.RestoredState}. */
public record RecoveredGroup(
        GroupDescriptor descriptor,
        HardState hardState,
        EntryId base,
        Membership membership,
        List<MembershipEntry> memberships,
        ImageBase image,
        EntryId floor,
        List<TermRun> terms,
        long lastIndex) {
    /** A group that is created now. @param tombstone of an earlier replica on this node, or null */
    public static RecoveredGroup created(GroupDescriptor descriptor, Tombstone tombstone) {
        return new RecoveredGroup(
                descriptor,
                tombstone == null ? HardState.INITIAL : tombstone.nextHardState(),
                EntryId.ZERO,
                descriptor.initialMembership(),
                List.of(),
                null,
                tombstone == null ? EntryId.ZERO : tombstone.floor(),
                List.of(),
                0);
    }
}
