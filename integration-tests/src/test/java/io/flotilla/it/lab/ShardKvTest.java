package io.flotilla.it.lab;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Get;
import io.flotilla.client.proto.MultiGet;
import io.flotilla.client.proto.ReadRequest;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.Shard;
import io.flotilla.client.proto.ShardRef;
import io.flotilla.it.lab.ShardClerks.Work;
import io.flotilla.it.lab.ShardFleet.Shape;
import io.flotilla.raft.lab.LabFailure;
import io.flotilla.raft.lab.LabRuns;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Groups that hand shards to each other. The labs' groups 100, 101 and 102 are those at the places 0, 1 and 2. */
@Timeout(value = 1, unit = TimeUnit.DAYS)
class ShardKvTest {
    private static final int SHARDS = 10;
    private static final int QUIET_MILLIS = 2_000;
    private static final int LOOK_MILLIS = 3_000;
    /** By then all that was asked for is done, if nothing is broken. */
    private static final int MOVES_MILLIS = 30_000;

    /** Higher than the bound that the labs set, which one command that carries several writes would pass. */
    private static final int SMALL = 1_000;
    /** A log lets go of each entry as soon as it can. */
    private static final int EACH_ENTRY = 1;

    /** @param reorders whether every third seed has the network that reorders */
    private static void run(
            String method, String name, Shape shape, boolean reorders, LabRuns.WorldBody<ShardFleet> body) {
        LabRuns.<ShardFleet>repeat(
                "integration-tests",
                "ShardKvTest#" + method,
                name,
                (seed, timing) ->
                        new ShardFleet(seed, timing, reorders ? shape.on(LabNet.of(seed, shape.net())) : shape),
                (fleet, runs) -> {
                    body.run(fleet.found(), runs);
                    if (shape.maxStateBytes() != EACH_ENTRY) {
                        fleet.checkLogs(runs);
                    }
                });
    }

    @Test
    @DisplayName("TestStaticShards")
    void staticShards() {
        run("staticShards", "TestStaticShards", Shape.of(2, SHARDS), false, (fleet, runs) -> {
            fleet.open(0, 1);
            ShardKeys keys = new ShardKeys(fleet, SHARDS).putAll(20);
            keys.checkAll();
            // the data is really split: with one group down only the other's half can be read
            fleet.stop(1);
            List<Integer> there = keys.within(fleet.owned(0));
            if (there.size() != SHARDS / 2) {
                throw new LabFailure("group %d has the keys %s", fleet.group(0), there);
            }
            ShardKeys.Asked asked = keys.getAllWithin(QUIET_MILLIS, there);
            runs.measure("milliseconds until the living half was read", asked.slowestMillis(), 0);
            fleet.start(1);
            keys.awaitAll(asked);
            keys.checkAll();
        });
    }

    @Test
    @DisplayName("TestRejection")
    void rejection() {
        run("rejection", "TestRejection", Shape.of(2, SHARDS), false, (fleet, runs) -> {
            fleet.open(0, 1);
            ShardKeys keys = new ShardKeys(fleet, SHARDS).putAll(20);
            FleetOperator liar = fleet.operator();
            List<Integer> there = keys.within(fleet.owned(0));
            String leader = fleet.leaderAt(0).address();
            List<Integer> read = new ArrayList<>();
            for (int i = 0; i < SHARDS; i++) {
                Shard shard = fleet.shown().getShards(i);
                // whoever believes that the first group has everything, as of now or as of before
                for (long epoch = 1; epoch <= shard.getEpoch() + 1; epoch++) {
                    ShardRef claimed = ShardRef.newBuilder()
                            .setId(shard.getId())
                            .setEpoch(epoch)
                            .setGroup(fleet.group(0))
                            .build();
                    boolean isTrue = there.contains(i) && epoch == shard.getEpoch();
                    if (isRead(liar, leader, claimed, keys.key(i), keys.value(i), isTrue)) {
                        read.add(i);
                    }
                }
            }
            if (there.size() != SHARDS / 2 || !read.equals(there)) {
                throw new LabFailure("the first group has the keys %s, read were %s", there, read);
            }
        });
    }

    /** Whether the value was told; it must be if the claim is true, else the claim must be refused, whatever is read. */
    private static boolean isRead(
            FleetOperator liar, String leader, ShardRef claimed, String key, String value, boolean isTrue) {
        Response response = liar.call(
                        leader,
                        Request.newBuilder()
                                .setRead(ReadRequest.newBuilder()
                                        .setShard(claimed)
                                        .setGet(Get.newBuilder().setKey(bytes(key))))
                                .build())
                .orElseThrow(() -> new LabFailure("the leader did not answer"));
        Response many = liar.call(
                        leader,
                        Request.newBuilder()
                                .setRead(ReadRequest.newBuilder()
                                        .setShard(claimed)
                                        .setMultiGet(MultiGet.newBuilder().addKeys(bytes(key))))
                                .build())
                .orElseThrow(() -> new LabFailure("the leader did not answer"));
        boolean told = response.hasRead()
                && many.hasRead()
                && response.getRead().getGet().getValue().equals(bytes(value));
        boolean refused = response.getRefusal().getKind() == Refusal.Kind.STALE_ROUTE
                && many.getRefusal().getKind() == Refusal.Kind.STALE_ROUTE;
        if (told == isTrue && refused != isTrue) {
            return told;
        }
        throw new LabFailure("%s, which is %s, was answered by%n%s%s", claimed, isTrue, response, many);
    }

    private static ByteString bytes(String text) {
        return ByteString.copyFrom(text, StandardCharsets.ISO_8859_1);
    }

    @Test
    @DisplayName("TestJoinLeave")
    void joinLeave() {
        run("joinLeave", "TestJoinLeave", Shape.of(2, SHARDS), true, (fleet, runs) -> {
            fleet.open(0);
            ShardKeys keys = new ShardKeys(fleet, SHARDS).putAll(5);
            keys.checkAll();
            fleet.join(1);
            keys.checkAndAppendAll();
            fleet.leave(0);
            keys.checkAndAppendAll();
            runs.measure("milliseconds until all had moved", fleet.awaitDone(MOVES_MILLIS), 0);
            fleet.stop(0);
            keys.checkAll();
        });
    }

    @Test
    @DisplayName("TestSnapshot")
    void snapshot() {
        run("snapshot", "TestSnapshot", Shape.of(3, SHARDS).withTransfers(1_000), true, (fleet, runs) -> {
            fleet.open(0);
            ShardKeys keys = new ShardKeys(fleet, 30).putAll(20);
            keys.checkAll();
            fleet.join(1, 2);
            fleet.leave(0);
            keys.checkAndAppendAll();
            fleet.leave(1);
            fleet.join(0);
            keys.checkAndAppendAll();
            keys.checkAll();
            fleet.awaitDone(MOVES_MILLIS);
            fleet.checkLogs(runs);
            fleet.stop(0, 1, 2);
            fleet.start(0, 1, 2);
            keys.checkAll();
            if (!fleet.hasSnapshots()) {
                throw new LabFailure("no log was cut");
            }
        });
    }

    @Test
    @DisplayName("TestMissChange")
    void missChange() {
        run("missChange", "TestMissChange", Shape.of(3, SHARDS), true, (fleet, runs) -> {
            fleet.open(0);
            ShardKeys keys = new ShardKeys(fleet, SHARDS).putAll(20);
            keys.checkAll();
            fleet.join(1);
            each(fleet, 0, false);
            fleet.join(2);
            fleet.leave(1);
            fleet.leave(0);
            keys.checkAndAppendAll();
            fleet.join(1);
            keys.checkAndAppendAll();
            fleet.awaitDone(MOVES_MILLIS);
            each(fleet, 0, true);
            keys.checkAndAppendAll();
            fleet.sleep(2_000);
            // whoever missed it all is needed now
            each(fleet, 1, false);
            fleet.join(0);
            fleet.leave(2);
            keys.checkAndAppendAll();
            fleet.awaitDone(MOVES_MILLIS);
            keys.checkAll();
            each(fleet, 1, true);
            keys.checkAll();
        });
    }

    /** One server of each place stops or starts. */
    private static void each(ShardFleet fleet, int number, boolean starts) {
        for (int place = 0; place < 3; place++) {
            ShardServer server = fleet.servers(place).get(number);
            if (starts) {
                server.start();
            } else {
                server.crash();
            }
        }
    }

    @Test
    @DisplayName("TestConcurrent1")
    void concurrent1() {
        run("concurrent1", "TestConcurrent1", Shape.of(3, SHARDS).withTransfers(SMALL), true, (fleet, runs) -> {
            fleet.open(0);
            ShardClerks clerks = new ShardClerks(fleet, Work.APPEND, 10, SHARDS, 60);
            fleet.sleep(150);
            fleet.join(1);
            fleet.sleep(500);
            fleet.join(2);
            fleet.sleep(500);
            fleet.leave(0);
            fleet.sleep(500);
            fleet.stop(0);
            fleet.sleep(100);
            fleet.stop(1);
            fleet.sleep(100);
            fleet.stop(2);
            fleet.leave(2);
            fleet.sleep(100);
            fleet.start(0, 1, 2);
            fleet.sleep(100);
            fleet.join(0);
            fleet.leave(1);
            fleet.sleep(500);
            fleet.join(1);
            fleet.sleep(1_000);
            end(clerks, runs);
        });
    }

    private static void end(ShardClerks clerks, LabRuns runs) {
        clerks.stop();
        clerks.check();
        clerks.checkProgress(2);
        runs.measure("appends", clerks.operations(), 0);
        runs.measure("milliseconds for the slowest append", clerks.slowestMillis(), 0);
    }

    @Test
    @DisplayName("TestConcurrent2")
    void concurrent2() {
        run("concurrent2", "TestConcurrent2", Shape.of(3, SHARDS), true, (fleet, runs) -> {
            fleet.open(0, 1, 2);
            ShardClerks clerks = new ShardClerks(fleet, Work.APPEND, 10, SHARDS, 100);
            fleet.leave(0);
            fleet.leave(2);
            fleet.sleep(3_000);
            fleet.join(0, 2);
            fleet.leave(1);
            fleet.sleep(3_000);
            fleet.join(1);
            fleet.leave(0);
            fleet.leave(2);
            fleet.sleep(3_000);
            fleet.stop(1, 2);
            fleet.sleep(1_000);
            fleet.start(1, 2);
            fleet.sleep(2_000);
            end(clerks, runs);
        });
    }

    @Test
    @DisplayName("TestConcurrent3")
    void concurrent3() {
        run("concurrent3", "TestConcurrent3", Shape.of(3, SHARDS).withTransfers(SMALL), true, (fleet, runs) -> {
            fleet.open(0);
            ShardClerks clerks = new ShardClerks(fleet, Work.APPEND, 10, SHARDS, 50);
            double end = fleet.seconds() + 12;
            int rounds = 0;
            while (fleet.seconds() < end) {
                fleet.join(2);
                fleet.join(1);
                fleet.sleepUpTo(900);
                fleet.stop(0, 1, 2);
                fleet.start(0, 1, 2);
                fleet.sleepUpTo(900);
                fleet.leave(1);
                fleet.leave(2);
                fleet.sleepUpTo(900);
                rounds++;
            }
            runs.measure("rounds", rounds, 0);
            end(clerks, runs);
        });
    }

    @Test
    @DisplayName("TestUnreliable1")
    void unreliable1() {
        Shape shape = Shape.of(3, SHARDS).withTransfers(SMALL).on(LabNet.UNRELIABLE);
        run("unreliable1", "TestUnreliable1", shape, true, (fleet, runs) -> {
            fleet.open(0);
            ShardKeys keys = new ShardKeys(fleet, SHARDS).putAll(5);
            fleet.join(1);
            fleet.join(2);
            fleet.leave(0);
            keys.checkAndAppendAll();
            keys.checkAndAppendAll();
            fleet.join(0);
            fleet.leave(1);
            keys.checkAll();
            runs.measure("milliseconds until all had moved", fleet.awaitDone(2 * MOVES_MILLIS), 0);
            keys.checkAll();
        });
    }

    @Test
    @DisplayName("TestUnreliable2")
    void unreliable2() {
        Shape shape = Shape.of(3, SHARDS).withTransfers(SMALL).on(LabNet.UNRELIABLE);
        run("unreliable2", "TestUnreliable2", shape, true, (fleet, runs) -> {
            ShardClerks clerks = churn(fleet, Work.APPEND);
            fleet.setNet(LabNet.RELIABLE);
            end(clerks, runs);
        });
    }

    private static ShardClerks churn(ShardFleet fleet, Work work) {
        fleet.open(0);
        ShardClerks clerks = new ShardClerks(fleet, work, 10, SHARDS, 50);
        fleet.sleep(150);
        fleet.join(1);
        fleet.sleep(500);
        fleet.join(2);
        fleet.sleep(500);
        fleet.leave(0);
        fleet.sleep(500);
        fleet.leave(1);
        fleet.sleep(500);
        fleet.join(1);
        fleet.join(0);
        fleet.sleep(2_000);
        return clerks;
    }

    @Test
    @DisplayName("TestUnreliable3")
    void unreliable3() {
        Shape shape = Shape.of(3, SHARDS).withTransfers(SMALL).on(LabNet.UNRELIABLE);
        run("unreliable3", "TestUnreliable3", shape, true, (fleet, runs) -> {
            ShardClerks clerks = churn(fleet, Work.MIXED);
            clerks.stop();
            clerks.checkProgress(3);
            runs.measure("operations", clerks.operations(), 0);
        });
    }

    @Test
    @DisplayName("TestChallenge1Delete")
    void challenge1Delete() {
        int count = 30;
        int length = 1_000;
        run(
                "challenge1Delete",
                "TestChallenge1Delete",
                Shape.of(3, SHARDS).withTransfers(EACH_ENTRY),
                false,
                (fleet, runs) -> {
                    fleet.open(0);
                    ShardKeys keys = new ShardKeys(fleet, count).putAll(length);
                    for (int round = 0; round < 2; round++) {
                        fleet.join(1);
                        fleet.leave(0);
                        fleet.join(2);
                        fleet.awaitDone(MOVES_MILLIS);
                        keys.checkAll();
                        fleet.leave(1);
                        fleet.join(0);
                        fleet.awaitDone(MOVES_MILLIS);
                        fleet.leave(2);
                        fleet.awaitDone(MOVES_MILLIS);
                        keys.checkAll();
                    }
                    fleet.join(1, 2);
                    fleet.awaitDone(MOVES_MILLIS);
                    fleet.await(MOVES_MILLIS, "everything that is left behind is deleted", fleet::isQuiet);
                    for (int i = 0; i < 3; i++) {
                        fleet.sleep(1_000);
                        keys.checkAll();
                    }
                    long stored = fleet.servers().stream()
                            .mapToLong(ShardServer::storedBytes)
                            .sum();
                    long limit = 3L * ((count - 3) * length + 2 * 3 * length + 6_000);
                    runs.atMost("bytes of logs and rows on all nodes", stored, limit);
                    keys.checkAll();
                });
    }

    @Test
    @DisplayName("TestChallenge2Unaffected")
    void challenge2Unaffected() {
        Shape shape = Shape.of(2, SHARDS).on(LabNet.UNRELIABLE);
        run("challenge2Unaffected", "TestChallenge2Unaffected", shape, false, (fleet, runs) -> {
            fleet.open(0);
            ShardKeys keys = new ShardKeys(fleet, SHARDS).putAll(5);
            fleet.join(1);
            fleet.awaitDone(MOVES_MILLIS);
            List<Integer> there = keys.within(fleet.owned(1));
            if (there.size() != SHARDS / 2) {
                throw new LabFailure("group %d has the keys %s", fleet.group(1), there);
            }
            fleet.stop(0);
            fleet.leave(0);
            long begin = fleet.millis();
            for (int i : there) {
                keys.check(keys.key(i));
                keys.checkAndAppend(keys.key(i));
                keys.check(keys.key(i));
            }
            long each = (fleet.millis() - begin) / (there.size() * 4L);
            runs.measure("milliseconds for an operation on a shard that stays", each, 0);
        });
    }

    @Test
    @DisplayName("TestChallenge2Partial")
    void challenge2Partial() {
        Shape shape = Shape.of(3, SHARDS).on(LabNet.UNRELIABLE);
        run("challenge2Partial", "TestChallenge2Partial", shape, false, (fleet, runs) -> {
            fleet.open(0, 1, 2);
            ShardKeys keys = new ShardKeys(fleet, SHARDS).putAll(5);
            List<Integer> there = keys.within(fleet.owned(2));
            fleet.stop(0);
            fleet.leave(0, 2);
            long begin = fleet.millis();
            fleet.await(
                    MOVES_MILLIS,
                    "group " + fleet.group(1) + " has what it can get",
                    () -> keys.within(fleet.owned(1)).containsAll(there));
            long waited = fleet.millis() - begin;
            // the labs look after three seconds; on this network it is chance whether an election comes in between
            runs.measure("milliseconds until the shards that can come have come", waited, LOOK_MILLIS);
            runs.measure("runs in a hundred in which that took longer", waited > LOOK_MILLIS ? 100 : 0, 0);
            if (fleet.isSettled()) {
                throw new LabFailure("shards came from a group that is down: %s", KeyCover.text(fleet.shown()));
            }
            for (int i : there) {
                keys.checkAndAppend(keys.key(i));
                keys.check(keys.key(i));
            }
        });
    }
}
