package io.flotilla.kv.move;

import io.flotilla.raft.core.NodeId;
import java.util.Collections;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * When a shard may be frozen as far as the copies are concerned: each voter of the target that is heard holds nearly all, or has
 * rounds that don't get smaller any more, and these are a majority. One that is heard and does neither is waited for, but not
 * for ever.
 */
final class FreezeRule {
    /**
     * @param isReady whether the shard may be frozen
     * @param counted the voters on whose holds that rests
     * @param least the least change number that they hold
     * @param waitsFor what is missing, as the end of a sentence; empty if it may be frozen
     */
    record Verdict(boolean isReady, SortedSet<NodeId> counted, long least, String waitsFor) {}

    private static final long NEVER = Long.MIN_VALUE;

    private final MoveLimits limits;
    private long majoritySince = NEVER;

    FreezeRule(MoveLimits limits) {
        this.limits = limits;
    }

    Verdict judge(ReplicaFacts facts, VoterHolds holds, long now) {
        SortedSet<NodeId> near = new TreeSet<>();
        SortedSet<NodeId> far = new TreeSet<>();
        for (NodeId voter : facts.voters()) {
            if (facts.heard().contains(voter)) {
                (holds.of(voter).isNear(now, limits) ? near : far).add(voter);
            }
        }
        int majority = facts.voters().size() / 2 + 1;
        if (near.size() < majority) {
            if (holds.whole(facts.heard()).size() < majority) {
                majoritySince = NEVER;
            }
            return not(near, far.isEmpty() ? silent(facts) : describe(far, holds, now));
        }
        if (majoritySince == NEVER) {
            majoritySince = now;
        }
        long waited = now - majoritySince;
        if (!far.isEmpty() && waited < limits.slowVoterNanos()) {
            return not(
                    near,
                    describe(far, holds, now) + ", for " + (limits.slowVoterNanos() - waited) / 1_000_000_000L
                            + " s more at most");
        }
        long least = holds.reachedBy(near, near.size());
        return new Verdict(true, Collections.unmodifiableSortedSet(near), least, "");
    }

    private static Verdict not(SortedSet<NodeId> near, String waitsFor) {
        return new Verdict(false, Collections.unmodifiableSortedSet(near), -1, waitsFor);
    }

    private static String silent(ReplicaFacts facts) {
        SortedSet<NodeId> silent = new TreeSet<>(facts.voters());
        silent.removeAll(facts.heard());
        return "a majority of group " + facts.group() + ": not heard from " + silent;
    }

    private String describe(SortedSet<NodeId> far, VoterHolds holds, long now) {
        StringBuilder text = new StringBuilder();
        for (NodeId voter : far) {
            VoterHold hold = holds.of(voter);
            text.append(text.length() == 0 ? "" : ", ").append(voter);
            if (!hold.problem().isEmpty()) {
                text.append(" (").append(hold.problem()).append(')');
            } else if (!hold.isWhole()) {
                text.append(" (copies rows: ").append(hold.copiedBytes()).append(" bytes so far)");
            } else {
                long lag = hold.lag(now, limits);
                text.append(lag < 0 ? " (has the rows)" : " (lacks " + lag + " bytes of changes)");
            }
        }
        return text.toString();
    }
}
