package io.flotilla.raft.sim.invariant;

import io.flotilla.raft.core.NodeId;
import java.util.HashMap;
import java.util.Map;

/**
 * A read sees every write that was acknowledged to anyone, and everything that anyone read, before the read was asked for
 * (Raft paper §8).
 */
public final class LinearizableReads {
    private final Map<Long, Long> acknowledged = new HashMap<>();
    private final Map<Long, Long> known = new HashMap<>();

    /** A caller was told that its proposal is applied, at an index. */
    public void acknowledges(long group, long index) {
        acknowledged.merge(group, index, Math::max);
        known.merge(group, index, Math::max);
    }

    /** The last index that was acknowledged to anyone. */
    public long acknowledged(long group) {
        return acknowledged.getOrDefault(group, 0L);
    }

    /** What a read that is asked for now must see. */
    public long floor(long group) {
        return known.getOrDefault(group, 0L);
    }

    /** A read is answered from a state. @param floor as it was when the read was asked for */
    public void answers(long group, NodeId node, long floor, long applied) {
        if (applied < floor) {
            throw new Violation(
                    "LinearizableReads",
                    "%s reads group %d at index %d, after index %d was known",
                    node,
                    group,
                    applied,
                    floor);
        }
        known.merge(group, applied, Math::max);
    }
}
