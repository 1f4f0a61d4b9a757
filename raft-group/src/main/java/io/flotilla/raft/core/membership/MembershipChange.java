package io.flotilla.raft.core.membership;

import io.flotilla.raft.core.NodeId;
import java.util.ArrayList;
import java.util.List;

/**
 * A wish to change a group's membership: steps that take effect together. What it makes of a membership is told by
 * {@link MembershipChanger}.
 *
 * @param steps at most one per node, at least one
 * @param joint whether to go through a joint membership even where one step alone would not need it
 */
public record MembershipChange(List<Step> steps, boolean joint) {
    /** What is to become of one node. */
    public enum Kind {
        /** A node without a replica becomes a learner. */
        ADD_LEARNER,
        /** A learner, or a node without a replica, becomes a voter. */
        ADD_VOTER,
        /** A voter becomes a learner. */
        DEMOTE,
        /** A voter or learner leaves. */
        REMOVE
    }

    /** One thing to do with one node. */
    public record Step(Kind kind, NodeId node) {}

    public MembershipChange {
        steps = List.copyOf(steps);
    }

    public static MembershipChange addLearner(NodeId node) {
        return of(new Step(Kind.ADD_LEARNER, node));
    }

    /** A voter that was no learner before counts before it holds anything: prefer a learner that has caught up. */
    public static MembershipChange addVoter(NodeId node) {
        return of(new Step(Kind.ADD_VOTER, node));
    }

    public static MembershipChange demote(NodeId node) {
        return of(new Step(Kind.DEMOTE, node));
    }

    public static MembershipChange remove(NodeId node) {
        return of(new Step(Kind.REMOVE, node));
    }

    public static MembershipChange of(Step... steps) {
        return new MembershipChange(List.of(steps), false);
    }

    /** Both changes as one. */
    public MembershipChange and(MembershipChange other) {
        List<Step> both = new ArrayList<>(steps);
        both.addAll(other.steps);
        return new MembershipChange(both, joint || other.joint);
    }

    /** The same by way of a joint membership. */
    public MembershipChange jointly() {
        return new MembershipChange(steps, true);
    }
}
