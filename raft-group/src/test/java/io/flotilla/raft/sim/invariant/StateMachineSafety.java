package io.flotilla.raft.sim.invariant;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.EntryId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * No two replicas apply different entries at one index (Raft paper, figure 3), and applying gives the same result on
 * each, in this incarnation and any other.
 */
public final class StateMachineSafety {
    /** What is known of one committed entry. */
    public static final class Committed {
        private final long term;
        private final long hash;
        private final NodeId firstAt;
        private final long highestTerm;
        private long result;
        private boolean hasResult;

        Committed(long term, long hash, NodeId firstAt, long highestTerm) {
            this.term = term;
            this.hash = hash;
            this.firstAt = firstAt;
            this.highestTerm = highestTerm;
        }

        public long term() {
            return term;
        }

        public long hash() {
            return hash;
        }

        /** The highest term of any leader of the group when the entry was first applied. */
        public long highestTerm() {
            return highestTerm;
        }
    }

    private final Map<Long, List<Committed>> groups = new HashMap<>();

    /** A replica applies each index once, in order. */
    public void isNext(long group, long index, long next, NodeId node) {
        if (index != next) {
            throw new Violation(
                    "StateMachineSafety", "%s applies index %d of group %d, but %d is next", node, index, group, next);
        }
    }

    /**
     * A replica is about to apply an entry.
     *
     * @return whether it is the first one to do so
     */
    public boolean applies(long group, long index, long term, long hash, NodeId node, long highestTerm) {
        List<Committed> committed = groups.computeIfAbsent(group, g -> new ArrayList<>());
        if (index > committed.size() + 1) {
            throw new Violation(
                    "StateMachineSafety",
                    "%s applies index %d of group %d, but nobody applied %d",
                    node,
                    index,
                    group,
                    index - 1);
        }
        if (index == committed.size() + 1) {
            committed.add(new Committed(term, hash, node, highestTerm));
            return true;
        }
        Committed known = committed.get((int) index - 1);
        if (known.term != term || known.hash != hash) {
            throw new Violation(
                    "StateMachineSafety",
                    "group %d, index %d: %s applied an entry of term %d, %s applies %s of term %d",
                    group,
                    index,
                    known.firstAt,
                    known.term,
                    node,
                    known.term == term ? "another one" : "one",
                    term);
        }
        return false;
    }

    /** A replica has applied an entry with this result. */
    public void applied(long group, long index, long result, NodeId node) {
        Committed known = groups.get(group).get((int) index - 1);
        if (known.hasResult && known.result != result) {
            throw new Violation(
                    "StateMachineSafety",
                    "group %d, index %d: applying the same entry gave another result on %s than on %s before",
                    group,
                    index,
                    node,
                    known.firstAt);
        }
        known.result = result;
        known.hasResult = true;
    }

    /** A replica is about to take over a snapshot that ends with an entry. */
    public void installs(long group, EntryId last, long applied, NodeId node) {
        Committed known = at(group, last.index());
        if (known == null || known.term() != last.term() || last.index() <= applied) {
            throw new Violation(
                    "StateMachineSafety",
                    "%s takes over a snapshot of group %d up to %s, but has applied %d, and there %s",
                    node,
                    group,
                    last,
                    applied,
                    known == null ? "nothing was applied" : "an entry of term " + known.term() + " was applied");
        }
    }

    /** What was applied at an index, or null if nobody did yet. */
    public Committed at(long group, long index) {
        List<Committed> committed = groups.get(group);
        return committed == null || index < 1 || index > committed.size() ? null : committed.get((int) index - 1);
    }

    /** The highest index that any replica of the group has applied. */
    public long lastIndex(long group) {
        List<Committed> committed = groups.get(group);
        return committed == null ? 0 : committed.size();
    }
}
