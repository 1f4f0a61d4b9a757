package io.flotilla.raft.lessons;

import static io.flotilla.raft.lessons.World.ELECTION_NANOS;
import static io.flotilla.raft.lessons.World.MILLI;
import static io.flotilla.raft.lessons.World.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.CoreConfig;
import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.sim.SimNetwork;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class ReplicationLessonsTest {
    @Test
    @DisplayName("SL-06 whoever is elected holds every acknowledged entry; entries flow from leaders only")
    void electedLeadersHoldWhatWasAcknowledged() {
        World world = new World(11, 3).startAll();
        Map<Long, NodeId> leaders = new TreeMap<>();
        world.network.observe((from, to, message) -> {
            if (message.message() instanceof Message.AppendRequest append
                    && !append.entries().isEmpty()) {
                assertThat(leaders.computeIfAbsent(append.term(), term -> from))
                        .as("sender of entries in term %d", append.term())
                        .isEqualTo(from);
            }
        });
        List<String> acknowledged = new ArrayList<>();
        for (int round = 0; round < 15; round++) {
            World.Node leader = world.leader();
            // one of the others is behind when the leader dies
            World.Node behind = world.nodes.get((world.nodes.indexOf(leader) + 1) % 3);
            behind.disk.syncLatency(40 * MILLI, 60 * MILLI);
            for (int i = 0; i < 20; i++) {
                String command = round + "/" + i;
                World.Outcome outcome = leader.propose(command);
                world.run(world.random().nextLong(2 * MILLI));
                if (outcome.answers == 1 && outcome.refusal == null) {
                    acknowledged.add(command);
                }
            }
            leader.crash(true);
            behind.disk.syncLatency(MILLI / 10, MILLI / 2);
            World.Node next = world.leader();
            World.Outcome read = next.propose("round " + round);
            world.until(5 * SECOND, "an answer of the new leader", () -> read.answers == 1);
            assertThat(next.commands())
                    .as("of the leader elected in round %d", round)
                    .containsSubsequence(acknowledged);
            leader.start();
        }
        assertThat(acknowledged).hasSizeGreaterThan(40);
    }

    @Test
    @DisplayName("SL-29 lanes don't grow with groups, and followers go at their own pace")
    void lanesDoNotGrowWithGroups() {
        World few = new World(1, 3, 1, CoreConfig.defaults()).startAll();
        World many = new World(1, 3, 500, CoreConfig.defaults()).startAll();
        assertThat(many.nodes.get(0).lanes).isEqualTo(few.nodes.get(0).lanes).isLessThan(10);

        World.Node leader = few.leader();
        World.Node slow =
                few.nodes.stream().filter(n -> n != leader).findFirst().orElseThrow();
        slow.disk.syncLatency(100 * MILLI, 100 * MILLI);
        long[] ended = {0};
        leader.proposeOneByOne(100, count -> ended[0] = few.scheduler.now());
        few.until(2 * SECOND, "100 writes next to a slow follower", () -> ended[0] > 0);
        assertThat(slow.commands().size()).as("the slow one lags").isLessThan(90);
        few.until(20 * SECOND, "the slow one too", () -> slow.commands().size() == 100);
    }

    @Test
    @DisplayName("SL-30 nothing stays open for ever at a leader that nobody answers")
    void callsToABlackHoleEnd() {
        World world = new World(2, 3).startAll();
        World.Node leader = world.leader();
        world.isolate(leader);
        List<World.Outcome> outcomes = new ArrayList<>();
        for (int i = 0; i < 600; i++) {
            outcomes.add(leader.propose("into the void " + i));
            world.run(SECOND);
        }
        world.run(2 * ELECTION_NANOS);
        assertThat(outcomes).allMatch(outcome -> outcome.answers == 1);
        assertThat(outcomes.get(0).refusal).isInstanceOf(Refusal.Indeterminate.class);
        assertThat(outcomes.get(599).refusal).isInstanceOf(Refusal.NotLeader.class);
    }

    @Test
    @DisplayName("SL-36 twenty foreign terms are settled soon on a bad network too, sixteen in a refusal")
    void foreignTermsAreSettledOnABadNetwork() {
        for (int seed = 0; seed < 20; seed++) {
            World world = new World(seed, 3);
            List<Entry> own = entries(20, 50, 2);
            List<Entry> foreign = entries(20, 50, 3);
            world.nodes.get(0).preload(new HardState(60, null), own);
            world.nodes.get(1).preload(new HardState(60, null), foreign);
            world.nodes.get(2).preload(new HardState(60, null), foreign);
            int[] refusals = {0};
            world.network.observe((from, to, message) -> {
                if (message.message() instanceof Message.AppendReject) {
                    refusals[0]++;
                }
            });
            world.network.setQuality(new SimNetwork.Quality(0.1, 0, 0, 0, 100_000, 27 * MILLI));
            world.nodes.get(0).start();
            world.nodes.get(1).start();
            World.Node leader = world.leader();
            World.Node other = world.nodes.get(leader == world.nodes.get(0) ? 1 : 0);
            long last = leader.state(0).last();
            world.until(
                    10 * SECOND,
                    "seed " + seed + ": equal logs",
                    () -> other.state(0).committed() >= last);
            assertThat(refusals[0]).as("refusals, seed %d", seed).isBetween(2, 10);
        }
    }

    /** Terms of their own: 1 for the first entry, then {@code count} terms from {@code first} on, every second one. */
    private static List<Entry> entries(int terms, int each, int first) {
        List<Entry> entries = new ArrayList<>();
        entries.add(new Entry(1, 1, EntryKind.COMMAND, "first".getBytes(StandardCharsets.US_ASCII)));
        for (int i = 0; i < terms * each; i++) {
            long term = first + 2L * (i / each);
            entries.add(
                    new Entry(term, i + 2, EntryKind.COMMAND, (term + "/" + i).getBytes(StandardCharsets.US_ASCII)));
        }
        return entries;
    }

    @Test
    @DisplayName("SL-45 writes one after another take round trips, not heartbeats")
    void sequentialWritesDoNotWaitForHeartbeats() {
        World world = new World(3, 3).startAll();
        World.Node leader = world.leader();
        int[] done = {0};
        leader.proposeOneByOne(1_000, count -> done[0] = count);
        long nanos = world.until(60 * SECOND, "1,000 writes", () -> done[0] == 1_000);
        // a heartbeat comes every 250 ms
        assertThat(1_000.0 / (nanos / (250.0 * MILLI)))
                .as("writes per heartbeat")
                .isGreaterThan(20);
    }

    @Test
    @DisplayName("SL-45 to propose returns at once while the disk stalls")
    void proposeReturnsWhileTheDiskStalls() {
        World world = new World(4, 3).startAll();
        World.Node leader = world.leader();
        world.nodes.forEach(node -> node.disk.syncLatency(3 * SECOND, 3 * SECOND));
        long begin = world.scheduler.now();
        World.Outcome outcome = leader.propose("patience");
        assertThat(world.scheduler.now()).isEqualTo(begin);
        world.run(SECOND);
        assertThat(outcome.answers)
                .as("nothing is acknowledged that is not durable")
                .isZero();
        world.nodes.forEach(node -> node.disk.syncLatency(100_000, 200_000));
        world.until(
                60 * SECOND,
                "the write",
                () -> world.nodes.stream().anyMatch(node -> node.commands().contains("patience")));
    }
}
