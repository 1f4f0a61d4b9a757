package io.flotilla.raft.sim.invariant;

import io.flotilla.raft.core.NodeId;
import java.util.HashMap;
import java.util.Map;

/** A replica votes for at most one candidate per term, also across restarts (Raft paper §5.2). */
public final class OneVotePerTerm {
    private record Ballot(long group, long term, NodeId voter) {}

    private final Map<Ballot, NodeId> votes = new HashMap<>();

    public void voted(long group, long term, NodeId voter, NodeId candidate) {
        NodeId known = votes.putIfAbsent(new Ballot(group, term, voter), candidate);
        if (known != null && !known.equals(candidate)) {
            throw new Violation(
                    "OneVotePerTerm",
                    "%s voted twice in term %d of group %d: for %s and for %s",
                    voter,
                    term,
                    group,
                    known,
                    candidate);
        }
    }
}
