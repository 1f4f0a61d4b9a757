package io.flotilla.raft.host;

import io.flotilla.raft.core.NodeId;
import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How long the writes of a node's log take, each with its sync. Immutable.
 *
 * @param isSlow whether they take 100 ms or more, and have not come below the half of that since
 * @param nanos in four of the last five seconds with a write one took at least that long; 0 if there were no four within a minute
 * @param others what other nodes told of theirs within the last ten seconds, in nanoseconds
 */
public record DiskPace(boolean isSlow, long nanos, SortedMap<NodeId, Long> others) {
    private static final double NANOS_PER_SECOND = 1e9;

    public static final DiskPace NONE = new DiskPace(false, 0, new TreeMap<>());

    public DiskPace {
        others = Collections.unmodifiableSortedMap(new TreeMap<>(others));
    }

    /** In words: {@code writes to its log take 1.503 s each (n2: 0.002 s, n3: 0.001 s)}. */
    public String describe() {
        StringBuilder text = new StringBuilder("writes to its log take ")
                .append(seconds(nanos))
                .append(" each");
        String before = " (";
        for (Map.Entry<NodeId, Long> other : others.entrySet()) {
            text.append(before).append(other.getKey().value()).append(": ").append(seconds(other.getValue()));
            before = ", ";
        }
        return others.isEmpty() ? text.toString() : text.append(')').toString();
    }

    private static String seconds(long nanos) {
        return String.format(Locale.ROOT, "%.3f s", nanos / NANOS_PER_SECOND);
    }
}
