package io.flotilla.raft.sim.invariant;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.EntryId;

/** A log lets go only of committed entries that its state machine holds durably, and never goes back. */
final class LogBases {
    private final StateMachineSafety committed;

    LogBases(StateMachineSafety committed) {
        this.committed = committed;
    }

    void moves(long group, NodeId node, EntryId from, EntryId to, long durable) {
        StateMachineSafety.Committed known = committed.at(group, to.index());
        if (to.index() < from.index() || durable < to.index() || known == null || known.term() != to.term()) {
            throw new Violation(
                    "LogBases",
                    "%s moves the base of group %d from %s to %s, but its state machine holds %d durably, and there %s",
                    node,
                    group,
                    from,
                    to,
                    durable,
                    known == null ? "nothing was applied" : "an entry of term " + known.term() + " was applied");
        }
    }
}
