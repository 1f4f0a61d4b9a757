package io.flotilla.kv.move;

import io.flotilla.raft.core.NodeId;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * How far back the hold may lie that Adopt names. First as far as all reach that were counted for the freeze, so that nobody is
 * held back; where one of them does not get there, as far as a majority reaches; where there is none, as far as the leader
 * alone reaches: those that are held back then pull what it holds.
 */
final class AdoptRule {
    private AdoptRule() {}

    /**
     * @param counted the voters on whose holds the freeze rested; empty if this leader did not ask for it
     * @param own what the leader holds
     * @param waited since the leader knows of the freeze
     * @return a change number that all that count have reached; -1 if Adopt has to wait
     */
    static long reached(
            ReplicaFacts facts, SortedSet<NodeId> counted, VoterHolds holds, long own, long waited, MoveLimits limits) {
        if (waited >= limits.aloneNanos()) {
            return own;
        }
        int majority = facts.voters().size() / 2 + 1;
        if (waited >= limits.majorityNanos()) {
            return Math.min(own, holds.reachedBy(facts.heard(), majority));
        }
        SortedSet<NodeId> all = new TreeSet<>(counted.isEmpty() ? holds.whole(facts.heard()) : counted);
        all.retainAll(facts.heard());
        return all.size() < majority ? -1 : Math.min(own, holds.reachedBy(all, all.size()));
    }
}
