package io.flotilla.raft.lessons;

import static io.flotilla.raft.lessons.World.MILLI;
import static io.flotilla.raft.lessons.World.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.sim.SimNetwork;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.GroupMessage;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class SnapshotLessonsTest {
    private static World world(long seed, int size, int saveEvery) {
        World world = new World(seed, size);
        world.nodes.forEach(node -> node.saveEvery = saveEvery);
        return world.startAll();
    }

    /** Some writes, with pauses in which logs are cut. */
    private static void writes(World world, String name, int count) {
        for (int i = 0; i < count; i++) {
            world.write(name + "-" + i);
            world.run(20 * MILLI);
        }
    }

    private static World.Node follower(World world) {
        World.Node leader = world.leader();
        return world.nodes.get((world.nodes.indexOf(leader) + 1) % world.nodes.size());
    }

    /** Loses pieces of bulk. */
    private static void lose(World world, Predicate<BulkMessage> lost) {
        world.network.setCarrier(new SimNetwork.Carrier() {
            @Override
            public long carry(NodeId from, NodeId to, GroupMessage message) {
                return MILLI / 2;
            }

            @Override
            public long carry(NodeId from, NodeId to, BulkMessage message) {
                return lost.test(message) ? -1 : MILLI / 2;
            }
        });
    }

    @Test
    @DisplayName("SL-60 power cuts while snapshots are saved and logs are cut leave no gap")
    void powerCutsWhileLogsAreCut() {
        World world = world(1, 3, 3);
        List<String> written = new ArrayList<>();
        for (int round = 0; round < 60; round++) {
            String command = "c" + round;
            world.write(command);
            written.add(command);
            world.run(world.random().nextLong(60 * MILLI));
            if (round % 10 == 9) {
                world.nodes.forEach(node -> node.crash(true));
                world.nodes.forEach(World.Node::start);
            } else {
                World.Node node = world.nodes.get(world.random().nextInt(3));
                node.crash(true);
                world.run(world.random().nextLong(500 * MILLI));
                node.start();
            }
        }
        world.write("last");
        written.add("last");
        world.untilAllHold("last");
        assertThat(world.nodes.get(0).commands().stream().distinct()).containsAll(written);
    }

    @Test
    @DisplayName("SL-61 a snapshot that comes while entries wait to be applied never takes the state back")
    void snapshotsAndPendingEntries() {
        World world = world(2, 3, 4);
        World.Node slow = follower(world);
        writes(world, "before", 5);
        slow.applyNanos = 700 * MILLI;
        for (int i = 0; i < 30; i++) {
            world.leader().propose("pending-" + i);
            world.run(30 * MILLI);
        }
        world.isolate(slow);
        writes(world, "away", 20);
        world.network.healAll();
        List<Integer> sizes = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            world.run(50 * MILLI);
            sizes.add(slow.commands().size());
        }
        assertThat(sizes).isSorted();
        slow.applyNanos = 0;
        world.write("last");
        world.untilAllHold("last");
        assertThat(slow.installs).isPositive();
    }

    @Test
    @DisplayName("SL-62 with a snapshot after each entry, elections and repair work across the beginning of the log")
    void everyEntryIsSnapshotted() {
        World world = world(3, 5, 1);
        for (int round = 0; round < 20; round++) {
            World.Node leader = world.leader();
            for (int i = 0; i < 3; i++) {
                leader.propose("lost?-" + round + "-" + i);
            }
            world.isolate(leader);
            world.until(20 * SECOND, "another leader", () -> world.leaderNow() != leader);
            writes(world, "round-" + round, 3);
            world.network.healAll();
            world.run(300 * MILLI);
        }
        world.write("last");
        world.untilAllHold("last");
        assertThat(world.invariants.installs()).isPositive();
    }

    @Test
    @DisplayName("SL-63 a snapshot goes to whoever needs entries that are gone, to two at once too, and to nobody else")
    void snapshotsGoWhereTheyAreNeeded() {
        World world = new World(4, 5).startAll();
        World.Node leader = world.leader();
        List<World.Node> away = new ArrayList<>(world.nodes);
        away.remove(leader);
        away.subList(2, 4).clear();
        away.forEach(world::isolate);
        writes(world, "kept", 30);
        world.network.healAll();
        world.write("first");
        world.untilAllHold("first");
        assertThat(world.invariants.installs())
                .as("snapshots though the log had it all")
                .isZero();

        away.forEach(world::isolate);
        world.nodes.forEach(node -> node.saveEvery = 5);
        writes(world, "gone", 30);
        assertThat(leader.host.status(0).firstIndex()).isGreaterThan(40);
        world.network.healAll();
        // nobody writes any more: who is behind gets its snapshot all the same
        world.untilAllHold("gone-29");
        assertThat(away).allMatch(node -> node.installs == 1);
        assertThat(world.invariants.installs()).isEqualTo(2);
    }

    @Test
    @DisplayName(
            "SL-64 SL-65 after a snapshot the next entry is the one behind it, whatever comes twice; bytes are the same")
    void doubledAndLateSnapshots() {
        for (int seed = 0; seed < 10; seed++) {
            World world = world(seed, 3, 5);
            world.network.setQuality(new SimNetwork.Quality(0.05, 0.7, 0.3, 300 * MILLI, 100_000, 5 * MILLI));
            for (int round = 0; round < 5; round++) {
                World.Node node = follower(world);
                world.isolate(node);
                writes(world, "round-" + round, 15);
                world.network.healAll();
                world.write("back-" + round);
            }
            // the machine refuses an index that is not the next one; states are compared by their hash
            world.write("last");
            world.untilAllHold("last");
            assertThat(world.invariants.installs()).isPositive();
        }
    }

    @Test
    @DisplayName(
            "SL-66 a restart opens the machine once, gives it no snapshot and no entry that it holds, three times over")
    void restartsInstallNothing() {
        World world = world(6, 3, 5);
        World.Node node = follower(world);
        world.isolate(node);
        writes(world, "gone", 20);
        world.network.healAll();
        world.untilAllHold("gone-19");
        assertThat(node.installs).isEqualTo(1);
        for (int i = 1; i <= 3; i++) {
            int opens = node.opens;
            node.crash(true);
            node.start();
            world.run(5 * SECOND);
            assertThat(node.opens).isEqualTo(opens + 1);
            assertThat(node.installs).as("snapshots after an idle restart").isEqualTo(1);
            assertThat(node.commands()).hasSize(20);
        }
    }

    @Test
    @DisplayName("A power cut between the machine's installation and the log's record of it loses nothing")
    void crashBetweenInstallAndBase() {
        World world = world(7, 3, 5);
        World.Node node = follower(world);
        world.isolate(node);
        writes(world, "gone", 20);
        boolean[] crashed = {false};
        node.onInstall = () -> {
            if (!crashed[0]) {
                crashed[0] = true;
                world.scheduler.at(world.scheduler.now(), () -> node.crash(true));
            }
        };
        world.network.healAll();
        world.until(20 * SECOND, "the power cut", () -> crashed[0] && node.host == null);
        node.start();
        world.write("last");
        world.untilAllHold("last");
    }

    @Test
    @DisplayName("Entries of an isolated leader that nobody else has are gone after a snapshot")
    void foreignTailsGoWithASnapshot() {
        World world = world(8, 3, 5);
        World.Node old = world.write("common");
        world.isolate(old);
        for (int i = 0; i < 40; i++) {
            old.propose("foreign-" + i);
        }
        world.until(20 * SECOND, "another leader", () -> world.leaderNow() != old);
        writes(world, "gone", 25);
        world.network.healAll();
        world.write("last");
        world.untilAllHold("last");
        assertThat(old.installs).isPositive();
        assertThat(old.commands()).noneMatch(command -> command.startsWith("foreign"));
    }

    @Test
    @DisplayName("A leader that dies in the middle of a snapshot is followed by one that sends its own")
    void leaderDiesDuringASnapshot() {
        World world = world(9, 3, 5);
        World.Node node = follower(world);
        world.isolate(node);
        writes(world, "gone", 60);
        World.Node leader = world.leader();
        boolean[] dead = {false};
        lose(world, message -> {
            if (!dead[0] && message instanceof BulkMessage.Part part && part.number() == 1) {
                dead[0] = true;
                world.scheduler.at(world.scheduler.now(), () -> leader.crash(true));
            }
            return false;
        });
        world.network.healAll();
        world.until(20 * SECOND, "the leader's death", () -> dead[0] && leader.host == null);
        world.write("last");
        world.untilAllHold("last");
        assertThat(node.installs).isPositive();
        leader.start();
        world.write("all");
        world.untilAllHold("all");
    }

    @Test
    @DisplayName("Lost results and lost first parts of a snapshot are made up for within a second or two each")
    void lostAnswersDoNotAddUp() {
        World world = world(10, 3, 5);
        World.Node node = follower(world);
        world.isolate(node);
        writes(world, "gone", 20);
        int[] lost = {0, 0};
        lose(
                world,
                message -> (message instanceof BulkMessage.Part part && part.number() == 0 && lost[0]++ < 5)
                        || (message instanceof BulkMessage.Over && lost[1]++ < 5));
        world.network.healAll();
        world.until(5 * SECOND, "the snapshot, its first part lost five times", () -> node.installs == 1);
        world.write("behind the snapshot");
        long nanos = world.until(
                6 * SECOND,
                "entries, the result lost five times",
                () -> node.commands().contains("behind the snapshot"));
        assertThat(lost[1]).isGreaterThanOrEqualTo(5);
        assertThat(nanos).isLessThan(5 * SECOND);
    }

    @Test
    @DisplayName("A follower that can't take snapshots is asked now and then, not in a loop")
    void failingSnapshotsAreNotRepeatedInALoop() {
        World world = world(11, 3, 5);
        World.Node node = follower(world);
        world.isolate(node);
        writes(world, "gone", 20);
        int[] bulk = {0};
        lose(world, message -> {
            bulk[0]++;
            return true;
        });
        world.network.healAll();
        world.run(60 * SECOND);
        assertThat(bulk[0]).as("pieces of bulk in a minute without an answer").isBetween(10, 300);
        lose(world, message -> false);
        world.untilAllHold("gone-19");
    }

    @Test
    @DisplayName("A snapshot that takes many minutes is enough: the log is kept for as long as parts are asked for")
    void aSlowSnapshotThatWritesOutrun() {
        World world = new World(12, 3);
        world.transfers = World.TRANSFERS.withBytesPerSecond(50);
        world.nodes.forEach(node -> node.saveEvery = 5);
        world.startAll();
        World.Node node = follower(world);
        world.isolate(node);
        writes(world, "gone-" + "x".repeat(100), 200);
        world.network.healAll();
        long begun = world.scheduler.now();
        int during = 0;
        while (node.installs == 0 && world.scheduler.now() - begun < 1_200 * SECOND) {
            world.write("during-" + during++);
            world.run(2 * SECOND);
        }
        assertThat(world.scheduler.now() - begun).as("virtual time").isGreaterThan(400 * SECOND);
        assertThat(world.leader().host.status(0).firstIndex())
                .as("kept for the follower")
                .isLessThan(world.leader().host.status(0).applied() - 100);
        world.write("last");
        world.untilAllHold("last");
        assertThat(node.installs).isEqualTo(1);
        writes(world, "after", 20);
        assertThat(world.leader().host.status(0).firstIndex())
                .as("let go of again")
                .isGreaterThan(during + 100);
    }
}
