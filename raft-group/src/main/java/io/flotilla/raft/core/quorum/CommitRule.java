package io.flotilla.raft.core.quorum;

import java.util.function.LongUnaryOperator;

/**
 * When a leader may call an entry committed: a quorum holds it durably <em>and</em> it is of the leader's own term;
 * earlier entries are then committed with it, never by counting their replicas (paper §5.4.2).
 */
public final class CommitRule {
    private CommitRule() {}

    /**
     * @param committed the commit index so far
     * @param quorumIndex the last index that a quorum holds durably
     * @param termAt the term of each index of the leader's log
     * @return the commit index now
     */
    public static long advance(long committed, long quorumIndex, long currentTerm, LongUnaryOperator termAt) {
        if (quorumIndex <= committed || termAt.applyAsLong(quorumIndex) != currentTerm) {
            return committed;
        }
        return quorumIndex;
    }
}
