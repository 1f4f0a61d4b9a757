package io.flotilla.raft.sim.invariant;

import io.flotilla.raft.core.NodeId;
import java.util.HashMap;
import java.util.Map;

/**
 * A leader moves the commit index only to entries of its own term (Raft paper §5.4.2, figure 8): whatever it announces
 * beyond what any leader before it announced ends in an entry of its term.
 */
public final class CommitRule {
    private final Map<Long, Long> announced = new HashMap<>();

    /**
     * @param entryTerm the term of the entry at {@code commit} in the sender's log
     */
    public void announces(long group, long term, long commit, NodeId leader, TermAt entryTerm) {
        long known = announced.getOrDefault(group, 0L);
        if (commit <= known) {
            return;
        }
        long found = entryTerm.termAt(commit);
        if (found != term) {
            throw new Violation(
                    "CommitRule",
                    "%s, leader of group %d in term %d, commits index %d, an entry of term %d, by counting replicas",
                    leader,
                    group,
                    term,
                    commit,
                    found);
        }
        announced.put(group, commit);
    }

    /** The term of an entry in a leader's log. */
    public interface TermAt {
        long termAt(long index);
    }
}
