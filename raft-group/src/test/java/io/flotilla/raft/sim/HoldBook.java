package io.flotilla.raft.sim;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.machine.EntryGuard;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * What the nodes of a run hold of that which guarded entries name, each after a time of its own: most before they hear of the entry,
 * some while it is held back, some only a while after they were told that they hold it back, and of those some can't get it from where
 * it comes from any more. What a node holds no crash takes away.
 */
final class HoldBook {
    private static final long MILLI = 1_000_000L;

    private final SimScheduler scheduler;
    private final SplittableRandom random;
    private final List<NodeId> nodes;
    private final Coverage coverage;
    private final Map<String, Map<NodeId, Hold>> holds = new TreeMap<>();

    private static final class Hold {
        long from = Long.MAX_VALUE;
        boolean canPull = true;
    }

    HoldBook(SimScheduler scheduler, List<NodeId> nodes, Coverage coverage) {
        this.scheduler = scheduler;
        this.random = scheduler.randomStream();
        this.nodes = nodes;
        this.coverage = coverage;
    }

    /** What another guarded entry may name; from now on nodes come by it. */
    String next() {
        String name = "guarded-" + holds.size();
        Map<NodeId, Hold> ofNodes = new TreeMap<>();
        for (NodeId node : nodes) {
            Hold hold = new Hold();
            int kind = random.nextInt(10);
            if (kind < 5) {
                hold.from = scheduler.now() + random.nextLong(100 * MILLI);
            } else if (kind < 7) {
                hold.from = scheduler.now() + random.nextLong(3_000 * MILLI);
            } else {
                hold.canPull = kind < 9;
            }
            ofNodes.put(node, hold);
        }
        holds.put(name, ofNodes);
        return name;
    }

    private Hold of(NodeId node, Entry entry) {
        return holds.get(new String(entry.payload(), StandardCharsets.US_ASCII)).get(node);
    }

    boolean holds(NodeId node, Entry entry) {
        return scheduler.now() >= of(node, entry).from;
    }

    EntryGuard guard(NodeId node) {
        return entry -> holds(node, entry);
    }

    /** The node was told that it holds the entry back. @return whether it can pull */
    boolean heldBack(NodeId node, Entry entry) {
        Hold hold = of(node, entry);
        coverage.count("entries held back");
        if (hold.from == Long.MAX_VALUE) {
            hold.from = scheduler.now() + (hold.canPull ? 0 : 2_000 * MILLI) + random.nextLong(1_000 * MILLI);
        }
        if (!hold.canPull) {
            coverage.count("entries held back without a way out");
        }
        return hold.canPull;
    }
}
