package io.flotilla.raft.core;

import static io.flotilla.raft.core.ScriptedCluster.ELECTION_TICKS;
import static io.flotilla.raft.core.TestReplica.TICK_NANOS;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.message.Message.AppendReply;
import io.flotilla.raft.core.message.Message.AppendRequest;
import io.flotilla.raft.core.message.Message.Heartbeat;
import io.flotilla.raft.core.message.Message.HeartbeatReply;
import io.flotilla.raft.core.message.Message.PreVoteReply;
import io.flotilla.raft.core.message.Message.PreVoteRequest;
import io.flotilla.raft.core.message.Message.VoteReply;
import io.flotilla.raft.core.message.Message.VoteRequest;
import io.flotilla.raft.core.read.Lease;
import io.flotilla.raft.core.read.LeaseConfig;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Leases and the leader stickiness they rest on, step by step; {@link DriftingClocksTest} is about clocks that disagree. */
class LeaseTest {
    private static final long LENGTH = LeaseConfig.defaults().nanos(ELECTION_TICKS * TICK_NANOS, TICK_NANOS);
    private static final EntryId AHEAD = new EntryId(100, 100);

    private static ScriptedCluster led(String... nodes) {
        ScriptedCluster cluster = new ScriptedCluster(nodes);
        cluster.elect("a");
        cluster.sent.clear();
        return cluster;
    }

    private static ScriptedCluster tick(ScriptedCluster cluster, int times, String... nodes) {
        for (int i = 0; i < times; i++) {
            cluster.tick(nodes);
        }
        return cluster;
    }

    private static boolean holds(TestReplica replica) {
        return replica.nanos < replica.core.leaseUntil();
    }

    @Test
    @DisplayName("A lease lasts for the time of leader stickiness, less the drift, less a tick")
    void length() {
        assertThat(LeaseConfig.defaults().nanos(1_000_000_000, 50_000_000)).isEqualTo(850_000_000);
        assertThat(new LeaseConfig(true, 50).nanos(1_000, 600)).isZero();
        assertThat(LeaseConfig.off().nanos(1_000_000_000, 50_000_000)).isZero();
    }

    @Test
    @DisplayName("An idle leader holds the lease all the time")
    void idleGroupsHoldIt() {
        ScriptedCluster cluster = tick(led("a", "b", "c"), ScriptedCluster.HEARTBEAT_TICKS);
        for (int i = 0; i < 100; i++) {
            cluster.tick();
            assertThat(holds(cluster.at("a"))).isTrue();
            assertThat(cluster.at("b").core.leaseUntil()).isEqualTo(Lease.NONE);
        }
    }

    @Test
    @DisplayName("A lease counts from when the heartbeats left, not from when their answers came")
    void countsFromTheSending() {
        ScriptedCluster cluster = tick(led("a", "b", "c"), 20);
        TestReplica a = cluster.at("a");
        cluster.hold(e -> e.is(HeartbeatReply.class));
        cluster.sent.clear();
        while (cluster.sent(Heartbeat.class, "a", "b").isEmpty()) {
            cluster.tick();
        }
        long sent = a.nanos;
        long before = a.core.leaseUntil();
        tick(cluster, 4);
        assertThat(a.core.leaseUntil()).isEqualTo(before);
        HeartbeatReply first = (HeartbeatReply) cluster.held.get(0).message();
        cluster.inject("b", "a", first);
        assertThat(a.core.leaseUntil()).isEqualTo(sent + LENGTH).isGreaterThan(before);
        cluster.inject("b", "a", new HeartbeatReply(first.term(), 1));
        assertThat(a.core.leaseUntil()).isEqualTo(sent + LENGTH);
    }

    @Test
    @DisplayName("One of five is no quorum")
    void takesAQuorum() {
        ScriptedCluster cluster = tick(led("a", "b", "c", "d", "e"), 20);
        long before = cluster.at("a").core.leaseUntil();
        cluster.drop(e -> e.is(HeartbeatReply.class) && !e.isFrom("b"));
        tick(cluster, 5);
        assertThat(cluster.at("a").core.leaseUntil()).isEqualTo(before);
        cluster.drop(e -> e.is(HeartbeatReply.class) && !e.isFrom("b") && !e.isFrom("c"));
        tick(cluster, 5);
        assertThat(cluster.at("a").core.leaseUntil()).isGreaterThan(before);
    }

    @Test
    @DisplayName("Entries that go unanswered extend no lease; a leader alone loses it before anybody else may lead")
    void endsByItself() {
        ScriptedCluster cluster = tick(led("a", "b", "c"), 20);
        cluster.cutOff("a");
        tick(cluster, ELECTION_TICKS, "a");
        assertThat(holds(cluster.at("a"))).isFalse();
    }

    @Test
    @DisplayName("A new leader has no lease before an entry of its own term is committed")
    void notBeforeAnEntryOfItsTerm() {
        ScriptedCluster cluster = led("a", "b", "c");
        cluster.hold(e -> e.is(AppendReply.class) || e.is(AppendRequest.class));
        cluster.cutOff("a");
        cluster.elect("b");
        tick(cluster, 4, "b", "c");
        assertThat(cluster.at("b").core.leaseUntil()).isEqualTo(Lease.NONE);
        cluster.release();
        cluster.run();
        assertThat(holds(cluster.at("b"))).isTrue();
    }

    @Test
    @DisplayName("A leader that steps down has no lease any more")
    void endsWithTheOffice() {
        ScriptedCluster cluster = tick(led("a", "b", "c"), 20);
        TestReplica a = cluster.at("a");
        assertThat(holds(a)).isTrue();
        a.receive(new NodeId("b"), new AppendReply(a.state().term() + 1, 1));
        assertThat(a.core.leaseUntil()).isEqualTo(Lease.NONE);
    }

    @Test
    @DisplayName("Switched off there is none")
    void switchedOff() {
        ScriptedCluster cluster =
                new ScriptedCluster(ScriptedCluster.CONFIG.withLeases(LeaseConfig.off()), "a", "b", "c");
        cluster.elect("a");
        tick(cluster, 20);
        assertThat(cluster.at("a").core.leaseUntil()).isEqualTo(Lease.NONE);
    }

    @Test
    @DisplayName("A group of one holds its lease by itself")
    void singleVoter() {
        ScriptedCluster cluster = tick(led("a"), 20);
        assertThat(holds(cluster.at("a"))).isTrue();
    }

    @Test
    @DisplayName("A larger term frees nobody from the leader he heard")
    void leaderStickinessOutlivesTheTerm() {
        ScriptedCluster cluster = tick(led("a", "b", "c"), 20);
        TestReplica b = cluster.at("b");
        long term = b.state().term();
        cluster.sent.clear();
        cluster.inject("c", "b", new AppendReply(term + 3, 0));
        assertThat(b.state().term()).isEqualTo(term + 3);
        cluster.inject("c", "b", new VoteRequest(term + 3, AHEAD));
        cluster.inject("c", "b", new VoteRequest(term + 4, AHEAD));
        cluster.inject("c", "b", new PreVoteRequest(term + 5, AHEAD));
        assertThat(cluster.sent(VoteReply.class, "b", "c")).isEmpty();
        assertThat(b.state().term()).isEqualTo(term + 3);
        assertThat(cluster.sent(PreVoteReply.class, "b", "c"))
                .extracting(e -> ((PreVoteReply) e.message()).granted())
                .containsExactly(false);
        b.at(b.nanos + ELECTION_TICKS * TICK_NANOS);
        cluster.inject("c", "b", new VoteRequest(term + 3, AHEAD));
        assertThat(cluster.sent(VoteReply.class, "b", "c"))
                .extracting(e -> ((VoteReply) e.message()).granted())
                .containsExactly(true);
    }

    @Test
    @DisplayName("Ticks that a stalled node makes up for are no time: it neither votes nor campaigns earlier")
    void leaderStickinessCountsTheClock() {
        ScriptedCluster cluster = tick(led("a", "b", "c"), 20);
        TestReplica b = cluster.at("b");
        long term = b.state().term();
        for (int i = 0; i < 3 * ELECTION_TICKS; i++) {
            b.core.tick(++b.ticks);
        }
        b.settle();
        assertThat(b.state().role()).isEqualTo(RoleName.FOLLOWER);
        cluster.inject("c", "b", new VoteRequest(term + 1, AHEAD));
        assertThat(b.state().term()).isEqualTo(term);
    }

    @Test
    @DisplayName("A restarted replica votes for nobody before a minimum election timeout is over")
    void silentAfterARestart() {
        ScriptedCluster cluster = tick(led("a", "b", "c"), 20);
        TestReplica b = cluster.at("b");
        long term = b.state().term();
        b.restart(0, 7);
        b.settle();
        cluster.inject("c", "b", new VoteRequest(term + 1, AHEAD));
        cluster.inject("c", "b", new PreVoteRequest(term + 1, AHEAD));
        assertThat(b.state().term()).isEqualTo(term);
        assertThat(cluster.sent(VoteReply.class, "b", "c")).isEmpty();
        b.at(b.nanos + ELECTION_TICKS * TICK_NANOS);
        cluster.inject("c", "b", new VoteRequest(term + 1, AHEAD));
        assertThat(cluster.sent(VoteReply.class, "b", "c")).hasSize(1);
    }

    @Test
    @DisplayName("A replica of a group that was never led owes nobody anything")
    void foundingIsQuick() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c");
        cluster.inject("a", "b", new VoteRequest(1, EntryId.ZERO));
        assertThat(cluster.sent(VoteReply.class, "b", "a"))
                .extracting(e -> ((VoteReply) e.message()).granted())
                .isEqualTo(List.of(true));
    }
}
