package io.flotilla.raft.core;

import static io.flotilla.raft.core.ScriptedCluster.ELECTION_TICKS;
import static io.flotilla.raft.core.ScriptedCluster.HEARTBEAT_TICKS;
import static io.flotilla.raft.core.ScriptedCluster.NO_PRE_VOTE;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.ScriptedCluster.Envelope;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.core.message.Message.AppendReject;
import io.flotilla.raft.core.message.Message.AppendReply;
import io.flotilla.raft.core.message.Message.AppendRequest;
import io.flotilla.raft.core.message.Message.Heartbeat;
import io.flotilla.raft.core.message.Message.HeartbeatReply;
import io.flotilla.raft.core.message.Message.PreVoteReply;
import io.flotilla.raft.core.message.Message.VoteReply;
import io.flotilla.raft.core.message.Message.VoteRequest;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class ElectionTest {
    private static final EntryId EMPTY = EntryId.ZERO;

    private static NodeId id(String node) {
        return new NodeId(node);
    }

    private static List<Boolean> votes(ScriptedCluster cluster, String from, String to) {
        return cluster.sent(VoteReply.class, from, to).stream()
                .map(e -> ((VoteReply) e.message()).granted())
                .toList();
    }

    @Test
    @DisplayName("SL-01 each candidacy uses a larger term, so a split vote is not repeated")
    void eachCandidacyUsesALargerTerm() {
        ScriptedCluster cluster = new ScriptedCluster(NO_PRE_VOTE, "a", "b", "c", "d");
        cluster.campaign("a");
        cluster.campaign("b");
        cluster.hold(e -> e.is(VoteRequest.class));
        List<Envelope> requests = List.copyOf(cluster.wire);
        cluster.wire.clear();
        requests.stream()
                .filter(e -> (e.isFrom("a") && e.isTo("c")) || (e.isFrom("b") && e.isTo("d")))
                .forEach(e -> cluster.inject(e.from().value(), e.to().value(), e.message()));
        requests.forEach(e -> cluster.inject(e.from().value(), e.to().value(), e.message()));
        cluster.run();
        assertThat(cluster.replicas.values()).noneMatch(TestReplica::leads);

        cluster.release();
        cluster.elect("a");
        assertThat(cluster.at("a").state().term()).isEqualTo(2);
        assertThat(cluster.sent(VoteRequest.class, "a", "c").stream()
                        .map(e -> e.message().term())
                        .distinct())
                .containsExactly(1L, 2L);
    }

    @Test
    @DisplayName("SL-02 one vote per term, also across a restart")
    void oneVotePerTerm() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c");
        cluster.inject("a", "c", new VoteRequest(5, EMPTY));
        cluster.inject("b", "c", new VoteRequest(5, EMPTY));
        assertThat(votes(cluster, "c", "a")).containsExactly(true);
        assertThat(votes(cluster, "c", "b")).containsExactly(false);

        cluster.at("c").restart(0, 7);
        cluster.inject("b", "c", new VoteRequest(5, EMPTY));
        assertThat(votes(cluster, "c", "b")).containsExactly(false, false);
    }

    @Test
    @DisplayName("SL-03 a candidate follows a leader of its own term")
    void candidateFollowsLeaderOfItsTerm() {
        ScriptedCluster cluster = new ScriptedCluster(NO_PRE_VOTE, "a", "b", "c").with("c", 3, null);
        cluster.campaign("c");
        assertThat(cluster.at("c").state().term()).isEqualTo(4);
        cluster.inject("a", "c", new AppendRequest(4, EMPTY, 0, List.of()));
        assertThat(cluster.at("c").state()).isEqualTo(new SoftState(4, RoleName.FOLLOWER, id("a"), 0, 0));
        cluster.inject("b", "c", new VoteReply(4, true));
        assertThat(cluster.at("c").state().role()).isEqualTo(RoleName.FOLLOWER);
    }

    @Test
    @DisplayName("SL-04 timeouts differ between replicas and are drawn afresh for every arming")
    void timeoutsAreRandom() {
        Set<Integer> drawn = new TreeSet<>();
        for (long seed = 0; seed < 40; seed++) {
            ElectionTimer timer = new ElectionTimer(ELECTION_TICKS, seed);
            drawn.add(ticksToExpire(timer));
        }
        assertThat(drawn).as("over replicas").hasSize(ELECTION_TICKS);
        assertThat(drawn).allMatch(ticks -> ticks >= ELECTION_TICKS && ticks < 2 * ELECTION_TICKS);

        ElectionTimer timer = new ElectionTimer(ELECTION_TICKS, 1);
        drawn.clear();
        for (int i = 0; i < 80; i++) {
            timer.arm();
            drawn.add(ticksToExpire(timer));
        }
        assertThat(drawn).as("over armings").hasSize(ELECTION_TICKS);
    }

    private static int ticksToExpire(ElectionTimer timer) {
        int ticks = 1;
        while (!timer.tick()) {
            ticks++;
        }
        return ticks;
    }

    @Test
    @DisplayName("SL-05 the last term decides before the length of the log")
    void lastTermDecidesFirst() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c")
                .with("a", 2, null, 1, 1, 1, 1, 1)
                .with("b", 2, null, 1, 2);
        cluster.inject("b", "a", new VoteRequest(3, new EntryId(2, 2)));
        assertThat(votes(cluster, "a", "b")).containsExactly(true);
        cluster.inject("a", "b", new VoteRequest(3, new EntryId(1, 5)));
        assertThat(votes(cluster, "b", "a")).containsExactly(false);
    }

    @Test
    @DisplayName("SL-09 a lost vote request is sent again inside the same candidacy")
    void lostVoteRequestsAreSentAgain() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c");
        cluster.campaign("a");
        cluster.drop(e -> e.is(VoteRequest.class)
                && cluster.sent(VoteRequest.class, "a", e.to().value()).size() <= 3);
        cluster.run();
        for (int i = 0; i < 4 * HEARTBEAT_TICKS && !cluster.at("a").leads(); i++) {
            cluster.tick("a");
        }
        assertThat(cluster.at("a").leads()).isTrue();
        assertThat(cluster.at("a").state().term()).isEqualTo(1);
        assertThat(cluster.sent(VoteRequest.class, "a", "b")).hasSize(4);
    }

    @Test
    @DisplayName("SL-10 the same vote request is granted again, and nothing new is written for it")
    void votesAreGrantedAgain() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c");
        cluster.inject("a", "c", new VoteRequest(5, EMPTY));
        HardState stored = cluster.at("c").durable;
        cluster.at("c").receive(id("a"), new VoteRequest(5, EMPTY));
        PersistBatch batch = cluster.at("c").drain().persist().get(0);
        assertThat(batch.isEmpty()).isTrue();
        assertThat(batch.messages()).containsExactly(new Outbound(id("a"), new VoteReply(5, true)));
        assertThat(cluster.at("c").durable).isEqualTo(stored).isEqualTo(new HardState(5, id("a")));
    }

    @Test
    @DisplayName("SL-11 refused votes, even of larger terms, do not reset the election timer")
    void refusedVotesDoNotResetTheTimer() {
        ScriptedCluster cluster =
                new ScriptedCluster("u", "v", "x").with("u", 1, null, 1, 1).with("v", 1, null, 1, 1);
        cluster.cutOff("x");
        int ticks = 0;
        while (!cluster.at("u").leads() && ticks < 2 * ELECTION_TICKS) {
            if (ticks % (ELECTION_TICKS / 2) == 0) {
                cluster.inject("x", "u", new VoteRequest(2 + ticks, EMPTY));
            }
            cluster.tick("u");
            ticks++;
        }
        assertThat(cluster.at("u").leads()).isTrue();
        assertThat(votes(cluster, "u", "x")).containsOnly(false);
    }

    @Test
    @DisplayName("SL-11 a rejected append of the current leader resets the election timer")
    void rejectedAppendsResetTheTimer() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c").with("c", 1, null);
        for (int i = 0; i < 6 * ELECTION_TICKS; i++) {
            if (i % (ELECTION_TICKS / 2) == 0) {
                cluster.inject("a", "c", new AppendRequest(1, new EntryId(1, 9), 0, List.of()));
            }
            cluster.at("c").tick();
            cluster.at("c").settle();
        }
        assertThat(cluster.at("c").state().role()).isEqualTo(RoleName.FOLLOWER);
        assertThat(cluster.sent(AppendReject.class, "c", "a")).isNotEmpty();
    }

    @Test
    @DisplayName("SL-12 a larger term in any message makes any role follow it, durably before any reply")
    void largerTermsAreAdopted() {
        EntryId long9 = new EntryId(9, 9);
        for (RoleName role : RoleName.values()) {
            List<Message> messages = List.of(
                    new VoteRequest(8, long9),
                    new VoteReply(8, false),
                    new AppendRequest(8, long9, 0, List.of()),
                    new AppendReply(8, 1),
                    new AppendReject(8, 1, 0, List.of()),
                    new Heartbeat(8, 0, 0),
                    new HeartbeatReply(8, 0),
                    new PreVoteReply(8, false));
            for (Message message : messages) {
                ScriptedCluster cluster = new ScriptedCluster("a", "b", "c").with("a", 4, "a");
                bringTo(cluster, role);
                TestReplica replica = cluster.at("a");
                long before = replica.state().term();
                replica.receive(id("b"), message);
                if (message instanceof VoteRequest && role == RoleName.LEADER) {
                    assertThat(replica.state().term())
                            .as("a live leader does not help to replace itself")
                            .isEqualTo(before);
                    continue;
                }
                assertThat(replica.state().role())
                        .as("%s gets %s", role, message)
                        .isEqualTo(RoleName.FOLLOWER);
                assertThat(replica.state().term()).isEqualTo(8);
                Effects effects = replica.drain();
                assertThat(effects.send()).as("%s gets %s", role, message).isEmpty();
                assertThat(effects.persist()).hasSize(1);
                HardState saved = effects.persist().get(0).hardState();
                assertThat(saved.term()).isEqualTo(8);
                assertThat(saved.votedFor()).isEqualTo(message instanceof VoteRequest ? id("b") : null);
            }
        }
    }

    private static void bringTo(ScriptedCluster cluster, RoleName role) {
        if (role == RoleName.LEADER) {
            cluster.elect("a");
        } else if (role != RoleName.FOLLOWER) {
            cluster.campaign("a");
            if (role == RoleName.CANDIDATE) {
                cluster.inject("b", "a", new PreVoteReply(5, true));
            }
        }
        cluster.wire.clear();
        assertThat(cluster.at("a").state().role()).isEqualTo(role);
    }

    @Test
    @DisplayName("SL-13 a vote granted in an older term is worth nothing")
    void oldVotesAreWorthNothing() {
        ScriptedCluster cluster = new ScriptedCluster(NO_PRE_VOTE, "a", "b", "c", "d", "e");
        cluster.campaign("a");
        cluster.inject("b", "a", new VoteReply(1, true));
        cluster.wire.clear();
        for (int i = 0; i < 2 * ELECTION_TICKS; i++) {
            cluster.at("a").tick();
            cluster.at("a").settle();
        }
        assertThat(cluster.at("a").state().term()).isGreaterThan(1);
        cluster.inject("c", "a", new VoteReply(1, true));
        cluster.inject("d", "a", new VoteReply(1, true));
        assertThat(cluster.at("a").state().role()).isEqualTo(RoleName.CANDIDATE);
    }

    @Test
    @DisplayName("SL-14 a new leader speaks to everyone in the turn it wins")
    void newLeaderSpeaksAtOnce() {
        ScriptedCluster cluster = new ScriptedCluster(NO_PRE_VOTE, "a", "b", "c");
        cluster.campaign("a");
        TestReplica a = cluster.at("a");
        a.receive(id("b"), new VoteReply(1, true));
        Effects effects = a.drain();
        assertThat(a.leads()).isTrue();
        assertThat(effects.send()).extracting(Outbound::to).containsExactly(id("b"), id("c"));
        assertThat(effects.send())
                .allMatch(out -> out.message() instanceof AppendRequest append
                        && append.entries().size() == 1);
    }

    @Test
    @DisplayName("SL-18 a candidacy ends with a message of that term's leader; later grants are void")
    void candidacyEndsWithALeader() {
        ScriptedCluster cluster = new ScriptedCluster(NO_PRE_VOTE, "a", "b", "c", "d", "e");
        cluster.campaign("a");
        cluster.inject("b", "a", new VoteReply(1, true));
        cluster.inject("c", "a", new Heartbeat(1, 0, 0));
        cluster.inject("d", "a", new VoteReply(1, true));
        assertThat(cluster.at("a").state().role()).isEqualTo(RoleName.FOLLOWER);
        assertThat(cluster.at("a").state().leader()).isEqualTo(id("c"));
    }

    @Test
    @DisplayName("SL-19 a vote is not freed by following the leader it elected")
    void votesAreNotFreed() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c");
        cluster.inject("a", "c", new VoteRequest(4, EMPTY));
        cluster.inject("a", "c", new Heartbeat(4, 0, 0));
        cluster.inject("b", "c", new VoteRequest(4, new EntryId(4, 9)));
        cluster.campaign("c");
        assertThat(cluster.at("c").state()).isEqualTo(new SoftState(4, RoleName.PRE_CANDIDATE, null, 0, 0));
        cluster.inject("b", "c", new VoteRequest(4, new EntryId(4, 9)));
        assertThat(votes(cluster, "c", "b"))
                .as("with and without a known leader")
                .containsExactly(false, false);
        assertThat(cluster.at("c").state().role())
                .as("a vote refused is no reason to give way")
                .isEqualTo(RoleName.PRE_CANDIDATE);
        assertThat(cluster.at("c").durable).isEqualTo(new HardState(4, id("a")));
    }

    @Test
    @DisplayName("SL-19 a candidate that fell back to follower keeps its vote for itself")
    void formerCandidateKeepsItsVote() {
        ScriptedCluster cluster = new ScriptedCluster(NO_PRE_VOTE, "a", "b", "c").with("c", 3, null);
        cluster.campaign("c");
        cluster.inject("a", "c", new Heartbeat(4, 0, 0));
        cluster.inject("b", "c", new VoteRequest(4, new EntryId(4, 9)));
        assertThat(votes(cluster, "c", "b")).containsExactly(false);
        assertThat(cluster.at("c").durable).isEqualTo(new HardState(4, id("c")));
    }

    @Test
    @DisplayName("SL-22 a returning old leader steps down on the first answer of a follower")
    void returningLeaderStepsDown() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c");
        cluster.elect("a");
        cluster.cutOff("a");
        cluster.elect("b");
        cluster.drop(e -> (e.isFrom("a") && e.isTo("b")) || (e.isFrom("b") && e.isTo("a")));
        assertThat(cluster.at("a").leads()).isTrue();
        cluster.propose("a", "too late");
        cluster.at("a").drain();
        cluster.deliverRound();
        cluster.deliverRound();
        assertThat(cluster.at("a").leads()).isFalse();
        assertThat(cluster.at("a").state().term())
                .isEqualTo(cluster.at("b").state().term());

        ScriptedCluster quiet = new ScriptedCluster("a", "b", "c");
        quiet.elect("a");
        quiet.cutOff("a");
        quiet.elect("b");
        quiet.drop(e -> (e.isFrom("a") && e.isTo("b")) || (e.isFrom("b") && e.isTo("a")));
        for (int i = 0; i < HEARTBEAT_TICKS; i++) {
            quiet.tick("a");
        }
        assertThat(quiet.at("a").leads()).as("a heartbeat's answer does it too").isFalse();
    }

    @Test
    @DisplayName("SL-54 votes, vote requests and the own vote wait for the disk")
    void votesWaitForTheDisk() {
        ScriptedCluster cluster = new ScriptedCluster(NO_PRE_VOTE, "a", "b");
        TestReplica b = cluster.at("b");
        b.receive(id("a"), new VoteRequest(1, EMPTY));
        b.drain();
        assertThat(cluster.sent).isEmpty();
        assertThat(b.persistNext().hardState()).isEqualTo(new HardState(1, id("a")));
        assertThat(votes(cluster, "b", "a")).containsExactly(true);

        TestReplica a = cluster.at("a");
        for (int i = 0; i < 6 * ELECTION_TICKS; i++) {
            a.tick();
            a.drain();
        }
        assertThat(a.state().term())
                .as("the time for answers does not run while the disk is slow")
                .isEqualTo(1);
        assertThat(cluster.sent(VoteRequest.class, "a", "b")).isEmpty();
        a.persistNext();
        assertThat(cluster.sent(VoteRequest.class, "a", "b")).hasSize(1);

        ScriptedCluster single = new ScriptedCluster("s");
        TestReplica s = single.at("s");
        for (int i = 0; i < 2 * ELECTION_TICKS; i++) {
            s.tick();
        }
        s.drain();
        assertThat(s.state().role()).isEqualTo(RoleName.CANDIDATE);
        s.persistNext();
        assertThat(s.leads()).isTrue();
    }

    @Test
    @DisplayName("SL-54 a candidate asks for votes only for a log that a crash can't shorten")
    void votesAreGivenToADurableLog() {
        ScriptedCluster cluster = new ScriptedCluster(NO_PRE_VOTE, "a", "b", "c").with("a", 1, "c");
        TestReplica a = cluster.at("a");
        a.receive(id("c"), new AppendRequest(1, EMPTY, 0, List.of(ScriptedCluster.entry(1, 1))));
        a.drain();
        for (int i = 0; i < 3 * ELECTION_TICKS; i++) {
            a.tick();
            a.drain();
        }
        assertThat(a.state().role()).isEqualTo(RoleName.CANDIDATE);
        assertThat(cluster.sent(VoteRequest.class, "a", "b")).isEmpty();
        a.persistNext();
        assertThat(cluster.sent(VoteRequest.class, "a", "b"))
                .as("entry durable, vote not")
                .isEmpty();
        a.persistNext();
        assertThat(cluster.sent(VoteRequest.class, "a", "b"))
                .extracting(Envelope::message)
                .containsExactly(new VoteRequest(2, new EntryId(1, 1)));
    }

    @Test
    @DisplayName("SL-57 a restarted leader is a follower, and says nothing before an election")
    void restartedLeaderFollows() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c");
        cluster.elect("a");
        cluster.at("a").restart(0, 3);
        cluster.sent.clear();
        for (int i = 0; i < ELECTION_TICKS - 1; i++) {
            cluster.at("a").tick();
            cluster.at("a").settle();
        }
        assertThat(cluster.at("a").state().role()).isEqualTo(RoleName.FOLLOWER);
        assertThat(cluster.sent).isEmpty();
    }

    @Test
    @DisplayName("A leader deposed by a pause leads again although its follower still counts on it")
    void deposedLeaderIsElectedAgain() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c");
        cluster.elect("a");
        cluster.cutOff("b", "c");
        for (int i = 0; i < 2 * ELECTION_TICKS; i++) {
            cluster.tick("a");
        }
        assertThat(cluster.at("a").leads()).isFalse();
        cluster.cutOff("c");
        for (int i = 0; i < 2 * ELECTION_TICKS; i++) {
            cluster.tick("a");
        }
        assertThat(cluster.at("a").leads())
                .as("b's time has not moved: it still believes in a")
                .isTrue();
    }
}
