package io.flotilla.raft.host;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.SoftState;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipEntry;

/**
 * One replica as seen now.
 *
 * @param newest the newest membership in its log, which is in force here, and the index from which it is
 * @param isMembershipCommitted whether that is known to be committed
 * @param firstIndex the first index the log still holds; one more than the last if it holds none
 * @param failure why the replica was halted, or null while it runs
 */
public record GroupStatus(
        long groupId,
        MembershipEntry newest,
        boolean isMembershipCommitted,
        SoftState state,
        long applied,
        long firstIndex,
        String failure) {
    public Membership membership() {
        return newest.membership();
    }

    public NodeId leader() {
        return state.leader();
    }
}
