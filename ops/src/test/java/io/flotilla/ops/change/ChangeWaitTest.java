package io.flotilla.ops.change;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.PlannedMove;
import io.flotilla.client.proto.Shard;
import io.flotilla.ops.change.Goal.Standing;
import io.flotilla.ops.change.Goal.State;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ChangeWaitTest {
    private static final List<PlannedMove> MOVES = List.of(
            PlannedMove.newBuilder().setShard(1).setFrom(1).setTo(2).build(),
            PlannedMove.newBuilder().setShard(2).setFrom(1).setTo(3).build());

    private long nanos;
    private final List<String> lines = new ArrayList<>();

    private static Configuration configuration(long number, Shard... shards) {
        return Configuration.newBuilder()
                .setNumber(number)
                .addGroups(Group.newBuilder().setId(1))
                .addAllShards(List.of(shards))
                .build();
    }

    private static Shard shard(long id, long group, long epoch, long target, long move) {
        return Shard.newBuilder()
                .setId(id)
                .setGroup(group)
                .setEpoch(epoch)
                .setTarget(target)
                .setMoveId(move)
                .build();
    }

    private static final Configuration COMMITTED = configuration(7, shard(1, 1, 4, 2, 7), shard(2, 1, 9, 3, 7));

    private static State judge(Goal goal, Configuration configuration) {
        return goal.judge(new Observation(configuration, true, Map.of())).state();
    }

    private static Goal moves() {
        return Goals.moves(7, MOVES, COMMITTED);
    }

    @Test
    void movesAreDoneWhenEachShardHasGone() {
        Goal goal = moves();
        assertThat(judge(goal, configuration(6, shard(1, 1, 4, 0, 0), shard(2, 1, 9, 0, 0))))
                .as("an older configuration says nothing")
                .isEqualTo(State.UNDER_WAY);
        assertThat(judge(goal, COMMITTED)).isEqualTo(State.UNDER_WAY);
        assertThat(judge(goal, configuration(8, shard(1, 2, 5, 0, 0), shard(2, 1, 9, 3, 7))))
                .isEqualTo(State.UNDER_WAY);
        assertThat(judge(goal, configuration(9, shard(1, 2, 5, 0, 0), shard(2, 3, 10, 0, 0))))
                .isEqualTo(State.DONE);
    }

    @Test
    void aShardThatWentAndCameBackBeforeAnybodyLookedHasGone() {
        assertThat(judge(moves(), configuration(20, shard(1, 1, 6, 0, 0), shard(2, 4, 11, 0, 0))))
                .isEqualTo(State.DONE);
    }

    @Test
    void aMoveThatWasCancelledIsToldOnceAllAreOver() {
        Goal goal = moves();
        assertThat(judge(goal, configuration(8, shard(1, 1, 4, 0, 0), shard(2, 1, 9, 3, 7))))
                .isEqualTo(State.UNDER_WAY);
        Standing end = goal.judge(
                new Observation(configuration(9, shard(1, 1, 4, 2, 9), shard(2, 3, 10, 0, 0)), true, Map.of()));
        assertThat(end).isEqualTo(new Standing(State.CANCELLED, "cancelled: shard 1 stays where it was"));
    }

    @Test
    void aGroupThatKeepsAShardWhoseMoveWasCancelledHasNotLeft() {
        Goal goal = Goals.left(1, 7, MOVES, COMMITTED);
        assertThat(judge(goal, configuration(8, shard(1, 1, 4, 0, 0), shard(2, 1, 9, 3, 7))))
                .isEqualTo(State.UNDER_WAY);
        Standing end = goal.judge(
                new Observation(configuration(9, shard(1, 1, 4, 0, 0), shard(2, 3, 10, 0, 0)), true, Map.of()));
        assertThat(end)
                .isEqualTo(new Standing(State.CANCELLED, "cancelled: group 1 keeps shard 1, and goes on leaving"));
        assertThat(judge(goal, configuration(10, shard(1, 2, 5, 0, 0), shard(2, 3, 10, 0, 0))))
                .as("its replicas still delete")
                .isEqualTo(State.UNDER_WAY);
        assertThat(judge(
                        goal,
                        configuration(11, shard(1, 2, 5, 0, 0), shard(2, 3, 10, 0, 0)).toBuilder()
                                .clearGroups()
                                .build()))
                .isEqualTo(State.DONE);
    }

    private Standing until(Goal goal, List<Observation> seen) throws InterruptedException {
        int[] looks = {0};
        ChangeWait wait = new ChangeWait(
                () -> seen.get(Math.min(looks[0]++, seen.size() - 1)),
                () -> nanos,
                millis -> nanos += millis * 1_000_000);
        return wait.until(goal, progress -> lines.add(progress.line(java.util.Set.of(1L, 2L))));
    }

    @Test
    void withoutTheControllerForAMinuteTheWaitEndsAndTheWorkGoesOn() throws InterruptedException {
        List<Observation> seen = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            seen.add(new Observation(COMMITTED, i == 100, Map.of()));
        }
        Standing end = until(moves(), seen);
        assertThat(end.state()).isEqualTo(State.UNDER_WAY);
        // 25 s until it answered once, and a minute from then on
        assertThat(nanos).isEqualTo(85_000_000_000L);
        assertThat(lines.get(0)).isEqualTo("2 of 2 moves to go (the controller does not answer; the work goes on)");
    }

    @Test
    void anyNodeMayTellThatItIsDone() throws InterruptedException {
        Configuration over = configuration(9, shard(1, 2, 5, 0, 0), shard(2, 3, 10, 0, 0));
        Standing end =
                until(moves(), List.of(new Observation(null, false, Map.of()), new Observation(over, false, Map.of())));
        assertThat(end.state()).isEqualTo(State.DONE);
        assertThat(lines)
                .containsExactly("no node tells of a configuration (the controller does not answer; the work goes on)");
    }

    @Test
    void movesToNodesThatShareNoneAreForetoldSideBySide() {
        Configuration groups = Configuration.newBuilder()
                .addGroups(Group.newBuilder().setId(2).addReplicas("n1").addReplicas("n2"))
                .addGroups(Group.newBuilder().setId(3).addReplicas("n3"))
                .build();
        List<PlannedMove> moves = new ArrayList<>();
        for (long to : new long[] {2, 3, 2, 5}) {
            moves.add(PlannedMove.newBuilder().setTo(to).setBytes(500_000_000).build());
        }
        assertThat(MoveForecast.seconds(groups, Map.of(5L, List.of("n3", "n2")), moves))
                .containsExactly(11L, 11L, 22L, 33L);
    }
}
