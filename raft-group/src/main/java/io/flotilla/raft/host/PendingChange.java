package io.flotilla.raft.host;

import io.flotilla.raft.core.ChangeResult;
import io.flotilla.raft.core.RaftCore;
import io.flotilla.raft.core.SoftState;
import io.flotilla.raft.core.membership.MembershipChange;

/** The change of membership that somebody waits for: the core allows one at a time. Belongs to the group's worker. */
final class PendingChange {
    private static final long RETRY_MILLIS = 100;

    private long term;
    private long index;
    private MembershipCallback waiting;

    void submit(RaftCore core, MembershipChange change, MembershipCallback callback) {
        ChangeResult result = core.changeMembership(change);
        if (result instanceof ChangeResult.Accepted accepted) {
            // an earlier change is over, or the core would not have accepted this one
            term = accepted.term();
            index = accepted.index();
            waiting = callback;
        } else if (result instanceof ChangeResult.NotLeader notLeader) {
            callback.refused(new Refusal.NotLeader(notLeader.leader()));
        } else if (result instanceof ChangeResult.Invalid invalid) {
            callback.invalid(invalid.reason());
        } else {
            callback.refused(new Refusal.Busy(RETRY_MILLIS));
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
            callback.changed(core.membership());
        } else if (now.term() != term || !core.leads()) {
            take().refused(new Refusal.Indeterminate(now.leader()));
        }
    }

    void refuse(Refusal refusal) {
        if (waiting != null) {
            take().refused(refusal);
        }
    }

    private MembershipCallback take() {
        MembershipCallback callback = waiting;
        waiting = null;
        return callback;
    }
}
