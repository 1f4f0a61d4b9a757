package io.flotilla.raft.lessons;

import static io.flotilla.raft.lessons.World.ELECTION_NANOS;
import static io.flotilla.raft.lessons.World.MILLI;
import static io.flotilla.raft.lessons.World.SECOND;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.raft.core.CoreConfig;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.RoleName;
import io.flotilla.raft.core.SoftState;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.host.HostStats;
import io.flotilla.raft.sim.SimNetwork;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class ElectionLessonsTest {
    private static CoreConfig withTicks(int election, int heartbeat) {
        CoreConfig core = CoreConfig.defaults();
        return new CoreConfig(
                election,
                heartbeat,
                core.maxAppendBytes(),
                core.maxInflightMessages(),
                core.maxInflightBytes(),
                core.maxUncommittedBytes(),
                core.maxApplyBytes(),
                core.maxResidentBytes(),
                true);
    }

    @Test
    @DisplayName("SL-04 a dead leader is replaced soon, whatever the seed")
    void aDeadLeaderIsReplacedSoon() {
        long[] nanos = new long[200];
        for (int seed = 0; seed < nanos.length; seed++) {
            World world = new World(seed, 5).startAll();
            World.Node dead = world.leader();
            world.run(world.random().nextLong(SECOND));
            dead.crash(false);
            nanos[seed] = world.until(
                    20 * ELECTION_NANOS,
                    "a new leader",
                    () -> world.nodes.stream().anyMatch(n -> n.leads(0)));
        }
        Arrays.sort(nanos);
        assertThat(nanos[nanos.length * 99 / 100]).as("99 of 100 within").isLessThan(4 * ELECTION_NANOS);
    }

    @Test
    @DisplayName("SL-04 the groups of one process don't campaign together when their leaders' node dies")
    void groupsCampaignApart() {
        int groups = 600;
        World world = new World(2, 3, groups, CoreConfig.defaults()).startAll();
        world.run(6 * SECOND);
        World.Node dead = world.nodes.get(0);
        int led = 0;
        for (int group = 0; group < groups; group++) {
            led += dead.leads(group) ? 1 : 0;
        }
        assertThat(led).as("groups that lose their leader").isGreaterThan(100);
        Map<Long, Integer> campaigns = new TreeMap<>();
        world.network.observe((from, to, message) -> {
            if (message.message() instanceof Message.PreVoteRequest && to.equals(dead.id)) {
                campaigns.merge(world.scheduler.now() / (50 * MILLI), 1, Integer::sum);
            }
        });
        dead.crash(false);
        world.run(3 * SECOND);
        int busiest = campaigns.values().stream().mapToInt(n -> n).max().orElseThrow();
        assertThat(busiest).as("campaigns in one tick").isLessThan(led / 4);
    }

    @Test
    @DisplayName("SL-07 heartbeats come several times within an election timeout, or the start is refused")
    void heartbeatsAreMuchMoreFrequentThanElections() {
        assertThatThrownBy(() -> withTicks(20, 20))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("heartbeat interval")
                .hasMessageContaining("raise the election timeout");
        assertThatThrownBy(() -> withTicks(9, 3)).isInstanceOf(IllegalArgumentException.class);

        World world = new World(3, 3, 1, withTicks(20, 2)).startAll();
        world.network.setQuality(new SimNetwork.Quality(0.05, 0, 0, 0, 100_000, MILLI));
        world.leader();
        world.run(600 * SECOND);
        assertThat(world.invariants.elections()).as("elections in ten minutes").isEqualTo(1);
    }

    @Test
    @DisplayName("SL-08 candidates that meet again and again find a leader in the end")
    void duellingCandidatesEnd() {
        for (int seed = 0; seed < 200; seed++) {
            World world = new World(seed, 3);
            long delay = 2 * ELECTION_NANOS / 5;
            world.network.setQuality(new SimNetwork.Quality(0, 0, 0, 0, delay, delay));
            world.startAll();
            world.until(10 * 2 * ELECTION_NANOS, "seed " + seed + ": a leader", () -> world.leaderNow() != null);
        }
    }

    @Test
    @DisplayName("SL-15 idle groups cost a pair of processes a few frames per second, however many they are")
    void heartbeatsAreCoalesced() {
        int groups = 1_000;
        int seconds = 5;
        World world = new World(2, 3, groups, CoreConfig.defaults()).startAll();
        world.run(6 * SECOND);
        long elections = world.invariants.elections();
        long[] before = world.nodes.stream()
                .mapToLong(node -> node.host.stats().framesOut())
                .toArray();
        world.run(seconds * SECOND);
        for (int i = 0; i < 3; i++) {
            HostStats stats = world.nodes.get(i).host.stats();
            // heartbeats to two peers, and answers to theirs
            assertThat((stats.framesOut() - before[i]) / 2.0 / seconds)
                    .as("frames per second from one process to another")
                    .isLessThanOrEqualTo(10);
        }
        assertThat(world.invariants.elections())
                .as("every follower counts as alive")
                .isEqualTo(elections);
        assertThat(elections).isEqualTo(groups);
    }

    @Test
    @DisplayName("SL-20 term, role and leader are seen together, never mixed")
    void statesAreSeenWhole() {
        World world = new World(5, 3).startAll();
        world.network.setQuality(new SimNetwork.Quality(0.1, 0.1, 0.3, 800 * MILLI, 100_000, 5 * MILLI));
        Map<Long, NodeId> leaders = new TreeMap<>();
        world.run(SECOND);
        for (int i = 0; i < 60_000; i++) {
            world.scheduler.step();
            if (i % 6_000 == 0) {
                world.network.healAll();
                World.Node leader = world.leaderNow();
                if (leader != null) {
                    world.isolate(leader);
                }
            }
            for (World.Node node : world.nodes) {
                SoftState state = node.state(0);
                if (state.role() == RoleName.LEADER) {
                    assertThat(state.leader()).isEqualTo(node.id);
                } else if (state.role() != RoleName.FOLLOWER) {
                    assertThat(state.leader()).as("%s of %s", state, node.id).isNull();
                } else {
                    assertThat(state.leader()).isNotEqualTo(node.id);
                }
                if (state.leader() != null) {
                    NodeId other = leaders.putIfAbsent(state.term(), state.leader());
                    assertThat(other == null || other.equals(state.leader()))
                            .as("term %d has leaders %s and %s", state.term(), other, state.leader())
                            .isTrue();
                }
            }
        }
        assertThat(leaders).hasSizeGreaterThan(3);
    }

    @Test
    @DisplayName("SL-24 who leads no more sends nothing in a leader's name")
    void onlyLeadersSpeakAsLeaders() {
        World world = new World(6, 5).startAll();
        Map<String, Long> ledUntil = new TreeMap<>();
        long[] spoken = {0};
        world.network.observe((from, to, message) -> {
            if (message.message() instanceof Message.AppendRequest || message.message() instanceof Message.Heartbeat) {
                spoken[0]++;
                long term = message.message().term();
                SoftState state = world.node(from).state(0);
                boolean leads = state.role() == RoleName.LEADER && state.term() == term;
                Long until = ledUntil.get(from + "/" + term);
                // what a leader decided in the turn that ended its office may still leave
                assertThat(leads || (until != null && world.scheduler.now() - until < MILLI))
                        .as("%s speaks as leader of term %d and is %s", from, term, state)
                        .isTrue();
            }
        });
        for (int i = 0; i < 150_000; i++) {
            world.scheduler.step();
            for (World.Node node : world.nodes) {
                if (node.leads(0)) {
                    ledUntil.put(node.id + "/" + node.state(0).term(), world.scheduler.now());
                }
            }
            if (i % 10_000 == 0) {
                world.network.healAll();
                World.Node leader = world.leaderNow();
                if (leader != null) {
                    world.isolate(leader);
                }
            }
        }
        assertThat(spoken[0]).isGreaterThan(1_000);
        assertThat(world.invariants.elections())
                .as("leaders that came and went")
                .isGreaterThan(5);
    }
}
