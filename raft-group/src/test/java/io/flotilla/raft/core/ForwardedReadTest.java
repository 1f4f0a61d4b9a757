package io.flotilla.raft.core;

import static io.flotilla.raft.core.ScriptedCluster.ELECTION_TICKS;
import static io.flotilla.raft.core.ScriptedCluster.HEARTBEAT_TICKS;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.message.Message.AppendReply;
import io.flotilla.raft.core.message.Message.AppendRequest;
import io.flotilla.raft.core.message.Message.Heartbeat;
import io.flotilla.raft.core.message.Message.HeartbeatReply;
import io.flotilla.raft.core.message.Message.ReadIndexReply;
import io.flotilla.raft.core.message.Message.ReadIndexRequest;
import io.flotilla.raft.core.read.LeaseConfig;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Reads at followers, which ask their leader up to where they must have applied. */
class ForwardedReadTest {
    /** Node {@code a} leads; its clock stands, so a lease that it holds does not end. */
    private static ScriptedCluster led(CoreConfig config) {
        ScriptedCluster cluster = new ScriptedCluster(config, "a", "b", "c");
        cluster.elect("a");
        for (int i = 0; i < HEARTBEAT_TICKS; i++) {
            cluster.tick();
        }
        cluster.sent.clear();
        return cluster;
    }

    private static ScriptedCluster leased() {
        return led(ScriptedCluster.CONFIG);
    }

    private static ScriptedCluster unleased() {
        return led(ScriptedCluster.CONFIG.withLeases(LeaseConfig.off()));
    }

    @Test
    @DisplayName("A follower is told the leader's commit index, which it may not have applied yet")
    void grantsTheLeadersIndex() {
        ScriptedCluster cluster = leased();
        cluster.hold(e -> e.isTo("b") && e.is(AppendRequest.class));
        cluster.propose("a", "x");
        cluster.run();
        TestReplica b = cluster.at("b");
        b.core.readIndexHere(1);
        cluster.run();
        assertThat(b.grants).containsExactly(new ReadGrant(1, 2));
        assertThat(b.answeredApply).isEqualTo(1);
        assertThat(cluster.sent(Heartbeat.class, "a", "c"))
                .as("the lease answers")
                .isEmpty();
    }

    @Test
    @DisplayName("Without a lease the leader asks a quorum before it answers, and answers for when the question came")
    void takesARoundWithoutALease() {
        ScriptedCluster cluster = unleased();
        cluster.hold(e -> e.is(HeartbeatReply.class));
        cluster.at("b").core.readIndexHere(1);
        cluster.at("a").core.readIndex(9);
        cluster.run();
        assertThat(cluster.at("b").grants).isEmpty();
        cluster.propose("a", "x");
        cluster.run();
        cluster.release();
        cluster.run();
        assertThat(cluster.at("b").grants).containsExactly(new ReadGrant(1, 1));
        assertThat(cluster.at("a").grants).containsExactly(new ReadGrant(9, 1));
    }

    @Test
    @DisplayName("A leader that was replaced answers no follower from a lease that ran out")
    void notFromALeaseThatRanOut() {
        ScriptedCluster cluster = leased();
        TestReplica a = cluster.at("a");
        a.at(a.nanos + ELECTION_TICKS * TestReplica.TICK_NANOS);
        cluster.hold(e -> e.is(Heartbeat.class));
        cluster.at("b").core.readIndexHere(1);
        cluster.run();
        assertThat(cluster.at("b").grants).isEmpty();
        cluster.release();
        cluster.run();
        assertThat(cluster.at("b").grants).hasSize(1);
    }

    @Test
    @DisplayName("All reads that wait share one question; the next leaves with the answer")
    void questionsAreShared() {
        ScriptedCluster cluster = leased();
        TestReplica b = cluster.at("b");
        b.core.readIndexHere(1);
        b.core.readIndexHere(2);
        b.core.readIndexHere(3);
        b.settle();
        assertThat(cluster.sent(ReadIndexRequest.class, "b", "a")).hasSize(1);
        cluster.run();
        assertThat(cluster.sent(ReadIndexRequest.class, "b", "a")).hasSize(2);
        assertThat(b.grants).containsExactly(new ReadGrant(1, 1), new ReadGrant(2, 1), new ReadGrant(3, 1));
    }

    @Test
    @DisplayName("Lost questions and answers are repeated; doubled ones change nothing")
    void lostAndDoubled() {
        ScriptedCluster cluster = unleased();
        TestReplica b = cluster.at("b");
        cluster.drop(e -> e.is(ReadIndexRequest.class));
        b.core.readIndexHere(1);
        cluster.run();
        cluster.drop(e -> e.is(ReadIndexReply.class));
        for (int i = 0; i < HEARTBEAT_TICKS; i++) {
            cluster.tick();
        }
        assertThat(b.grants).isEmpty();
        cluster.heal();
        for (int i = 0; i < HEARTBEAT_TICKS; i++) {
            cluster.tick();
        }
        assertThat(b.grants).containsExactly(new ReadGrant(1, 1));
        cluster.sent(ReadIndexReply.class, "a", "b").forEach(e -> cluster.inject("a", "b", e.message()));
        cluster.sent(ReadIndexRequest.class, "b", "a").forEach(e -> cluster.inject("b", "a", e.message()));
        cluster.run();
        assertThat(b.grants).hasSize(1);
    }

    @Test
    @DisplayName("An answer to a question of an earlier life, with the same place in its row, answers nothing")
    void answersOfAnEarlierLife() {
        ScriptedCluster cluster = leased();
        TestReplica b = cluster.at("b");
        cluster.hold(e -> e.is(ReadIndexReply.class));
        b.core.readIndexHere(1);
        cluster.run();
        ReadIndexReply late = (ReadIndexReply) cluster.held.get(0).message();
        b.restart(0, 77);
        cluster.propose("a", "x");
        cluster.run();
        b.core.readIndexHere(2);
        cluster.run();
        cluster.inject("a", "b", late);
        assertThat(b.grants).isEmpty();
        cluster.held.remove(0);
        cluster.release();
        cluster.run();
        assertThat(b.grants).containsExactly(new ReadGrant(2, 2));
    }

    @Test
    @DisplayName("Questions are for the leader: others don't pass them on, and a follower without a leader refuses")
    void neverForwardedTwice() {
        ScriptedCluster cluster = leased();
        cluster.inject("c", "b", new ReadIndexRequest(cluster.at("b").state().term(), 5));
        cluster.run();
        assertThat(cluster.sent(ReadIndexRequest.class, "b", "a")).isEmpty();
        assertThat(cluster.sent(ReadIndexReply.class, "b", "c")).isEmpty();
        TestReplica b = cluster.at("b");
        b.receive(new NodeId("c"), new AppendReply(b.state().term() + 1, 0));
        b.core.readIndexHere(1);
        b.settle();
        assertThat(b.refusedReads).containsExactly(1L);
    }

    @Test
    @DisplayName("Reads without an answer are refused when the leadership ends, at the follower and at the leader")
    void refusedWithTheLeadership() {
        ScriptedCluster cluster = unleased();
        TestReplica b = cluster.at("b");
        cluster.cutOff("b");
        b.core.readIndexHere(1);
        b.settle();
        b.core.readIndexHere(2);
        for (int i = 0; i < 3 * ELECTION_TICKS; i++) {
            cluster.tick("b");
        }
        assertThat(b.refusedReads).containsExactly(1L, 2L);
        cluster.heal();

        ScriptedCluster other = unleased();
        other.drop(e -> e.is(HeartbeatReply.class));
        other.at("c").core.readIndexHere(1);
        other.run();
        other.cutOff("a");
        for (int i = 0; i < 2 * ELECTION_TICKS; i++) {
            other.tick("a");
        }
        assertThat(other.at("a").leads()).isFalse();
        assertThat(other.at("a").refusedReads)
                .as("ids that the leader's host never gave")
                .isEmpty();
    }
}
