package io.flotilla.raft.sim.invariant;

import io.flotilla.raft.core.NodeId;
import java.util.HashMap;
import java.util.Map;

/**
 * A leader moves the commit index by counting replicas of entries of its own term only (Raft paper §5.4.2, figure 8):
 * whatever it announces, or applies as the first one, beyond what any leader announced or could have announced, and any
 * replica applied before, lies at or below an entry of its term that a majority has on disk.
 */
public final class CommitRule {
    private final Map<Long, Long> announced = new HashMap<>();

    /** Where a majority of a group's disks end in entries of a term. */
    public interface MajorityEnd {
        /** The highest index of an entry of {@code term} that a majority has on disk; 0 if there is none. */
        long of(long group, long term);
    }

    /** A majority has entries of the highest term in which anybody led on disk, up to {@code end}. */
    public void mayCommit(long group, long end) {
        announced.merge(group, end, Math::max);
    }

    /** A leader sends its commit index. @param applied the highest index that any replica has applied */
    public void announces(long group, long term, long commit, long applied, NodeId leader, MajorityEnd majorityEnd) {
        if (commit > applied) {
            decides(group, term, commit, leader, majorityEnd);
        }
    }

    /** The leader of the highest term applies an index that nobody applied before. */
    public void applies(long group, long term, long index, NodeId leader, MajorityEnd majorityEnd) {
        decides(group, term, index, leader, majorityEnd);
    }

    private void decides(long group, long term, long commit, NodeId leader, MajorityEnd majorityEnd) {
        if (commit <= announced.getOrDefault(group, 0L)) {
            return;
        }
        long end = majorityEnd.of(group, term);
        if (commit > end) {
            throw new Violation(
                    "CommitRule",
                    "%s, leader of group %d in term %d, commits up to index %d, but a majority has entries of its term"
                            + " on disk only up to %d",
                    leader,
                    group,
                    term,
                    commit,
                    end);
        }
        announced.put(group, commit);
    }
}
