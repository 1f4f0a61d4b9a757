package io.flotilla.raft.sim.invariant;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.log.GroupWrite;
import java.util.function.BiPredicate;

/** No replica writes a guarded entry to its log whose node does not hold what that names. */
final class HeldEntries {
    private BiPredicate<NodeId, Entry> holds = (node, entry) -> true;

    void judgedBy(BiPredicate<NodeId, Entry> judge) {
        holds = judge;
    }

    void writes(NodeId node, GroupWrite write) {
        for (Entry entry : write.entries()) {
            if ((entry.flags() & Entry.GUARDED) != 0 && !holds.test(node, entry)) {
                throw new Violation(
                        "HeldEntries", "%s appends %s of group %d and does not hold it", node, entry, write.groupId());
            }
        }
    }
}
