package io.flotilla.raft.sim.invariant;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.log.GroupWrite;

/**
 * A disk that holds an entry which was applied anywhere never replaces it by another: what is committed stays on every
 * disk that has it, or is covered by where the log begins. With {@link Durability} (a majority had it when it was
 * applied) and {@link LogDurability} (a crash takes nothing) it follows that no committed entry is ever lost.
 */
final class CommittedNeverLost {
    private final StateMachineSafety committed;

    CommittedNeverLost(StateMachineSafety committed) {
        this.committed = committed;
    }

    void writes(long group, NodeId node, ShadowLog before, GroupWrite write) {
        boolean replaces = !write.entries().isEmpty()
                && write.entries().get(0).index() <= Math.min(before.lastIndex(), committed.lastIndex(group));
        boolean forgets = write.base() != null && !before.holdsAfterBase(write.base());
        if (!replaces && !forgets) {
            return;
        }
        ShadowLog after = before.copy();
        after.apply(write);
        long end = Math.min(before.lastIndex(), committed.lastIndex(group));
        for (long index = before.firstIndex(); index <= end; index++) {
            long term = committed.at(group, index).term();
            if (before.termAt(index) == term && !after.holds(index, term)) {
                throw new Violation(
                        "CommittedNeverLost",
                        "%s had the committed entry %d of term %d of group %d on disk, and replaces it: it writes %s",
                        node,
                        index,
                        term,
                        group,
                        write);
            }
        }
    }
}
