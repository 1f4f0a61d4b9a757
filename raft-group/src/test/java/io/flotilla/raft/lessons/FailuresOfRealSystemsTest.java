package io.flotilla.raft.lessons;

import static io.flotilla.raft.lessons.World.ELECTION_NANOS;
import static io.flotilla.raft.lessons.World.MILLI;
import static io.flotilla.raft.lessons.World.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.CoreConfig;
import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.sim.SimNetwork;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What went wrong in production systems; docs/testing/lessons.md has the whole table. */
class FailuresOfRealSystemsTest {
    private static World.Node follower(World world) {
        World.Node leader = world.leader();
        return world.nodes.get((world.nodes.indexOf(leader) + 1) % world.nodes.size());
    }

    @Test
    @DisplayName("A vote that takes almost an election timeout to sync still elects somebody, and only now and then")
    void slowSyncsOfVotes() {
        for (int seed = 0; seed < 20; seed++) {
            World world = new World(seed, 3).startAll();
            long slow = ELECTION_NANOS * 9 / 10;
            world.nodes.forEach(node -> node.disk.syncLatency(slow, slow));
            world.run(5 * SECOND);
            World.Node old = world.leaderNow();
            if (old != null) {
                old.crash(false);
            }
            long term = world.nodes.stream()
                    .mapToLong(node -> node.state(0).term())
                    .max()
                    .orElseThrow();
            world.until(
                    30 * SECOND,
                    "seed " + seed + ": a leader",
                    () -> world.nodes.stream().anyMatch(node -> node.leads(0)));
            assertThat(world.leader().state(0).term() - term)
                    .as("elections, seed %d", seed)
                    .isLessThan(6);
        }
    }

    @Test
    @DisplayName("Syncs of half a second to three: elections are few, and nothing acknowledged is lost")
    void syncsSlowerThanHeartbeats() {
        World world = new World(2, 3).startAll();
        world.leader();
        world.nodes.forEach(node -> node.disk.syncLatency(500 * MILLI, 3 * SECOND));
        long before = world.invariants.elections();
        List<World.Outcome> outcomes = new ArrayList<>();
        for (int i = 0; i < 120; i++) {
            World.Node leader = world.leaderNow();
            if (leader != null) {
                outcomes.add(leader.propose("c" + i));
            }
            world.run(SECOND);
        }
        world.run(20 * SECOND);
        long acknowledged = outcomes.stream()
                .filter(o -> o.answers == 1 && o.refusal == null)
                .count();
        assertThat(acknowledged).isGreaterThan(100);
        assertThat(world.invariants.elections() - before)
                .as("elections in two minutes")
                .isLessThan(3);
        assertThat(world.leader().commands()).hasSizeGreaterThanOrEqualTo((int) acknowledged);
    }

    @Test
    @DisplayName("A follower that restarts under an idle leader changes neither leader nor term")
    void restartsOfFollowersDisturbNobody() {
        World world = new World(3, 3).startAll();
        World.Node leader = world.leader();
        long term = leader.state(0).term();
        for (int i = 0; i < 20; i++) {
            World.Node node = follower(world);
            node.crash(true);
            world.run(world.random().nextLong(5 * SECOND));
            node.start();
            world.run(world.random().nextLong(SECOND));
        }
        assertThat(leader.leads(0)).isTrue();
        assertThat(leader.state(0).term()).isEqualTo(term);
    }

    @Test
    @DisplayName("A leader cut off with a stalled disk steps down all the same, and answers no read")
    void cutOffWithAStalledDisk() {
        World world = new World(4, 3).startAll();
        World.Node old = world.write("old");
        old.disk.stall(9 * SECOND);
        old.propose("never durable here");
        world.run(MILLI);
        world.isolate(old);
        List<String> answers = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            old.host.read(0, new ReadCallback() {
                @Override
                public Runnable read(StateMachine machine) {
                    String answer = "read " + machine.as(RecordingMachine.class).commands();
                    return () -> answers.add(answer);
                }

                @Override
                public void refused(Refusal refusal) {
                    answers.add("refused");
                }
            });
            world.run(100 * MILLI);
        }
        assertThat(old.leads(0))
                .as("leads after four seconds alone, its disk stalled")
                .isFalse();
        world.until(10 * SECOND, "another leader", () -> world.leaderNow() != old && world.leaderNow() != null);
        world.write("new");
        world.run(5 * SECOND);
        assertThat(answers).hasSize(40).containsOnly("refused");
    }

    @Test
    @DisplayName("Every message twice: progress goes on, and nothing goes round in circles")
    void everyMessageTwice() {
        World world = new World(5, 3);
        world.network.setQuality(new SimNetwork.Quality(0, 1, 0, 0, 100_000, MILLI));
        world.startAll();
        long[] sent = {0};
        world.network.observe((from, to, message) -> sent[0]++);
        World.Node leader = world.leader();
        boolean[] done = {false};
        leader.proposeOneByOne(200, count -> done[0] = true);
        world.until(5 * SECOND, "200 writes", () -> done[0]);
        assertThat(sent[0]).as("messages for 200 writes to two followers").isLessThan(200 * 2 * 2 * 3);
        assertThat(leader.commands()).hasSize(200).doesNotHaveDuplicates();
    }

    @Test
    @DisplayName("A follower whose disk was stalled for nine seconds catches up by itself")
    void stalledFollowersCatchUp() {
        World world = new World(6, 3).startAll();
        World.Node leader = world.write("first");
        World.Node stalled = follower(world);
        stalled.disk.stall(9 * SECOND);
        for (int i = 0; i < 2_000; i++) {
            leader.propose("c" + i);
            world.run(4 * MILLI);
        }
        world.until(5 * SECOND, "no lag", () -> stalled.commands().size() == 2_001);
        assertThat(leader.leads(0)).isTrue();
    }

    @Test
    @DisplayName("A leader whose disk is stalled lets another lead, long before its node gives up")
    void stalledLeadersLetAnotherLead() {
        World world = new World(8, 3).startAll();
        World.Node stalled = world.write("first");
        stalled.disk.stall(9 * SECOND);
        World.Outcome waiting = stalled.propose("second");
        world.run(4 * SECOND);
        assertThat(waiting.answers).as("answers of a leader that can't write").isZero();
        world.until(SECOND, "another leader", () -> world.leaderNow() != null && world.leaderNow() != stalled);
        world.write("third");
        assertThat(world.leaderNow().commands()).containsExactly("first", "second", "third");
        world.until(10 * SECOND, "no lag", () -> stalled.commands().size() == 3);
    }

    @Test
    @DisplayName("A node that starts answers no read before it holds what was acknowledged")
    void noReadBeforeTheLogIsReplayed() {
        CoreConfig usual = CoreConfig.defaults();
        // applied a few at a time
        CoreConfig core = new CoreConfig(
                usual.electionTicks(),
                usual.heartbeatTicks(),
                usual.maxAppendBytes(),
                usual.maxInflightMessages(),
                usual.maxInflightBytes(),
                usual.maxUncommittedBytes(),
                300,
                usual.maxResidentBytes(),
                true);
        World world = new World(7, 1, 1, core).startAll();
        World.Node node = world.leader();
        for (int i = 0; i < 100; i++) {
            node.propose("c" + i);
        }
        world.until(SECOND, "all", () -> node.commands().size() == 100);
        node.crash(true);
        node.applyNanos = 100 * MILLI;
        node.start();
        List<Integer> seen = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            node.host.read(0, new ReadCallback() {
                @Override
                public Runnable read(StateMachine machine) {
                    int count = machine.as(RecordingMachine.class).commands().size();
                    return () -> seen.add(count);
                }

                @Override
                public void refused(Refusal refusal) {}
            });
            world.run(10 * MILLI);
        }
        world.run(20 * SECOND);
        assertThat(seen).isNotEmpty().containsOnly(100);
    }

    @Test
    @DisplayName("With one node of three dead, a leader that was paused is replaced or leads again")
    void pausedLeaderAndADeadNode() {
        for (int seed = 0; seed < 20; seed++) {
            World world = new World(seed, 3).startAll();
            World.Node leader = world.leader();
            follower(world).crash(false);
            leader.runtime.pause(5 * SECOND);
            world.run(6 * SECOND);
            world.write("after the pause");
        }
    }
}
