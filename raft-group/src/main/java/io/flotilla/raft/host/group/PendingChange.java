package io.flotilla.raft.host.group;

import io.flotilla.raft.core.ChangeResult;
import io.flotilla.raft.core.RaftCore;
import io.flotilla.raft.core.SoftState;
import io.flotilla.raft.core.membership.MembershipChange;
import io.flotilla.raft.core.membership.MembershipEntry;
import io.flotilla.raft.host.MembershipCallback;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.runtime.Lane;

/** The change of membership that somebody waits for: the core allows one at a time. Belongs to the group's worker. */
final class PendingChange {
    static final long RETRY_MILLIS = 100;

    private final Lane lane;
    private long term;
    private long index;
    private MembershipCallback waiting;

    PendingChange(Lane lane) {
        this.lane = lane;
    }

    void submit(RaftCore core, MembershipChange change, MembershipCallback callback) {
        settle(core, core.softState()); // an earlier change may have come to its end in this turn
        ChangeResult result = core.changeMembership(change);
        if (result instanceof ChangeResult.Accepted accepted) {
            term = accepted.term();
            index = accepted.index();
            waiting = callback;
        } else if (result instanceof ChangeResult.NotLeader notLeader) {
            HostState.refuse(callback, new Refusal.NotLeader(notLeader.leader()), lane);
        } else if (result instanceof ChangeResult.Invalid invalid) {
            HostState.tell(() -> callback.invalid(invalid.reason()), lane);
        } else {
            HostState.refuse(callback, new Refusal.Busy(RETRY_MILLIS), lane);
        }
    }

    /** Answers if it is known what became of the change. What was written in a term is not cut off in it. */
    void settle(RaftCore core, SoftState now) {
        if (waiting == null) {
            return;
        }
        boolean isOver =
                core.isMembershipCommitted() && !core.membership().membership().isJoint();
        if (now.term() == term && core.membership().index() >= index && isOver) {
            MembershipCallback callback = take();
            MembershipEntry newest = core.membership();
            HostState.tell(() -> callback.changed(newest), lane);
        } else if (now.term() != term || !core.leads()) {
            refuse(new Refusal.Indeterminate(now.leader()));
        }
    }

    void refuse(Refusal refusal) {
        if (waiting != null) {
            HostState.refuse(take(), refusal, lane);
        }
    }

    private MembershipCallback take() {
        MembershipCallback callback = waiting;
        waiting = null;
        return callback;
    }
}
