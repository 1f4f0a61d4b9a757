package io.flotilla.raft.host.group;

import io.flotilla.raft.core.RaftCore;
import io.flotilla.raft.core.SoftState;
import io.flotilla.raft.core.membership.MembershipChange;
import io.flotilla.raft.host.GroupProgress;
import io.flotilla.raft.host.MembershipCallback;
import io.flotilla.raft.host.ProgressCallback;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.runtime.Lane;

/** What callers want to know of one group's members, and to change of them. Belongs to the group's worker. */
final class MembershipRequests {
    private final GroupReplica replica;
    private final HostState state;
    private final Lane lane;
    private final PendingChange pending;
    /** No change begins before, in the host's time. */
    private long heldUntil;

    MembershipRequests(GroupReplica replica, HostState state) {
        this.replica = replica;
        this.state = state;
        this.lane = replica.worker().lane();
        this.pending = new PendingChange(lane);
    }

    void change(MembershipChange wanted, MembershipCallback callback) {
        if (!replica.isRunning()) {
            HostState.refuse(callback, new Refusal.NoReplica(), lane);
        } else if (state.nanos() < heldUntil) {
            HostState.refuse(callback, new Refusal.Busy(PendingChange.RETRY_MILLIS), lane);
        } else {
            replica.turnTo(running -> pending.submit(running, wanted, callback));
        }
    }

    void hold(long nanos, ProgressCallback callback) {
        heldUntil = state.nanos() + nanos;
        progress(callback);
    }

    void progress(ProgressCallback callback) {
        RaftCore core = replica.core();
        if (core == null) {
            HostState.refuse(callback, new Refusal.NoReplica(), lane);
            return;
        }
        SoftState now = core.softState();
        GroupProgress progress = new GroupProgress(
                replica.groupId(),
                now.term(),
                now.committed(),
                core.membership(),
                core.isMembershipCommitted(),
                core.matches(),
                core.heard(),
                core.followersHeldBack(),
                core.hasAppliedOwn());
        HostState.tell(() -> callback.progress(progress), lane);
    }

    void turnEnded(RaftCore core, SoftState now) {
        pending.settle(core, now);
    }

    void refuse(Refusal refusal) {
        pending.refuse(refusal);
    }
}
