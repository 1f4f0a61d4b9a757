package io.flotilla.raft.core.quorum;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.membership.Membership;
import java.util.Set;
import java.util.TreeSet;

/** The answers to one candidacy. A voter counts once, with its first answer. Belongs to the candidate that asks. */
public final class VoteTally {
    private final Membership membership;
    private final Set<NodeId> granted = new TreeSet<>();
    private final Set<NodeId> refused = new TreeSet<>();

    public VoteTally(Membership membership) {
        this.membership = membership;
    }

    public void record(NodeId voter, boolean grants) {
        if (!hasAnswered(voter)) {
            (grants ? granted : refused).add(voter);
        }
    }

    public boolean hasAnswered(NodeId voter) {
        return granted.contains(voter) || refused.contains(voter);
    }

    public boolean isWon() {
        return Joint.agrees(membership, granted::contains);
    }
}
