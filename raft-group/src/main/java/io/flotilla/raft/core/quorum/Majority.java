package io.flotilla.raft.core.quorum;

import io.flotilla.raft.core.NodeId;
import java.util.Arrays;
import java.util.SortedSet;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;

/** Majorities of one set of voters. Pure functions. */
public final class Majority {
    private Majority() {}

    /** The largest value that more than half of the voters have reached. */
    public static long reachedValue(SortedSet<NodeId> voters, ToLongFunction<NodeId> value) {
        long[] values = new long[voters.size()];
        int i = 0;
        for (NodeId voter : voters) {
            values[i++] = value.applyAsLong(voter);
        }
        Arrays.sort(values);
        return values[(values.length - 1) / 2];
    }

    /** Whether more than half of the voters agree. */
    public static boolean agrees(SortedSet<NodeId> voters, Predicate<NodeId> agreeing) {
        int count = 0;
        for (NodeId voter : voters) {
            if (agreeing.test(voter)) {
                count++;
            }
        }
        return count > voters.size() / 2;
    }
}
