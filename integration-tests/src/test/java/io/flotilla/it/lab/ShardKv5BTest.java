package io.flotilla.it.lab;

import io.flotilla.client.proto.Configuration;
import io.flotilla.it.lab.ShardFleet.Shape;
import io.flotilla.raft.lab.LabFailure;
import io.flotilla.raft.lab.LabRuns;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Controllers that fail while shards move: the labs' controller is the leader of the controller's group here. */
@Timeout(value = 1, unit = TimeUnit.DAYS)
class ShardKv5BTest {
    /** What the labs give a change once nothing hinders it any more. */
    private static final int CHANGE_LIMIT_MILLIS = 2_000;
    /** What questions may take in vain: to the owner, for a source, to the controller. */
    private static final int QUESTIONS_MILLIS = 2_000;

    @Test
    @DisplayName("TestJoinLeave5B")
    void joinLeave() {
        Shape shape = Shape.of(2, ShardLab5.SHARDS);
        ShardLab5.run("ShardKv5BTest#joinLeave", "TestJoinLeave5B", shape, false, ShardKv5BTest::joinLeave);
    }

    private static void joinLeave(ShardFleet fleet, LabRuns runs) {
        fleet.open(0);
        ShardKeys keys = ShardLab5.keys(fleet);
        // a join must not end while the group is down that has the shards
        fleet.stop(0);
        fleet.join(1);
        fleet.await(
                ShardLab5.MOVES_MILLIS, "the shards have their targets", () -> fleet.coming(1) == ShardLab5.SHARDS / 2);
        fleet.sleep(CHANGE_LIMIT_MILLIS);
        if (fleet.isSettled() || !fleet.owned(1).isEmpty() || fleet.coming(1) != ShardLab5.SHARDS / 2) {
            throw new LabFailure("shards came from a group that is down: %s", KeyCover.text(fleet.shown()));
        }
        fleet.start(0);
        // from the new leader on: how long an election takes is chance
        fleet.leaderAt(0);
        checkSoonDone(fleet, runs, "join");
        ShardLab5.checkMembers(fleet, 0, 1);
        keys.checkAll();
        // nor a leave while the one is down that gets them
        fleet.stop(1);
        long left = fleet.group(0);
        fleet.leave(0);
        fleet.sleep(CHANGE_LIMIT_MILLIS);
        Configuration held = fleet.firstOperator().newest();
        if (held.getShardsList().stream()
                        .filter(shard -> shard.getGroup() == left && shard.getTarget() == fleet.group(1))
                        .count()
                != ShardLab5.SHARDS / 2) {
            throw new LabFailure("shards went to a group that is down: %s", KeyCover.text(held));
        }
        fleet.start(1);
        fleet.leaderAt(1);
        checkSoonDone(fleet, runs, "leave");
        ShardLab5.checkMembers(fleet, 1);
        fleet.stop(0);
        keys.checkAll();
    }

    /** The labs' controller is told at once; here three parties ask again after half a second to one. */
    private static void checkSoonDone(ShardFleet fleet, LabRuns runs, String what) {
        long waited = fleet.awaitDone(CHANGE_LIMIT_MILLIS + QUESTIONS_MILLIS);
        runs.measure("milliseconds for a " + what + " that was held up", waited, CHANGE_LIMIT_MILLIS);
        runs.measure(
                "runs in a hundred in which a " + what + " took longer", waited > CHANGE_LIMIT_MILLIS ? 100 : 0, 0);
    }

    @Test
    @DisplayName("TestRecoverCtrler5B")
    void recoverCtrler() {
        Shape shape = Shape.of(2, ShardLab5.SHARDS);
        ShardLab5.run("ShardKv5BTest#recoverCtrler", "TestRecoverCtrler5B", shape, true, (fleet, runs) -> {
            fleet.open(0);
            ShardKeys keys = ShardLab5.keys(fleet);
            for (int i = 0; i < 5; i++) {
                // the change gets stuck, and the controller is cut off
                fleet.stop(0);
                boolean joins = fleet.group(1) == 0;
                if (joins) {
                    fleet.join(1);
                    fleet.await(ShardLab5.MOVES_MILLIS, "the shards have their targets", () -> fleet.coming(1) > 0);
                } else {
                    fleet.leave(1);
                }
                long number = fleet.shown().getNumber();
                ShardServer old = fleet.leader(0);
                fleet.cutOff(old);
                fleet.awaitLeaderAfter(old, 0);
                if (fleet.isSettled()) {
                    throw new LabFailure("a change ended while group %d is down", fleet.group(0));
                }
                // the next one brings the same change to its end
                fleet.start(0);
                runs.measure("milliseconds until the change is done", fleet.awaitDone(ShardLab5.MOVES_MILLIS), 0);
                if (fleet.shown().getNumber() <= number) {
                    throw new LabFailure("the number stays at %d", number);
                }
                ShardLab5.checkMembers(fleet, joins ? new int[] {0, 1} : new int[] {0});
                keys.checkAll();
                fleet.reconnect(old);
            }
        });
    }
}
