package io.flotilla.raft.host.group;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.RaftCore;
import io.flotilla.raft.core.RoleName;
import io.flotilla.raft.core.SoftState;
import io.flotilla.raft.core.TransferResult;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.host.TransferCallback;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.runtime.Lane;

/** Who waits for the transfer of a group's leadership; one at a time. Belongs to the group's worker. */
final class PendingTransfer {
    private final Lane lane;
    private TransferCallback callback;

    PendingTransfer(Lane lane) {
        this.lane = lane;
    }

    void ask(RaftCore core, NodeId self, NodeId target, TransferCallback asking) {
        TransferResult result = core.transfer(target);
        if (result instanceof TransferResult.Begun) {
            tell(new Refusal.Indeterminate(core.softState().leader())); // of an earlier office, if it still waits
            callback = asking;
        } else if (result instanceof TransferResult.LeadsAlready) {
            tell(asking, self);
        } else {
            HostState.refuse(asking, refusal(result, target), lane);
        }
    }

    private static Refusal refusal(TransferResult result, NodeId target) {
        if (result instanceof TransferResult.NotLeader notLeader) {
            return new Refusal.NotLeader(notLeader.leader());
        } else if (result instanceof TransferResult.UnderWay underWay) {
            return new Refusal.Transferring(underWay.target(), HostState.RETRY_MILLIS);
        }
        return new Refusal.NotEligible(target);
    }

    /** Tells the outcome once it is known. */
    void turnEnded(RaftCore core, SoftState now) {
        if (callback == null || core.transferTarget() != null) {
            return;
        }
        if (now.role() == RoleName.LEADER) {
            tell(new Refusal.Indeterminate(now.leader()));
        } else if (now.leader() != null) {
            TransferCallback waiting = callback;
            callback = null;
            tell(waiting, now.leader());
        }
    }

    void refuseAll() {
        tell(new Refusal.Indeterminate(null));
    }

    private void tell(Refusal refusal) {
        if (callback != null) {
            TransferCallback waiting = callback;
            callback = null;
            HostState.refuse(waiting, refusal, lane);
        }
    }

    private void tell(TransferCallback waiting, NodeId leader) {
        try {
            waiting.transferred(leader);
        } catch (RuntimeException | Error e) {
            HostState.report(e, lane);
        }
    }
}
