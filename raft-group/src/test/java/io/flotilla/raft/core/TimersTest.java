package io.flotilla.raft.core;

import static io.flotilla.raft.core.ScriptedCluster.ELECTION_TICKS;
import static io.flotilla.raft.core.ScriptedCluster.HEARTBEAT_TICKS;
import static io.flotilla.raft.core.ScriptedCluster.NO_PRE_VOTE;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.message.Message.AppendReply;
import io.flotilla.raft.core.message.Message.Heartbeat;
import io.flotilla.raft.core.message.Message.PreVoteReply;
import io.flotilla.raft.core.message.Message.PreVoteRequest;
import io.flotilla.raft.core.message.Message.VoteReply;
import io.flotilla.raft.core.message.Message.VoteRequest;
import io.flotilla.raft.core.read.LeaseConfig;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What time alone leads to, and what begins it anew. */
class TimersTest {
    private static final NodeId A = new NodeId("a");
    private static final NodeId B = new NodeId("b");

    private static void tick(TestReplica replica, int times) {
        for (int i = 0; i < times; i++) {
            replica.tick();
            replica.settle();
        }
    }

    /** Ticks until the role is another one. */
    private static int ticksUntilChange(TestReplica replica) {
        RoleName role = replica.state().role();
        for (int ticks = 1; ticks <= 3 * ELECTION_TICKS; ticks++) {
            tick(replica, 1);
            if (replica.state().role() != role) {
                return ticks;
            }
        }
        return Integer.MAX_VALUE;
    }

    @Test
    void aTickSaysWhetherThereIsAnythingToDrain() {
        ScriptedCluster cluster = new ScriptedCluster(ScriptedCluster.CONFIG.withLeases(LeaseConfig.off()), "a", "b");
        cluster.elect("a");
        cluster.drop(e -> true);
        cluster.at("a").settle();
        cluster.at("b").settle();
        for (String node : List.of("a", "b")) {
            TestReplica replica = cluster.at(node);
            for (int i = 0; i < HEARTBEAT_TICKS * 3; i++) {
                boolean told = replica.core.tick(++replica.ticks);
                assertThat(replica.drain() != Effects.NONE)
                        .as("%s, tick %d", node, i)
                        .isEqualTo(told);
                assertThat(told).isEqualTo(node.equals("a") && replica.ticks % HEARTBEAT_TICKS == 0);
            }
        }
        TestReplica b = cluster.at("b");
        b.core.readIndexHere(7);
        b.settle();
        for (int i = 0; i < HEARTBEAT_TICKS * 2; i++) {
            boolean told = b.core.tick(++b.ticks);
            assertThat(told).as("a question is repeated").isEqualTo(b.ticks % HEARTBEAT_TICKS == 0);
            assertThat(b.drain() != Effects.NONE).isEqualTo(told);
        }
        b.at(b.nanos + 3 * ELECTION_TICKS * TestReplica.TICK_NANOS);
        boolean told = false;
        while (b.state().role() == RoleName.FOLLOWER) {
            told = b.core.tick(++b.ticks);
        }
        assertThat(told).as("it campaigns").isTrue();
        assertThat(b.drain()).isNotEqualTo(Effects.NONE);
        assertThat(b.core.tick(++b.ticks)).as("a candidacy has its own times").isTrue();
    }

    @Test
    void whoStopsLeadingWaitsAWholeElectionTimeout() {
        for (Consumer<ScriptedCluster> deposed : List.<Consumer<ScriptedCluster>>of(
                cluster -> cluster.at("a").receive(B, new AppendReply(99, 0)),
                cluster -> ticksUntilChange(cluster.at("a")))) {
            for (int seed = 0; seed < 10; seed++) {
                ScriptedCluster cluster = new ScriptedCluster(NO_PRE_VOTE, "a", "b", "c");
                TestReplica a = cluster.at("a");
                a.restart(0, seed);
                cluster.campaign("a");
                tick(a, ELECTION_TICKS - 1); // much of the candidacy's time has gone when it wins
                a.receive(B, new VoteReply(1, true));
                assertThat(a.leads()).isTrue();
                deposed.accept(cluster);
                assertThat(a.state().role()).isEqualTo(RoleName.FOLLOWER);
                a.settle();
                assertThat(ticksUntilChange(a)).as("seed %d", seed).isGreaterThanOrEqualTo(ELECTION_TICKS);
            }
        }
    }

    @Test
    void whoVotesOrHearsALeaderWaitsAWholeElectionTimeout() {
        for (Consumer<TestReplica> arms : List.<Consumer<TestReplica>>of(
                a -> a.receive(B, new VoteRequest(1, EntryId.ZERO)), a -> a.receive(B, new Heartbeat(1, 0, 1)))) {
            for (int seed = 0; seed < 10; seed++) {
                ScriptedCluster cluster = new ScriptedCluster("a", "b", "c");
                TestReplica a = cluster.at("a");
                a.restart(0, seed);
                tick(a, ELECTION_TICKS - 1);
                arms.accept(a);
                a.settle();
                assertThat(ticksUntilChange(a)).as("seed %d", seed).isGreaterThanOrEqualTo(ELECTION_TICKS);
            }
        }
    }

    @Test
    void eachCandidacyHasAWholeElectionTimeout() {
        for (int seed = 0; seed < 10; seed++) {
            ScriptedCluster cluster = new ScriptedCluster(NO_PRE_VOTE, "a", "b", "c");
            TestReplica a = cluster.at("a");
            a.restart(0, seed);
            long term = 0;
            int since = 0;
            for (int ticks = 0; ticks < 10 * ELECTION_TICKS; ticks++) {
                tick(a, 1);
                since++;
                if (a.state().term() > term) {
                    assertThat(since).isBetween(ELECTION_TICKS, 2 * ELECTION_TICKS);
                    term = a.state().term();
                    since = 0;
                }
            }
            assertThat(term).isGreaterThanOrEqualTo(4);

            cluster = new ScriptedCluster("a", "b", "c");
            a = cluster.at("a");
            a.restart(0, seed);
            ticksUntilChange(a);
            assertThat(a.state().role()).isEqualTo(RoleName.PRE_CANDIDATE);
            tick(a, ELECTION_TICKS - 1);
            a.receive(B, new PreVoteReply(1, true));
            assertThat(a.state().role()).isEqualTo(RoleName.CANDIDATE);
            a.settle();
            assertThat(ticksUntilChange(a)).as("its pre-candidacy took long").isGreaterThanOrEqualTo(ELECTION_TICKS);
        }
    }

    @Test
    void aPreCandidateGivesWayToWhomItVotesFor() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c").with("a", 3, null);
        cluster.campaign("a");
        assertThat(cluster.at("a").state().role()).isEqualTo(RoleName.PRE_CANDIDATE);
        cluster.inject("b", "a", new VoteRequest(3, EntryId.ZERO));
        assertThat(cluster.sent(VoteReply.class, "a", "b"))
                .extracting(ScriptedCluster.Envelope::message)
                .containsExactly(new VoteReply(3, true));
        assertThat(cluster.at("a").state()).isEqualTo(new SoftState(3, RoleName.FOLLOWER, null, 0, 0));
        cluster.inject("c", "a", new PreVoteReply(4, true));
        assertThat(cluster.at("a").state().term()).as("its campaign is over").isEqualTo(3);
    }

    @Test
    void aCandidacyEndsWhenASnapshotTakesItsLogsPlace() {
        for (CoreConfig config : List.of(ScriptedCluster.CONFIG, NO_PRE_VOTE)) {
            ScriptedCluster cluster = new ScriptedCluster(config, "a", "b", "c").with("a", 3, null);
            cluster.campaign("a");
            TestReplica a = cluster.at("a");
            long term = a.state().term();
            assertThat(a.install(new TestReplica.Snapshot(
                            new EntryId(2, 1), Membership.of(A, B), List.of(Entry.noOp(2, 1)))))
                    .isTrue();
            a.installed();
            assertThat(a.state()).isEqualTo(new SoftState(term, RoleName.FOLLOWER, null, 1, 1));
            a.receive(B, config.preVote() ? new PreVoteReply(term + 1, true) : new VoteReply(term, true));
            assertThat(a.state().role()).as("votes for the log that is gone").isEqualTo(RoleName.FOLLOWER);
        }
    }

    @Test
    void nobodyCampaignsInATermThatIsNotDurable() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c");
        TestReplica a = cluster.at("a");
        a.receive(B, new AppendReply(5, 0));
        for (int i = 0; i < 3 * ELECTION_TICKS; i++) {
            a.tick();
            a.drain();
        }
        assertThat(a.state().role()).as("the disk is slow").isEqualTo(RoleName.FOLLOWER);
        a.settle();
        assertThat(ticksUntilChange(a)).isLessThanOrEqualTo(2 * ELECTION_TICKS);
    }

    @Test
    void aClockThatFallsIsIgnored() {
        ScriptedCluster cluster = new ScriptedCluster("a");
        cluster.elect("a");
        TestReplica a = cluster.at("a");
        for (int i = 0; i < HEARTBEAT_TICKS; i++) {
            cluster.tick();
        }
        long until = a.core.leaseUntil();
        a.core.now(a.nanos - 5_000);
        a.core.readIndex(1);
        a.settle();
        assertThat(a.core.leaseUntil()).isEqualTo(until);
    }

    @Test
    void whoHearALeaderDoNotCampaignAtTheSameTime() {
        Set<Integer> waited = new TreeSet<>();
        for (int seed = 0; seed < 20; seed++) {
            ScriptedCluster cluster = new ScriptedCluster("a", "b", "c");
            TestReplica a = cluster.at("a");
            a.restart(0, seed);
            a.receive(B, new AppendReply(1, 0));
            a.settle();
            tick(a, ELECTION_TICKS - 1);
            a.receive(B, new Heartbeat(1, 0, 1));
            a.settle();
            waited.add(ticksUntilChange(a));
        }
        assertThat(waited).hasSizeGreaterThan(ELECTION_TICKS / 2);
    }

    @Test
    void candidatesAskAgainAtHeartbeatTicks() {
        for (CoreConfig config : List.of(ScriptedCluster.CONFIG, NO_PRE_VOTE)) {
            ScriptedCluster cluster = new ScriptedCluster(config, "a", "b", "c");
            cluster.campaign("a");
            TestReplica a = cluster.at("a");
            RoleName role = a.state().role();
            for (int i = 0; i < ELECTION_TICKS - 1; i++) {
                cluster.sent.clear();
                tick(a, 1);
                assertThat(a.state().role()).isEqualTo(role);
                assertThat(cluster.sent).hasSize(a.ticks % HEARTBEAT_TICKS == 0 ? 2 : 0);
            }
        }
    }

    @Test
    void aRefusalIsNoReasonToGiveWay() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c").with("a", 3, null, 2, 3);
        cluster.campaign("a");
        cluster.inject("b", "a", new VoteRequest(3, new EntryId(2, 9)));
        assertThat(cluster.at("a").state().role()).isEqualTo(RoleName.PRE_CANDIDATE);
        assertThat(cluster.sent(VoteReply.class, "a", "b"))
                .extracting(ScriptedCluster.Envelope::message)
                .containsExactly(new VoteReply(3, false));
    }

    @Test
    void nobodyIsPromisedAVoteOfATermThatIsHere() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c").with("a", 3, null);
        for (long term = 2; term <= 4; term++) {
            cluster.inject("b", "a", new PreVoteRequest(term, new EntryId(9, 9)));
        }
        assertThat(cluster.sent(PreVoteReply.class, "a", "b"))
                .extracting(ScriptedCluster.Envelope::message)
                .containsExactly(new PreVoteReply(3, false), new PreVoteReply(3, false), new PreVoteReply(4, true));
    }
}
