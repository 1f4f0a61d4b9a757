package io.flotilla.raft.core.membership;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.membership.MembershipChange.Step;
import java.util.TreeSet;

/** What changes make of memberships. Pure functions. */
public final class MembershipChanger {
    /** Voters of both halves and learners together: what fits into an entry, and more than any group needs. */
    public static final int MAX_REPLICAS = 64;

    private MembershipChanger() {}

    /**
     * The membership that a change leads to at once: the new one if its majorities meet those of the old one anyway,
     * because their voters differ by one at most (thesis §4.1); else, or if the change asks for it, a joint one.
     *
     * @throws IllegalArgumentException if a step does not fit the membership or another step; says why
     */
    public static Membership change(Membership current, MembershipChange change) {
        if (current.isJoint()) {
            throw new IllegalArgumentException("the group is just changing from " + current.outgoing() + " to "
                    + current.voters() + ": wait until that is over");
        }
        if (change.steps().isEmpty()) {
            throw new IllegalArgumentException("a change without a step changes nothing");
        }
        TreeSet<NodeId> voters = new TreeSet<>(current.voters());
        TreeSet<NodeId> learners = new TreeSet<>(current.learners());
        TreeSet<NodeId> named = new TreeSet<>();
        for (Step step : change.steps()) {
            if (!named.add(step.node())) {
                throw new IllegalArgumentException(step.node() + " is named by two steps: say what it is to be once");
            }
            take(step, voters, learners);
        }
        if (voters.isEmpty()) {
            throw new IllegalArgumentException("nobody would be left to vote: a group needs at least one voter");
        }
        if (!change.joint() && differences(current.voters(), voters) <= 1) {
            return limited(new Membership(voters, new TreeSet<>(), learners, new TreeSet<>()));
        }
        TreeSet<NodeId> learnersNext = new TreeSet<>(learners);
        learnersNext.retainAll(current.voters());
        learners.removeAll(learnersNext);
        return limited(new Membership(voters, current.voters(), learners, learnersNext));
    }

    private static void take(Step step, TreeSet<NodeId> voters, TreeSet<NodeId> learners) {
        NodeId node = step.node();
        switch (step.kind()) {
            case ADD_LEARNER -> {
                refuseIf(voters.contains(node), node, "is a voter: demote it to make it a learner");
                refuseIf(!learners.add(node), node, "is a learner already");
            }
            case ADD_VOTER -> {
                learners.remove(node);
                refuseIf(!voters.add(node), node, "is a voter already");
            }
            case DEMOTE -> {
                refuseIf(!voters.remove(node), node, "is no voter");
                learners.add(node);
            }
            case REMOVE -> refuseIf(!voters.remove(node) && !learners.remove(node), node, "has no replica");
        }
    }

    private static void refuseIf(boolean wrong, NodeId node, String why) {
        if (wrong) {
            throw new IllegalArgumentException(node + " " + why);
        }
    }

    private static int differences(Iterable<NodeId> one, TreeSet<NodeId> other) {
        TreeSet<NodeId> onlyOther = new TreeSet<>(other);
        int count = 0;
        for (NodeId node : one) {
            count += onlyOther.remove(node) ? 0 : 1;
        }
        return count + onlyOther.size();
    }

    private static Membership limited(Membership membership) {
        int size = membership.all().size();
        if (size > MAX_REPLICAS) {
            throw new IllegalArgumentException(
                    "the group would have " + size + " replicas, " + MAX_REPLICAS + " are allowed");
        }
        return membership;
    }

    /** The membership after a joint one. */
    public static Membership leave(Membership joint) {
        TreeSet<NodeId> learners = new TreeSet<>(joint.learners());
        learners.addAll(joint.learnersNext());
        return new Membership(joint.voters(), new TreeSet<>(), learners, new TreeSet<>());
    }
}
