package io.flotilla.raft.core;

import static io.flotilla.raft.core.ScriptedCluster.CONFIG;
import static io.flotilla.raft.core.ScriptedCluster.ELECTION_TICKS;
import static io.flotilla.raft.core.ScriptedCluster.HEARTBEAT_TICKS;
import static io.flotilla.raft.core.ScriptedCluster.NO_PRE_VOTE;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.ScriptedCluster.Envelope;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.message.Message.PreVoteReply;
import io.flotilla.raft.core.message.Message.PreVoteRequest;
import io.flotilla.raft.core.message.Message.VoteRequest;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Whoever would campaign asks first whether it could win (Raft thesis §9.6). */
class PreVoteTest {
    private static final EntryId EMPTY = EntryId.ZERO;

    private static NodeId id(String node) {
        return new NodeId(node);
    }

    @Test
    @DisplayName("SL-09 a lost pre-vote request is sent again inside the same round")
    void lostPreVoteRequestsAreSentAgain() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c");
        cluster.campaign("a");
        cluster.wire.clear();
        for (int i = 0; i < HEARTBEAT_TICKS && !cluster.at("a").leads(); i++) {
            cluster.tick("a");
        }
        assertThat(cluster.at("a").leads()).isTrue();
    }

    @Test
    @DisplayName("SL-12 a pre-vote changes nobody's term")
    void preVotesChangeNothing() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c");
        cluster.inject("b", "a", new PreVoteRequest(9, EMPTY));
        assertThat(cluster.at("a").state().term()).isZero();
        assertThat(cluster.sent(PreVoteReply.class, "a", "b"))
                .extracting(Envelope::message)
                .containsExactly(new PreVoteReply(9, true));
    }

    @Test
    @DisplayName("SL-17 a node that can't hear the leader does not dethrone it; a leader alone steps down")
    void liveLeaderIsNotDethroned() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c");
        cluster.elect("a");
        long term = cluster.at("a").state().term();
        cluster.drop(e -> (e.isFrom("a") && e.isTo("c")) || (e.isFrom("c") && e.isTo("a")));
        for (int i = 0; i < 100 * ELECTION_TICKS; i++) {
            cluster.tick();
            if (i % 50 == 0) {
                cluster.propose("a", "w" + i);
            }
        }
        assertThat(cluster.at("a").leads()).isTrue();
        assertThat(cluster.at("a").state().term()).isEqualTo(term);
        assertThat(cluster.commandsApplied("a")).hasSize(20);

        cluster.cutOff("a");
        for (int i = 0; i < 2 * ELECTION_TICKS; i++) {
            cluster.tick("a");
        }
        assertThat(cluster.at("a").leads()).as("a hears no quorum").isFalse();
        for (int i = 0; i < 4 * ELECTION_TICKS; i++) {
            cluster.tick("b", "c");
        }
        assertThat(cluster.at("b").leads() || cluster.at("c").leads()).isTrue();
    }

    @Test
    @DisplayName("A node with an old term and the only complete log is elected although its peers are terms ahead")
    void oldTermDoesNotLockOut() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c", "d")
                .with("a", 2, null, 1, 2)
                .with("b", 7, null, 1)
                .with("c", 6, null, 1);
        cluster.cutOff("d");
        int ticks = 0;
        while (!cluster.at("a").leads() && ticks < 8 * ELECTION_TICKS) {
            cluster.tick("a", "b", "c");
            ticks++;
        }
        assertThat(cluster.at("a").leads()).isTrue();
    }

    @Test
    @DisplayName("A follower of a live leader refuses pre-votes and votes, and its term stays")
    void followersStickToTheirLeader() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c");
        cluster.elect("a");
        SoftState before = cluster.at("b").state();
        cluster.inject("c", "b", new PreVoteRequest(9, new EntryId(9, 9)));
        cluster.inject("c", "b", new VoteRequest(9, new EntryId(9, 9)));
        assertThat(cluster.sent(PreVoteReply.class, "b", "c"))
                .extracting(Envelope::message)
                .last()
                .isEqualTo(new PreVoteReply(before.term(), false));
        assertThat(cluster.at("b").state()).isEqualTo(before);
    }

    @Test
    @DisplayName("SL-16 a returning partitioned node has not inflated its term; without pre-vote it has")
    void preVoteEndsTermInflation() {
        for (CoreConfig config : List.of(CONFIG, NO_PRE_VOTE)) {
            ScriptedCluster cluster = new ScriptedCluster(config, "a", "b", "c");
            cluster.elect("a");
            long term = cluster.at("c").state().term();
            cluster.cutOff("c");
            for (int i = 0; i < 20 * ELECTION_TICKS; i++) {
                cluster.tick();
            }
            if (config.preVote()) {
                assertThat(cluster.at("c").state().term()).isEqualTo(term);
                cluster.heal();
                cluster.tick();
                cluster.tick();
                assertThat(cluster.at("a").leads()).isTrue();
            } else {
                assertThat(cluster.at("c").state().term()).isGreaterThan(term + 5);
            }
        }
    }

    @Test
    @DisplayName("Of two survivors whose pre-votes cross one gives way, so the first term has a leader")
    void crossedPreVotesSplitNoVote() {
        ScriptedCluster equal = new ScriptedCluster("a", "b", "c");
        equal.cutOff("c");
        equal.campaign("a");
        equal.campaign("b");
        equal.run();
        assertThat(equal.at("b").state()).isEqualTo(new SoftState(1, RoleName.LEADER, id("b"), 1, 1));
        assertThat(equal.at("a").state().leader()).isEqualTo(id("b"));

        // c, d and e would grant both
        ScriptedCluster unequal = new ScriptedCluster("a", "b", "c", "d", "e")
                .with("a", 1, null, 1, 1)
                .with("b", 1, null, 1);
        unequal.campaign("a");
        unequal.campaign("b");
        unequal.run();
        assertThat(unequal.at("a").leads())
                .as("the longer log goes before the larger name")
                .isTrue();
        assertThat(unequal.sent).noneMatch(e -> e.isFrom("b") && e.is(VoteRequest.class));
    }

    @Test
    @DisplayName("Nobody gives way to one that is left out")
    void nobodyGivesWayToStrangers() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c");
        cluster.campaign("a");
        cluster.inject("z", "a", new PreVoteRequest(1, EMPTY));
        assertThat(cluster.at("a").state().role()).isEqualTo(RoleName.PRE_CANDIDATE);
    }

    @Test
    @DisplayName("Who gave way campaigns again if nothing came of the other's campaign")
    void whoGaveWayTriesAgain() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c");
        cluster.campaign("a");
        cluster.inject("b", "a", new PreVoteRequest(1, EMPTY));
        assertThat(cluster.at("a").state().role()).isEqualTo(RoleName.FOLLOWER);
        cluster.cutOff("b");
        cluster.elect("a");
        assertThat(cluster.at("a").state().term()).isEqualTo(1);
    }
}
