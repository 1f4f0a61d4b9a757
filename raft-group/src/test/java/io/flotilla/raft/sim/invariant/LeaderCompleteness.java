package io.flotilla.raft.sim.invariant;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.message.Message;

/**
 * What was committed is in the log of every later leader (Raft paper, figure 3): what a leader sends never contradicts
 * an entry that was applied anywhere before its term began.
 */
public final class LeaderCompleteness {
    private final StateMachineSafety committed;

    public LeaderCompleteness(StateMachineSafety committed) {
        this.committed = committed;
    }

    public void sends(long group, NodeId leader, Message.AppendRequest request) {
        check(
                group,
                leader,
                request.term(),
                request.previous().index(),
                request.previous().term(),
                null);
        for (Entry entry : request.entries()) {
            check(group, leader, request.term(), entry.index(), entry.term(), entry);
        }
    }

    private void check(long group, NodeId leader, long leaderTerm, long index, long term, Entry entry) {
        StateMachineSafety.Committed known = committed.at(group, index);
        if (known == null || leaderTerm <= known.highestTerm()) {
            return;
        }
        if (known.term() != term || (entry != null && known.hash() != EntryHash.of(entry))) {
            throw new Violation(
                    "LeaderCompleteness",
                    "%s, leader of group %d in term %d, has an entry of term %d at index %d, where one of term %d is"
                            + " committed",
                    leader,
                    group,
                    leaderTerm,
                    term,
                    index,
                    known.term());
        }
    }
}
