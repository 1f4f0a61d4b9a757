package io.flotilla.it.sim;

import io.flotilla.kv.move.copy.CopyLimits;
import io.flotilla.raft.core.CoreConfig;
import io.flotilla.raft.core.NodeId;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * How large a simulated fleet is and how it is set up; a choice of the seed. Small limits make rare paths common:
 * appends of one entry, few in flight, little kept in memory, small log segments, an engine that flushes often.
 */
record FleetShape(
        SortedMap<NodeId, String> seeds,
        int clients,
        int groups,
        int shards,
        int workers,
        CoreConfig core,
        int segmentBytes,
        long logBytes,
        int unflushedBatches,
        long maxClockOffsetMillis,
        int maxDriftPpm,
        CopyLimits copies) {

    /** Parts, files and rounds of a few rows. */
    private static CopyLimits copies(SplittableRandom random) {
        long milli = 1_000_000L;
        return new CopyLimits(
                1 + random.nextInt(2),
                1 + random.nextInt(2),
                1L << 20,
                100 + random.nextInt(1_000),
                500 + random.nextInt(5_000),
                2_000 + random.nextInt(10_000),
                5,
                1L << 20,
                100 + random.nextInt(5_000),
                1 + random.nextInt(3),
                300 * milli,
                1_000 * milli,
                100 * milli,
                50 * milli,
                (1 + random.nextInt(100)) * milli);
    }

    private static SortedMap<NodeId, String> seeds(int size) {
        TreeMap<NodeId, String> seeds = new TreeMap<>();
        for (int i = 1; i <= size; i++) {
            seeds.put(new NodeId("n" + i), "n" + i + ":" + (7399 + i));
        }
        return seeds;
    }

    /** As any, or in one of four with two groups that share no node. */
    static FleetShape forMoves(SplittableRandom random) {
        FleetShape any = choose(random);
        return random.nextInt(4) == 0 ? any.with(6, 2, 2 + random.nextInt(3)) : any;
    }

    /** The same with so many nodes, groups and shards. Two groups share no node if there are six. */
    FleetShape with(int nodes, int newGroups, int newShards) {
        return new FleetShape(
                seeds(nodes),
                clients,
                newGroups,
                newShards,
                workers,
                core,
                segmentBytes,
                logBytes,
                unflushedBatches,
                maxClockOffsetMillis,
                maxDriftPpm,
                copies);
    }

    static FleetShape choose(SplittableRandom random) {
        SortedMap<NodeId, String> seeds = seeds(random.nextInt(4) == 0 ? 3 + random.nextInt(3) : 3);
        int groups = 1 + random.nextInt(3);
        int appendBytes = random.nextInt(3) == 0 ? 200 : 192 << 10;
        int resident = random.nextInt(3) == 0 ? 2_000 : 1 << 20;
        CoreConfig core =
                new CoreConfig(20, 5, appendBytes, 1 + random.nextInt(64), 4 << 20, 4 << 20, 1 << 20, resident, true);
        int segmentBytes = random.nextInt(4) == 0 ? 64 << 10 : 8 << 10;
        return new FleetShape(
                seeds,
                2 + random.nextInt(3),
                groups,
                groups + random.nextInt(2 * groups),
                1 + random.nextInt(2),
                core,
                segmentBytes,
                (4 + random.nextInt(3)) * (long) segmentBytes,
                1 + random.nextInt(random.nextBoolean() ? 20 : 400),
                random.nextInt(3) == 0 ? 60_000 : 500,
                random.nextInt(3) == 0 ? 45_000 : 200,
                copies(random));
    }
}
