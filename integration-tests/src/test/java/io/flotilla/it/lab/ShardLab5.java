package io.flotilla.it.lab;

import io.flotilla.it.lab.ShardFleet.Shape;
import io.flotilla.raft.lab.LabFailure;
import io.flotilla.raft.lab.LabRuns;
import java.util.ArrayList;
import java.util.List;

/** What the tests of the labs' newer service of shards have in common. */
final class ShardLab5 {
    static final int SHARDS = 12;
    static final int KEYS = 60;
    /** Fewer where each operation takes a quarter of a second. */
    static final int FEW_KEYS = 24;
    /** Between two changes of the groups. */
    static final int CHANGE_MILLIS = 200;

    static final int QUIET_MILLIS = 2_000;
    /** By then all that was asked for is done, if nothing is broken. */
    static final int MOVES_MILLIS = 30_000;
    /** Of nodes that places share when there are many. */
    static final int SHARED_NODES = 7;

    private ShardLab5() {}

    /** @param reorders whether every third seed has the network that reorders */
    static void run(String test, String name, Shape shape, boolean reorders, LabRuns.WorldBody<ShardFleet> body) {
        LabRuns.<ShardFleet>repeat(
                "integration-tests",
                test,
                name,
                (seed, timing) ->
                        new ShardFleet(seed, timing, reorders ? shape.on(LabNet.of(seed, shape.net())) : shape),
                (fleet, runs) -> {
                    body.run(fleet.found(), runs);
                    fleet.checkLogs(runs);
                });
    }

    static ShardKeys keys(ShardFleet fleet) {
        ShardKeys keys = new ShardKeys(fleet, fleet.isReliable() ? KEYS : FEW_KEYS).putAll(8);
        keys.checkAll();
        return keys;
    }

    /** Places joined so far or left: each has its share, or nothing. */
    static void checkMembers(ShardFleet fleet, int... places) {
        List<Integer> counts = new ArrayList<>();
        int sum = 0;
        for (int place : places) {
            int count = fleet.owned(place).size();
            counts.add(count);
            sum += count;
        }
        int least = SHARDS / places.length;
        int most = least + (SHARDS % places.length == 0 ? 0 : 1);
        if (sum != SHARDS
                || fleet.shown().getGroupsCount() != places.length
                || counts.stream().anyMatch(count -> count < least || count > most)) {
            throw new LabFailure("the groups own %s: %s", counts, KeyCover.text(fleet.shown()));
        }
    }
}
