package io.flotilla.ops.node;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.host.GroupStatus;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.LongFunction;
import java.util.function.Predicate;

/**
 * The groups here of which this node has known no leader for {@value #PATIENCE_SECONDS} seconds: no majority can be seen from here. And the
 * replicas that were halted. Counted as it happens: no question costs more for more groups. Thread-safe.
 */
final class LostMajorities {
    static final long PATIENCE_SECONDS = 10;
    private static final long PATIENCE_NANOS = PATIENCE_SECONDS * 1_000_000_000L;

    private final NodeId self;
    private final LongFunction<GroupStatus> replica;
    // guarded by this
    /** Since when: in this order, for time does not go back. */
    private final Map<Long, Long> leaderless = new LinkedHashMap<>();

    private final TreeSet<Long> lost = new TreeSet<>();
    private final TreeSet<Long> halted = new TreeSet<>();

    /** @param replica the one here, null if there is none; asked about single groups that seem lost */
    LostMajorities(NodeId self, LongFunction<GroupStatus> replica) {
        this.self = self;
        this.replica = replica;
    }

    /** Of a replica that begins, too. @param now of the node's monotonic clock */
    synchronized void leaderIs(long group, NodeId leader, long now) {
        if (leader != null) {
            leaderless.remove(group);
            lost.remove(group);
        } else if (!lost.contains(group)) {
            leaderless.putIfAbsent(group, now);
        }
    }

    synchronized void halted(long group) {
        halted.add(group);
    }

    /** In one line; empty if there is nothing. */
    synchronized String reason(long now) {
        Iterator<Map.Entry<Long, Long>> oldest = leaderless.entrySet().iterator();
        while (oldest.hasNext()) {
            Map.Entry<Long, Long> next = oldest.next();
            if (now - next.getValue() < PATIENCE_NANOS) {
                break;
            }
            lost.add(next.getKey());
            oldest.remove();
        }
        Long first = first(lost, status -> status.leader() == null);
        if (first != null) {
            return groups(lost.size()) + " had no majority, as this node sees it, for " + PATIENCE_SECONDS
                    + " s or more; one of them is group " + first + (first == 0 ? ", the controller" : "");
        }
        first = first(halted, status -> status.failure() != null);
        return first == null
                ? ""
                : "the replicas of " + groups(halted.size()) + " were halted here; one of them is of group " + first;
    }

    /** How many groups are without a majority. */
    synchronized int count(long now) {
        return reason(now).isEmpty() ? 0 : lost.size();
    }

    /** Replicas that are gone, or that their groups do not count on, or what was told too late, are forgotten as they come first. */
    private Long first(TreeSet<Long> groups, Predicate<GroupStatus> isSo) {
        while (!groups.isEmpty()) {
            GroupStatus status = replica.apply(groups.first());
            boolean counts = status != null && status.membership().contains(self) && isSo.test(status);
            if (counts) {
                return groups.first();
            }
            groups.pollFirst();
        }
        return null;
    }

    private static String groups(int count) {
        return count == 1 ? "1 group" : count + " groups";
    }
}
