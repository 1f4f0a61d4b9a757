package io.flotilla.raft.sim.invariant;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.log.GroupWrite;

/** What a log store said is durable is there after any crash. */
final class LogDurability {
    private LogDurability() {}

    /**
     * @param inFlight what was being written when it stopped: it may be there too, in whole; null if nothing
     * @param after null if the log was not found again at all
     */
    static void recovered(NodeId node, long group, ShadowLog before, GroupWrite inFlight, ShadowLog after) {
        if (inFlight != null && inFlight.tombstone() != null && after == null) {
            return;
        }
        if (before.lastIndex() == 0 || (after != null && after.includes(before))) {
            return;
        }
        if (after != null && inFlight != null) {
            ShadowLog written = before.copy();
            written.apply(inFlight);
            if (after.includes(written)) {
                return;
            }
        }
        throw new Violation(
                "LogDurability",
                "%s was told that %s of group %d are durable and was writing %s, but finds %s after a restart",
                node,
                before,
                group,
                inFlight == null ? "nothing" : inFlight,
                after);
    }
}
