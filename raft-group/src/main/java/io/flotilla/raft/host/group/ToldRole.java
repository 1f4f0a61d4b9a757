package io.flotilla.raft.host.group;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.RoleName;
import io.flotilla.raft.core.SoftState;
import io.flotilla.raft.host.HostListener;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.runtime.Lane;
import java.util.Objects;

/** What the listener was told last of one replica's role; tells it what is new. Belongs to the group's worker. */
final class ToldRole {
    private final long groupId;
    private final HostListener listener;
    private final Lane lane;
    private RoleName role = RoleName.FOLLOWER;
    private long term;
    private NodeId leader;

    /** @param term the one that the replica begins in */
    ToldRole(long groupId, long term, HostListener listener, Lane lane) {
        this.groupId = groupId;
        this.term = term;
        this.listener = listener;
        this.lane = lane;
    }

    void now(SoftState state) {
        now(state.role(), state.term(), state.leader());
    }

    /** The replica runs no more. */
    void ended() {
        now(RoleName.FOLLOWER, term, null);
    }

    private void now(RoleName newRole, long newTerm, NodeId newLeader) {
        if (newRole == role && newTerm == term && Objects.equals(newLeader, leader)) {
            return;
        }
        role = newRole;
        term = newTerm;
        leader = newLeader;
        try {
            listener.roleChanged(groupId, role, term, leader);
        } catch (RuntimeException | Error e) {
            HostState.report(e, lane);
        }
    }
}
