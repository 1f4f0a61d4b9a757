package io.flotilla.raft.embed;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.host.Refusal;
import java.util.Optional;

/** A command or a query was not done, or it is not known whether the command was. */
public final class ProposalException extends Exception {
    private static final long serialVersionUID = 1;

    private final transient Refusal refusal;

    ProposalException(long group, Refusal refusal) {
        super(describe(group, refusal));
        this.refusal = refusal;
    }

    private static String describe(long group, Refusal refusal) {
        if (refusal instanceof Refusal.NotLeader notLeader) {
            return notLeader.leader() == null
                    ? "group " + group + " has no leader that this node knows: wait for one, then ask it"
                    : "group " + group + " is led by " + notLeader.leader() + ": ask there";
        }
        if (refusal instanceof Refusal.Busy busy) {
            return "group " + group + " has too much to do: try again in " + busy.retryAfterMillis() + " ms";
        }
        if (refusal instanceof Refusal.Transferring transferring) {
            return "group " + group + " transfers its leadership to " + transferring.target() + ": try again in "
                    + transferring.retryAfterMillis() + " ms";
        }
        if (refusal instanceof Refusal.Indeterminate) {
            return "group " + group + " changed its leader, or this node stopped, before the command was known to be"
                    + " done: it may be done or not";
        }
        if (refusal instanceof Refusal.Guarded guarded) {
            return "group " + group + " can't take the guarded command now: " + guarded.why();
        }
        return "no replica of group " + group + " runs on this node: it was never opened here, is starting, or halted";
    }

    /** Why. */
    public Refusal refusal() {
        return refusal;
    }

    /** Whether the command may have been done, now or later. Otherwise it certainly was not and will not be. */
    public boolean mayBeDone() {
        return refusal instanceof Refusal.Indeterminate;
    }

    /** Whom to ask instead; empty if that is not known. */
    public Optional<String> leader() {
        NodeId leader = null;
        if (refusal instanceof Refusal.NotLeader notLeader) {
            leader = notLeader.leader();
        } else if (refusal instanceof Refusal.Indeterminate indeterminate) {
            leader = indeterminate.leader();
        }
        return Optional.ofNullable(leader).map(NodeId::value);
    }
}
