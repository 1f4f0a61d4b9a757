package io.flotilla.raft.sim.invariant;

import io.flotilla.raft.core.NodeId;

/** What a log store said is durable is there after any crash. */
final class LogDurability {
    private LogDurability() {}

    /** @param after null if the log was not found again at all */
    static void recovered(NodeId node, long group, ShadowLog before, ShadowLog after) {
        long index = before.firstIndex();
        while (index <= before.lastIndex() && after != null && after.holds(index, before.termAt(index))) {
            index++;
        }
        if (index <= before.lastIndex()) {
            throw new Violation(
                    "LogDurability",
                    "%s was told that %s of group %d are durable, but finds %s after a restart",
                    node,
                    before,
                    group,
                    after);
        }
    }
}
