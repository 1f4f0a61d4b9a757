package io.flotilla.raft.core.quorum;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.membership.Membership;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;

/** Quorums of a membership, joint or not: what both halves of a joint one have reached (paper §6). Pure functions. */
public final class Joint {
    private Joint() {}

    /** The largest value that a quorum has reached. */
    public static long reachedValue(Membership membership, ToLongFunction<NodeId> value) {
        long reached = Majority.reachedValue(membership.voters(), value);
        return membership.isJoint() ? Math.min(reached, Majority.reachedValue(membership.outgoing(), value)) : reached;
    }

    /** Whether a quorum agrees. */
    public static boolean agrees(Membership membership, Predicate<NodeId> agreeing) {
        return Majority.agrees(membership.voters(), agreeing)
                && (!membership.isJoint() || Majority.agrees(membership.outgoing(), agreeing));
    }
}
