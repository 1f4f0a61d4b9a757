package io.flotilla.it.lab;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.FleetChangeRequest;
import io.flotilla.it.lab.ShardClerks.Work;
import io.flotilla.it.lab.ShardFleet.Shape;
import io.flotilla.raft.lab.LabFailure;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Several controllers at a time: operators who all want something else, and leaders of the controller's group that were superseded. */
@Timeout(value = 1, unit = TimeUnit.DAYS)
class ShardKv5CTest {
    private static final int OPERATORS = 4;
    private static final int MOST_GROUPS = 6;
    private static final long SLEEP_MILLIS = 25_000;

    @Test
    @DisplayName("TestConcurrentReliable5C")
    void concurrentReliable() {
        concurrent("concurrentReliable", "TestConcurrentReliable5C", LabNet.RELIABLE);
    }

    @Test
    @DisplayName("TestAcquireLockConcurrentUnreliable5C")
    void acquireLockConcurrentUnreliable() {
        concurrent("acquireLockConcurrentUnreliable", "TestAcquireLockConcurrentUnreliable5C", LabNet.UNRELIABLE);
    }

    private static void concurrent(String method, String name, LabNet net) {
        Shape shape =
                Shape.of(3, ShardLab5.SHARDS).sharing(ShardLab5.SHARED_NODES).on(net);
        ShardLab5.run("ShardKv5CTest#" + method, name, shape, true, (fleet, runs) -> {
            fleet.open(0);
            ShardKeys keys = ShardLab5.keys(fleet);
            ShardClerks clerks = new ShardClerks(fleet, Work.MIXED, 2, ShardLab5.SHARDS, 50);
            Fighters fighters = new Fighters(fleet);
            fleet.sleep(2_000);
            fighters.stop();
            runs.measure("changes made", fighters.made, 0);
            runs.measure("changes refused", fighters.refused, 0);
            fleet.awaitSettled(2 * ShardLab5.MOVES_MILLIS);
            clerks.stop();
            KeyCover.check(fleet.firstOperator().newest());
            keys.checkAll();
        });
    }

    /** Operators who each want something else, one thing after the other. */
    private static final class Fighters {
        private final ShardFleet fleet;
        private final SplittableRandom random;
        private boolean stopping;
        private int working;
        private long made;
        private long refused;

        Fighters(ShardFleet fleet) {
            this.fleet = fleet;
            this.random = fleet.random().split();
            for (int i = 0; i < OPERATORS; i++) {
                working++;
                next(fleet.operator());
            }
        }

        private void next(FleetOperator operator) {
            if (stopping) {
                working--;
                return;
            }
            operator.change(
                    something(),
                    reply -> {
                        made++;
                        again(operator);
                    },
                    line -> {
                        refused++;
                        again(operator);
                    });
        }

        private void again(FleetOperator operator) {
            fleet.later(1 + random.nextInt(100), () -> next(operator));
        }

        private FleetChangeRequest.Builder something() {
            Configuration seen = fleet.shown();
            int groups = seen.getGroupsCount();
            long group = seen.getGroups(random.nextInt(groups)).getId();
            long shard = seen.getShards(random.nextInt(seen.getShardsCount())).getId();
            int choice = random.nextInt(100);
            if (choice < 25 && groups < MOST_GROUPS) {
                return FleetOperator.join(fleet.nodes(random.nextInt(3)));
            } else if (choice < 45) {
                return FleetOperator.leave(group);
            } else if (choice < 75) {
                return FleetOperator.move(shard, group);
            } else if (choice < 90) {
                return FleetOperator.cancel(shard);
            }
            return FleetOperator.rebalance();
        }

        void stop() {
            stopping = true;
            fleet.await(60_000, "all operators are answered", () -> working == 0);
        }
    }

    @Test
    @DisplayName("TestPartitionControllerJoin5C")
    void partitionControllerJoin() {
        Shape shape = Shape.of(2, ShardLab5.SHARDS);
        ShardLab5.run(
                "ShardKv5CTest#partitionControllerJoin",
                "TestPartitionControllerJoin5C",
                shape,
                true,
                (fleet, runs) -> {
                    fleet.open(0);
                    ShardKeys keys = ShardLab5.keys(fleet);
                    fleet.stop(0);
                    fleet.join(1);
                    fleet.await(ShardLab5.MOVES_MILLIS, "the shards have their targets", () -> fleet.coming(1) > 0);
                    // in the middle of the join its controller falls asleep, or is alone
                    ShardServer old = fleet.leader(0);
                    boolean sleeps = fleet.random().nextBoolean();
                    long wakes = fleet.millis() + SLEEP_MILLIS;
                    if (sleeps) {
                        old.pause(SLEEP_MILLIS);
                    } else {
                        fleet.cutOff(old);
                    }
                    fleet.awaitLeaderAfter(old, 0);
                    fleet.start(0);
                    fleet.awaitDone(ShardLab5.MOVES_MILLIS);
                    ShardLab5.checkMembers(fleet, 0, 1);
                    fleet.leave(1);
                    fleet.awaitDone(ShardLab5.MOVES_MILLIS);
                    ShardLab5.checkMembers(fleet, 0);
                    fleet.await(ShardLab5.MOVES_MILLIS, "no move is left", fleet::isQuiet);
                    Configuration before = fleet.firstOperator().newest();
                    if (!sleeps) {
                        fleet.reconnect(old);
                    }
                    fleet.sleep(5_000 + (sleeps ? Math.max(0, wakes - fleet.millis()) : 0));
                    // it neither brings to an end nor undoes what others have done
                    Configuration after = fleet.firstOperator().newest();
                    if (!after.equals(before)) {
                        throw new LabFailure("%s became %s", KeyCover.text(before), KeyCover.text(after));
                    }
                    keys.checkAll();
                });
    }

    @Test
    @DisplayName("TestPartitionRecoveryReliableNoClerk5C")
    void partitionRecoveryReliableNoClerk() {
        recovery("partitionRecoveryReliableNoClerk", "TestPartitionRecoveryReliableNoClerk5C", 5, 0, LabNet.RELIABLE);
    }

    @Test
    @DisplayName("TestPartitionRecoveryUnreliableNoClerk5C")
    void partitionRecoveryUnreliableNoClerk() {
        recovery(
                "partitionRecoveryUnreliableNoClerk",
                "TestPartitionRecoveryUnreliableNoClerk5C",
                3,
                0,
                LabNet.UNRELIABLE);
    }

    @Test
    @DisplayName("TestPartitionRecoveryReliableClerks5C")
    void partitionRecoveryReliableClerks() {
        recovery("partitionRecoveryReliableClerks", "TestPartitionRecoveryReliableClerks5C", 5, 5, LabNet.RELIABLE);
    }

    @Test
    @DisplayName("TestPartitionRecoveryUnreliableClerks5C")
    void partitionRecoveryUnreliableClerks() {
        recovery(
                "partitionRecoveryUnreliableClerks",
                "TestPartitionRecoveryUnreliableClerks5C",
                3,
                5,
                LabNet.UNRELIABLE);
    }

    private static void recovery(String method, String name, int partitions, int clerks, LabNet net) {
        Shape shape = Shape.of(2, ShardLab5.SHARDS).on(net);
        ShardLab5.run("ShardKv5CTest#" + method, name, shape, true, (fleet, runs) -> {
            fleet.open(0);
            ShardKeys keys = ShardLab5.keys(fleet);
            ShardClerks work = new ShardClerks(fleet, Work.MIXED, clerks, ShardLab5.SHARDS, 100);
            ShardServer old = null;
            for (int i = 0; i < partitions; i++) {
                boolean joins = fleet.group(1) == 0;
                if (joins) {
                    fleet.join(1);
                } else {
                    fleet.leave(1);
                }
                fleet.sleepUpTo(800);
                ShardServer cut = fleet.leader(0);
                fleet.cutOff(cut);
                // the one before comes back while this one goes
                if (old != null && old != cut) {
                    fleet.reconnect(old);
                }
                old = cut;
                fleet.awaitLeaderAfter(cut, 0);
                runs.measure("milliseconds until the change is done", fleet.awaitDone(ShardLab5.MOVES_MILLIS), 0);
                ShardLab5.checkMembers(fleet, joins ? new int[] {0, 1} : new int[] {0});
                keys.checkAll();
            }
            fleet.reconnect(old);
            work.stop();
            if (clerks > 0) {
                work.checkProgress(5);
                runs.measure("operations", work.operations(), 0);
            }
            keys.checkAll();
        });
    }
}
