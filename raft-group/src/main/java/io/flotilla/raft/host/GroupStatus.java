package io.flotilla.raft.host;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.SoftState;
import io.flotilla.raft.core.membership.Membership;

/**
 * One replica as seen now.
 *
 * @param firstIndex the first index the log still holds; one more than the last if it holds none
 * @param failure why the replica was halted, or null while it runs
 */
public record GroupStatus(
        long groupId, Membership membership, SoftState state, long applied, long firstIndex, String failure) {
    public NodeId leader() {
        return state.leader();
    }
}
