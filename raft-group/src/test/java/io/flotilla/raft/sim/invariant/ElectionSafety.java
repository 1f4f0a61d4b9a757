package io.flotilla.raft.sim.invariant;

import io.flotilla.raft.core.NodeId;
import java.util.HashMap;
import java.util.Map;

/** At most one leader per group and term (Raft paper, figure 3). Who sends as a leader is one. */
public final class ElectionSafety {
    private record GroupTerm(long group, long term) {}

    private final Map<GroupTerm, NodeId> leaders = new HashMap<>();

    /** @return whether this is the first sign of that leadership */
    public boolean leads(long group, long term, NodeId node) {
        NodeId known = leaders.putIfAbsent(new GroupTerm(group, term), node);
        if (known != null && !known.equals(node)) {
            throw new Violation(
                    "ElectionSafety", "group %d has two leaders in term %d: %s and %s", group, term, known, node);
        }
        return known == null;
    }
}
