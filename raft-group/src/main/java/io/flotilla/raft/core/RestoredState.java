package io.flotilla.raft.core;

import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.TermRun;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipEntry;
import java.util.List;

/**
 * What a replica starts from: what its log store recovered and what its state machine holds durably.
 *
 * @param base the entry before the first one in the log; {@link EntryId#ZERO} if the log starts at 1
 * @param terms the terms of all entries after the base, as runs in index order; empty if there are none
 * @param lastIndex the last entry's index; the base's if there are no entries
 * @param membership the one in force at the base
 * @param memberships those in the log after the base, in index order
 * @param applied what the state machine holds; between the base's index and {@code lastIndex}, or {@code installed}
 * @param installed the last entry of the snapshot that the state machine took over last, {@link EntryId#ZERO} if none. If
 *     the log does not hold it, a crash came before the log knew of the snapshot: the log then begins anew after it
 * @param snapshot the snapshot that was to be installed last, and what the group's membership is at its end; null if there
 *     was none. Needed if the log begins anew after it
 * @param joined the index of the membership that made this node a member; 0 if it founded the group. Memberships before
 *     it say nothing about this replica
 * @param floor the end of the log that an earlier replica of this group on this node had when it was dropped: this
 *     one helps to elect nobody before its log is as good, for the earlier one may have been counted for that log;
 *     {@link EntryId#ZERO} if there was none
 */
public record RestoredState(
        HardState hardState,
        EntryId base,
        List<TermRun> terms,
        long lastIndex,
        Membership membership,
        List<MembershipEntry> memberships,
        long applied,
        EntryId installed,
        SnapshotBase snapshot,
        long joined,
        EntryId floor) {
    /** What a founding replica of a new group starts from. */
    public static RestoredState founding(Membership membership) {
        return new RestoredState(
                HardState.INITIAL,
                EntryId.ZERO,
                List.of(),
                0,
                membership,
                List.of(),
                0,
                EntryId.ZERO,
                null,
                0,
                EntryId.ZERO);
    }
}
