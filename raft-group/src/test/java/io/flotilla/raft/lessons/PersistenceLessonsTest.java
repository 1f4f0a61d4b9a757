package io.flotilla.raft.lessons;

import static io.flotilla.raft.lessons.World.MILLI;
import static io.flotilla.raft.lessons.World.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class PersistenceLessonsTest {
    /**
     * The invariants that watch the world know each disk: a vote given twice, an entry that was acknowledged and is not
     * on a majority's disks, or a synced write that is gone fails the run.
     */
    @Test
    @DisplayName("SL-54 a power cut between any two events of an election and a write loses nothing promised")
    void powerCutsBetweenAnyTwoEvents() {
        List<String> interesting = new ArrayList<>();
        for (int victim = 0; victim < 3; victim++) {
            for (int events = 0; ; events++) {
                World world = new World(9, 3).startAll();
                World.Node first = world.leader();
                World.Outcome before = first.propose("before");
                world.until(SECOND, "a first write", () -> before.answers == 1);
                first.crash(true);
                world.run(SECOND);
                World.Outcome[] during = new World.Outcome[1];
                int step = 0;
                while (step < events && during[0] == null) {
                    if (world.leaderNow() != null) {
                        during[0] = world.leaderNow().propose("during");
                    }
                    world.scheduler.step();
                    step++;
                }
                for (; step < events && during[0].answers == 0; step++) {
                    world.scheduler.step();
                }
                boolean over = during[0] != null && during[0].answers > 0;
                World.Node cut = world.nodes.get(victim);
                if (cut.runtime != null) {
                    cut.crash(true);
                    cut.start();
                }
                first.start();
                World.Outcome[] after = new World.Outcome[1];
                world.until(30 * SECOND, "a write after the cut at event " + events, () -> {
                    if ((after[0] == null || after[0].refusal != null) && world.leaderNow() != null) {
                        after[0] = world.leaderNow().propose("after");
                    }
                    return after[0] != null && after[0].answers == 1 && after[0].refusal == null;
                });
                assertThat(world.leader().commands()).startsWith("before").contains("after");
                if (over) {
                    if (during[0].refusal == null) {
                        assertThat(world.leader().commands()).contains("during");
                    }
                    interesting.add(victim + ": " + events + " events");
                    break;
                }
            }
        }
        assertThat(interesting).hasSize(3);
    }

    @Test
    @DisplayName("SL-55 what comes together is written with one sync")
    void manyAppendsShareASync() {
        World world = new World(2, 3).startAll();
        World.Node leader = world.leader();
        world.run(SECOND);
        long before = leader.disk.forces();
        List<World.Outcome> outcomes = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            outcomes.add(leader.propose("c" + i));
        }
        world.until(5 * SECOND, "all", () -> outcomes.stream().allMatch(outcome -> outcome.answers == 1));
        assertThat(leader.disk.forces() - before).as("syncs for 1,000 appends").isLessThan(20);
    }

    @Test
    @DisplayName("SL-57 a restarted leader is silent until it hears or campaigns, and leads only in a new term")
    void restartedLeadersAreFollowers() {
        World world = new World(3, 3).startAll();
        World.Node leader = world.leader();
        long term = leader.state(0).term();
        leader.crash(true);
        leader.start();
        world.network.observe((from, to, message) -> {
            if (from.equals(leader.id)) {
                assertThat(leader.leads(0) && leader.state(0).term() == term)
                        .as("%s speaks as it did before its restart: %s", from, message)
                        .isFalse();
            }
        });
        world.run(5 * SECOND);
        assertThat(world.leader().state(0).term()).isGreaterThan(term);
    }

    @Test
    @DisplayName("SL-58 power cuts in the middle of recovery, and in the recovery after that, lose nothing")
    void recoveryMayBeInterrupted() {
        for (int seed = 0; seed < 30; seed++) {
            World world = new World(seed, 3).startAll();
            World.Node leader = world.leader();
            List<World.Outcome> outcomes = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                outcomes.add(leader.propose("c" + i));
                world.run(world.random().nextLong(MILLI));
            }
            world.until(SECOND, "all", () -> outcomes.stream().allMatch(outcome -> outcome.answers == 1));
            world.nodes.forEach(node -> node.crash(true));
            for (int again = 0; again < 3; again++) {
                for (World.Node node : world.nodes) {
                    node.start();
                }
                world.run(world.random().nextLong(3 * MILLI));
                world.nodes.forEach(node -> node.crash(true));
            }
            world.nodes.forEach(World.Node::start);
            World.Node next = world.leader();
            world.until(
                    10 * SECOND,
                    "everything applied again",
                    () -> next.commands().size() == 50);
        }
    }

    @Test
    @DisplayName("SL-59 an idle group costs no sync")
    void idleGroupsCostNoSync() {
        World world = new World(4, 3).startAll();
        world.leader();
        // what the nodes know of each other is on disk after ten
        world.run(15 * SECOND);
        long[] before =
                world.nodes.stream().mapToLong(node -> node.disk.forces()).toArray();
        world.run(60 * SECOND);
        for (int i = 0; i < 3; i++) {
            assertThat(world.nodes.get(i).disk.forces() - before[i])
                    .as("syncs in an idle minute")
                    .isZero();
        }
    }

    @Test
    @DisplayName("SL-72 a machine that kept a part of its state is given the rest again, each entry once")
    void applyingGoesOnWhereTheMachineIsDurable() {
        World world = new World(5, 3);
        world.nodes.forEach(node -> node.saveEvery = 55);
        world.startAll();
        World.Node leader = world.leader();
        for (int i = 0; i < 120; i++) {
            leader.propose("c" + i);
        }
        world.until(
                SECOND,
                "all",
                () -> world.nodes.stream().allMatch(node -> node.commands().size() == 120));
        world.nodes.forEach(node -> node.crash(true));
        assertThat(world.nodes).allMatch(node -> node.snapshots.get(0L).applied() == 110);
        world.nodes.forEach(World.Node::start);
        // the machine refuses an index that is not the one after its own
        world.until(
                10 * SECOND,
                "all again",
                () -> world.nodes.stream().allMatch(node -> node.commands().size() == 120));
        assertThat(world.nodes.get(0).commands()).doesNotHaveDuplicates();
    }
}
