package io.flotilla.raft.log;

import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.RestoredState;
import io.flotilla.raft.core.SnapshotBase;
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
        SnapshotBase snapshot,
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

    /** The end of the log. */
    public EntryId last() {
        long term = terms.isEmpty() ? base.term() : terms.get(terms.size() - 1).term();
        return new EntryId(term, lastIndex);
    }

    /** The newest membership in the log, or that of its base. */
    public MembershipEntry newestMembership() {
        return memberships.isEmpty()
                ? new MembershipEntry(base.index(), membership)
                : memberships.get(memberships.size() - 1);
    }

    /** The newest term that this replica knew. */
    public long term() {
        return hardStateOrInitial().term();
    }

    private HardState hardStateOrInitial() {
        return hardState == null ? HardState.INITIAL : hardState;
    }

    /**
     * What a core starts from.
     *
     * @param applied the index that the state machine has applied
     * @param installed the last entry of the snapshot that it took over last
     */
    public RestoredState toCore(long applied, EntryId installed) {
        return new RestoredState(
                hardStateOrInitial(),
                base,
                terms,
                lastIndex,
                membership,
                memberships,
                applied,
                installed,
                snapshot,
                descriptor.joined(),
                floor);
    }
}
