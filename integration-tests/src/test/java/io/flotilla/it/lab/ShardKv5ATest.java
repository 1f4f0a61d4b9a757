package io.flotilla.it.lab;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Shard;
import io.flotilla.it.lab.ShardClerks.Work;
import io.flotilla.it.lab.ShardFleet.Shape;
import io.flotilla.raft.lab.LabFailure;
import io.flotilla.raft.lab.LabRuns;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Shards that move under one controller. The labs' group 1 is the one at place 0. */
@Timeout(value = 1, unit = TimeUnit.DAYS)
class ShardKv5ATest {
    private static void run(
            String method, String name, Shape shape, boolean reorders, LabRuns.WorldBody<ShardFleet> body) {
        ShardLab5.run("ShardKv5ATest#" + method, name, shape, reorders, body);
    }

    @Test
    @DisplayName("TestInitQuery5A")
    void initQuery() {
        run("initQuery", "TestInitQuery5A", Shape.of(0, ShardLab5.SHARDS), true, (fleet, runs) -> {
            Configuration first = fleet.firstOperator().newest();
            if (first.getNumber() != 1
                    || first.getShardsCount() != ShardLab5.SHARDS
                    || first.getGroupsCount() != 1
                    || !fleet.firstOperator().query(1).equals(Optional.of(first))) {
                throw new LabFailure("the fleet begins with %s", KeyCover.text(first));
            }
            for (Shard shard : first.getShardsList()) {
                if (shard.getGroup() != 1 || shard.getTarget() != 0 || shard.getEpoch() != 1) {
                    throw new LabFailure("the fleet begins with %s", KeyCover.text(first));
                }
            }
            ShardLab5.keys(fleet).checkAndAppendAll();
        });
    }

    @Test
    @DisplayName("TestStaticOneShardGroup5A")
    void staticOneShardGroup() {
        run("staticOneShardGroup", "TestStaticOneShardGroup5A", Shape.of(1, ShardLab5.SHARDS), true, (fleet, runs) -> {
            fleet.open(0);
            ShardKeys keys = ShardLab5.keys(fleet);
            fleet.leaderAt(0).crash();
            keys.checkAndAppendAll();
            keys.checkAll();
        });
    }

    @Test
    @DisplayName("TestJoinBasic5A")
    void joinBasic() {
        run("joinBasic", "TestJoinBasic5A", Shape.of(2, ShardLab5.SHARDS), false, (fleet, runs) -> {
            fleet.open(0);
            ShardKeys keys = ShardLab5.keys(fleet);
            Configuration before = fleet.firstOperator().newest();
            long joined = fleet.join(1);
            Configuration after = fleet.firstOperator().query(joined).orElseThrow();
            if (joined != before.getNumber() + 1
                    || after.getGroupsCount() != before.getGroupsCount() + 1
                    || !after.getShardsList().equals(before.getShardsList())) {
                throw new LabFailure("%s became %s by a join", KeyCover.text(before), KeyCover.text(after));
            }
            fleet.awaitDone(ShardLab5.MOVES_MILLIS);
            ShardLab5.checkMembers(fleet, 0, 1);
            keys.checkAll();
            // the data is really split
            for (int down = 0; down < 2; down++) {
                fleet.stop(down);
                ShardKeys.Asked asked = keys.getAllWithin(ShardLab5.QUIET_MILLIS, keys.within(fleet.owned(1 - down)));
                fleet.start(down);
                keys.awaitAll(asked);
            }
        });
    }

    @Test
    @DisplayName("TestDeleteBasic5A")
    void deleteBasic() {
        int bound = 10_000;
        Shape shape = Shape.of(2, ShardLab5.SHARDS).withTransfers(bound);
        run("deleteBasic", "TestDeleteBasic5A", shape, false, (fleet, runs) -> {
            fleet.open(0);
            ShardKeys keys = new ShardKeys(fleet, ShardLab5.KEYS).putAll(1_000);
            // the last ones reach all replicas
            fleet.sleep(1_000);
            long before = stored(fleet, 0);
            if (before < ShardLab5.KEYS * 1_000L) {
                throw new LabFailure("only %d bytes are there", before);
            }
            fleet.join(1);
            fleet.awaitDone(ShardLab5.MOVES_MILLIS);
            fleet.await(ShardLab5.MOVES_MILLIS, "what is left behind is deleted", fleet::isQuiet);
            keys.checkAll();
            runs.atMost("bytes more than before", stored(fleet, 0) + stored(fleet, 1) - before, bound);
        });
    }

    /** What the engine of that node of a place has that has the most. */
    private static long stored(ShardFleet fleet, int place) {
        return fleet.servers(place).stream()
                .mapToLong(ShardServer::engineBytes)
                .max()
                .orElseThrow();
    }

    @Test
    @DisplayName("TestJoinLeaveBasic5A")
    void joinLeaveBasic() {
        run("joinLeaveBasic", "TestJoinLeaveBasic5A", Shape.of(2, ShardLab5.SHARDS), true, (fleet, runs) -> {
            fleet.open(0);
            ShardKeys keys = ShardLab5.keys(fleet);
            fleet.join(1);
            fleet.awaitDone(ShardLab5.MOVES_MILLIS);
            keys.checkAll();
            fleet.leave(0);
            fleet.awaitDone(ShardLab5.MOVES_MILLIS);
            ShardLab5.checkMembers(fleet, 1);
            fleet.stop(0);
            keys.checkAll();
            fleet.start(0);
            fleet.join(0);
            fleet.awaitDone(ShardLab5.MOVES_MILLIS);
            ShardLab5.checkMembers(fleet, 0, 1);
            keys.checkAll();
        });
    }

    @Test
    @DisplayName("TestManyJoinLeaveReliable5A")
    void manyJoinLeaveReliable() {
        manyJoinLeave("manyJoinLeaveReliable", "TestManyJoinLeaveReliable5A", LabNet.RELIABLE);
    }

    @Test
    @DisplayName("TestManyJoinLeaveUnreliable5A")
    void manyJoinLeaveUnreliable() {
        manyJoinLeave("manyJoinLeaveUnreliable", "TestManyJoinLeaveUnreliable5A", LabNet.UNRELIABLE);
    }

    private static void manyJoinLeave(String method, String name, LabNet net) {
        int groups = 8;
        Shape shape = Shape.of(groups, ShardLab5.SHARDS)
                .sharing(ShardLab5.SHARED_NODES)
                .on(net);
        run(method, name, shape, false, (fleet, runs) -> {
            fleet.open(0);
            ShardKeys keys = ShardLab5.keys(fleet);
            for (int place = 1; place < groups; place++) {
                fleet.join(place);
                fleet.sleep(ShardLab5.CHANGE_MILLIS);
            }
            runs.measure("milliseconds until all have their share", fleet.awaitDone(2 * ShardLab5.MOVES_MILLIS), 0);
            ShardLab5.checkMembers(fleet, 0, 1, 2, 3, 4, 5, 6, 7);
            keys.checkAll();
            for (int place = groups - 1; place > 0; place--) {
                fleet.leave(place);
                fleet.sleep(ShardLab5.CHANGE_MILLIS);
            }
            runs.measure("milliseconds until one has all", fleet.awaitDone(2 * ShardLab5.MOVES_MILLIS), 0);
            ShardLab5.checkMembers(fleet, 0);
            keys.checkAll();
        });
    }

    @Test
    @DisplayName("TestShutdown5A")
    void shutdown() {
        Shape shape = Shape.of(4, ShardLab5.SHARDS).sharing(ShardLab5.SHARED_NODES);
        run("shutdown", "TestShutdown5A", shape, true, (fleet, runs) -> {
            fleet.open(0, 1, 2, 3);
            ShardKeys keys = ShardLab5.keys(fleet);
            fleet.stop(0, 1, 2, 3);
            fleet.start(0, 1, 2, 3);
            keys.checkAll();
        });
    }

    @Test
    @DisplayName("TestProgressShutdown5A")
    void progressShutdown() {
        // the groups at 0 and 3 are on the same nodes, and those at 1 and 4
        Shape shape = Shape.of(5, ShardLab5.SHARDS).sharing(9);
        run("progressShutdown", "TestProgressShutdown5A", shape, false, (fleet, runs) -> {
            fleet.open(0, 1, 2, 3, 4);
            ShardKeys keys = ShardLab5.keys(fleet);
            fleet.stop(0);
            List<Integer> living = new ArrayList<>();
            for (int place : List.of(1, 2, 4)) {
                living.addAll(keys.within(fleet.owned(place)));
            }
            ShardKeys.Asked asked = keys.getAllWithin(
                    ShardLab5.QUIET_MILLIS, living.stream().sorted().toList());
            runs.measure("milliseconds until those were read that live", asked.slowestMillis(), 0);
            fleet.start(0);
            keys.awaitAll(asked);
        });
    }

    @Test
    @DisplayName("TestProgressJoin5A")
    void progressJoin() {
        run("progressJoin", "TestProgressJoin5A", Shape.of(3, ShardLab5.SHARDS), false, (fleet, runs) -> {
            fleet.open(0, 1);
            ShardKeys keys = ShardLab5.keys(fleet);
            Reader reader = new Reader(fleet, keys);
            reader.begin();
            double end = fleet.seconds() + 4;
            int changes = 0;
            while (fleet.seconds() < end) {
                if (fleet.group(2) == 0) {
                    fleet.join(2);
                } else {
                    fleet.leave(2);
                }
                fleet.awaitDone(ShardLab5.MOVES_MILLIS);
                changes++;
            }
            reader.stop();
            runs.measure("joins and leaves", changes, 0);
            runs.measure("gets of shards that stay, while others of their groups move", reader.gets, 0);
            runs.measure("milliseconds for the slowest of them", reader.slowest, 0);
            if (reader.gets < 100) {
                throw new LabFailure("only %d gets of shards that stay", reader.gets);
            }
            keys.checkAll();
        });
    }

    /** Gets one key after the other, and counts those whose shard stays in a group that gives or gets others meanwhile. */
    private static final class Reader {
        private final ShardFleet fleet;
        private final ShardKeys keys;
        private final Clerk clerk;
        private boolean stopping;
        private boolean done;
        private int next;
        private long gets;
        private long slowest;

        Reader(ShardFleet fleet, ShardKeys keys) {
            this.fleet = fleet;
            this.keys = keys;
            this.clerk = fleet.clerk();
        }

        void begin() {
            if (stopping) {
                done = true;
                return;
            }
            int key = next++ % keys.count();
            boolean counts = stays(key);
            long asked = fleet.millis();
            clerk.get(keys.key(key), value -> {
                if (!value.equals(keys.value(key))) {
                    throw new LabFailure("get(%s): expected: %s, received: %s", keys.key(key), keys.value(key), value);
                }
                if (counts && stays(key)) {
                    gets++;
                    slowest = Math.max(slowest, fleet.millis() - asked);
                }
                fleet.later(2, this::begin);
            });
        }

        private boolean stays(int key) {
            List<Shard> shards = fleet.shown().getShardsList();
            Shard shard = shards.get(key / (keys.count() / ShardLab5.SHARDS));
            return shard.getTarget() == 0
                    && shards.stream()
                            .anyMatch(other -> other.getTarget() != 0
                                    && (other.getGroup() == shard.getGroup() || other.getTarget() == shard.getGroup()));
        }

        void stop() {
            stopping = true;
            fleet.await(10_000, "the last get is answered", () -> done);
        }
    }

    @Test
    @DisplayName("TestOneConcurrentClerkReliable5A")
    void oneConcurrentClerkReliable() {
        concurrent("oneConcurrentClerkReliable", "TestOneConcurrentClerkReliable5A", 1, LabNet.RELIABLE);
    }

    @Test
    @DisplayName("TestManyConcurrentClerkReliable5A")
    void manyConcurrentClerkReliable() {
        concurrent("manyConcurrentClerkReliable", "TestManyConcurrentClerkReliable5A", 10, LabNet.RELIABLE);
    }

    @Test
    @DisplayName("TestOneConcurrentClerkUnreliable5A")
    void oneConcurrentClerkUnreliable() {
        concurrent("oneConcurrentClerkUnreliable", "TestOneConcurrentClerkUnreliable5A", 1, LabNet.UNRELIABLE);
    }

    @Test
    @DisplayName("TestManyConcurrentClerkUnreliable5A")
    void manyConcurrentClerkUnreliable() {
        concurrent("manyConcurrentClerkUnreliable", "TestManyConcurrentClerkUnreliable5A", 10, LabNet.UNRELIABLE);
    }

    private static void concurrent(String method, String name, int clerks, LabNet net) {
        int groups = 5;
        Shape shape = Shape.of(groups, ShardLab5.SHARDS)
                .sharing(ShardLab5.SHARED_NODES)
                .on(net);
        run(method, name, shape, true, (fleet, runs) -> {
            fleet.open(0);
            ShardClerks work = new ShardClerks(fleet, Work.MIXED, clerks, ShardLab5.SHARDS, 50);
            for (int place = 1; place < groups; place++) {
                fleet.join(place);
                fleet.sleep(ShardLab5.CHANGE_MILLIS);
            }
            fleet.sleep(1_000);
            for (int place = 1; place < groups; place++) {
                fleet.leave(place);
                fleet.sleep(ShardLab5.CHANGE_MILLIS);
            }
            fleet.awaitDone(ShardLab5.MOVES_MILLIS);
            work.stop();
            work.checkProgress(5);
            runs.measure("operations", work.operations(), 0);
            runs.measure("milliseconds for the slowest of them", work.slowestMillis(), 0);
            ShardLab5.checkMembers(fleet, 0);
        });
    }
}
