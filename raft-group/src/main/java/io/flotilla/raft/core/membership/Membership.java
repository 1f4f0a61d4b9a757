package io.flotilla.raft.core.membership;

import io.flotilla.raft.core.NodeId;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The replicas of a group. Sorted and immutable. While {@code outgoing} is not empty the membership is joint: every
 * decision needs a majority of {@code voters} and one of {@code outgoing} (Raft paper §6).
 *
 * @param voters those whose majority decides; empty only in {@link #NONE}
 * @param outgoing the voters of the membership being left; empty when not joint
 * @param learners receive entries but are not counted; disjoint from the voters of both halves
 * @param learnersNext voters of {@code outgoing} that are learners once the joint membership is left; not among {@code
 *     voters}
 */
public record Membership(
        SortedSet<NodeId> voters,
        SortedSet<NodeId> outgoing,
        SortedSet<NodeId> learners,
        SortedSet<NodeId> learnersNext) {
    /** Nobody: what a replica that was made to join a group knows before it has heard of the group's membership. */
    public static final Membership NONE =
            new Membership(new TreeSet<>(), new TreeSet<>(), new TreeSet<>(), new TreeSet<>());

    public Membership {
        voters = Collections.unmodifiableSortedSet(new TreeSet<>(voters));
        outgoing = Collections.unmodifiableSortedSet(new TreeSet<>(outgoing));
        learners = Collections.unmodifiableSortedSet(new TreeSet<>(learners));
        learnersNext = Collections.unmodifiableSortedSet(new TreeSet<>(learnersNext));
        if (voters.isEmpty() && !(outgoing.isEmpty() && learners.isEmpty())) {
            throw new IllegalArgumentException("a membership needs at least one voter");
        }
        for (NodeId learner : learners) {
            if (voters.contains(learner) || outgoing.contains(learner)) {
                throw new IllegalArgumentException(learner + " can't be both voter and learner");
            }
        }
        for (NodeId next : learnersNext) {
            if (!outgoing.contains(next) || voters.contains(next)) {
                throw new IllegalArgumentException(
                        next + " can only become a learner later if it is a voter of the outgoing half alone");
            }
        }
    }

    public static Membership of(Collection<NodeId> voters) {
        return new Membership(new TreeSet<>(voters), new TreeSet<>(), new TreeSet<>(), new TreeSet<>());
    }

    public static Membership of(NodeId... voters) {
        return of(List.of(voters));
    }

    public boolean isJoint() {
        return !outgoing.isEmpty();
    }

    public boolean isVoter(NodeId node) {
        return voters.contains(node) || outgoing.contains(node);
    }

    /** Whether the node holds a replica. */
    public boolean contains(NodeId node) {
        return isVoter(node) || learners.contains(node);
    }

    /** Everyone who holds a replica, sorted. */
    public SortedSet<NodeId> all() {
        TreeSet<NodeId> all = new TreeSet<>(voters);
        all.addAll(outgoing);
        all.addAll(learners);
        return Collections.unmodifiableSortedSet(all);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("voters ").append(voters);
        append(text, " leaving ", outgoing);
        append(text, " learners ", learners);
        append(text, " learners next ", learnersNext);
        return text.toString();
    }

    private static void append(StringBuilder text, String what, SortedSet<NodeId> nodes) {
        if (!nodes.isEmpty()) {
            text.append(what).append(nodes);
        }
    }
}
