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
 * @param voters those whose majority decides; never empty
 * @param outgoing the voters of the membership being left; empty when not joint
 * @param learners receive entries but are not counted; disjoint from the voters
 */
public record Membership(SortedSet<NodeId> voters, SortedSet<NodeId> outgoing, SortedSet<NodeId> learners) {
    public Membership {
        voters = Collections.unmodifiableSortedSet(new TreeSet<>(voters));
        outgoing = Collections.unmodifiableSortedSet(new TreeSet<>(outgoing));
        learners = Collections.unmodifiableSortedSet(new TreeSet<>(learners));
        if (voters.isEmpty()) {
            throw new IllegalArgumentException("a membership needs at least one voter");
        }
        for (NodeId learner : learners) {
            if (voters.contains(learner) || outgoing.contains(learner)) {
                throw new IllegalArgumentException(learner + " can't be both voter and learner");
            }
        }
    }

    public static Membership of(Collection<NodeId> voters) {
        return new Membership(new TreeSet<>(voters), new TreeSet<>(), new TreeSet<>());
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

    /** Everyone who holds a replica, sorted. */
    public SortedSet<NodeId> all() {
        TreeSet<NodeId> all = new TreeSet<>(voters);
        all.addAll(outgoing);
        all.addAll(learners);
        return Collections.unmodifiableSortedSet(all);
    }
}
