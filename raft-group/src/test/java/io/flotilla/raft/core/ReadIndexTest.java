package io.flotilla.raft.core;

import static io.flotilla.raft.core.ScriptedCluster.ELECTION_TICKS;
import static io.flotilla.raft.core.ScriptedCluster.HEARTBEAT_TICKS;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.message.Message.Heartbeat;
import io.flotilla.raft.core.message.Message.HeartbeatReply;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class ReadIndexTest {
    private static ScriptedCluster led(String... nodes) {
        ScriptedCluster cluster = new ScriptedCluster(nodes);
        cluster.elect("a");
        cluster.sent.clear();
        return cluster;
    }

    @Test
    @DisplayName("An answer to a round begun before the read came does not confirm it")
    void oldRoundsDoNotConfirm() {
        ScriptedCluster cluster = led("a", "b", "c");
        TestReplica a = cluster.at("a");
        cluster.hold(e -> e.is(HeartbeatReply.class));
        a.core.readIndex(1);
        cluster.run();
        a.core.readIndex(2);
        a.settle();
        cluster.inject("b", "a", cluster.held.get(0).message());
        cluster.inject("c", "a", cluster.held.get(0).message());
        assertThat(a.grants).extracting(ReadGrant::readId).containsExactly(1L);
    }

    @Test
    @DisplayName("A read is granted at the commit index at which it came")
    void grantedAtTheIndexOfArrival() {
        ScriptedCluster cluster = led("a", "b", "c");
        TestReplica a = cluster.at("a");
        cluster.propose("a", "x");
        cluster.run();
        cluster.hold(e -> e.is(HeartbeatReply.class));
        a.core.readIndex(1);
        a.settle();
        cluster.propose("a", "y");
        cluster.run();
        assertThat(a.state().committed()).isEqualTo(3);
        cluster.release();
        cluster.run();
        assertThat(a.grants).containsExactly(new ReadGrant(1, 2));
    }

    @Test
    @DisplayName("A round whose messages were lost is asked again with the next heartbeat")
    void lostRoundsAreAskedAgain() {
        ScriptedCluster cluster = led("a", "b", "c");
        cluster.drop(e -> e.is(Heartbeat.class));
        cluster.at("a").core.readIndex(1);
        cluster.run();
        cluster.heal();
        for (int i = 0; i < HEARTBEAT_TICKS; i++) {
            cluster.tick("a");
        }
        assertThat(cluster.at("a").grants).hasSize(1);
    }

    @Test
    @DisplayName("Reads that can't be confirmed are refused when the leader loses its office, all others at once")
    void readsAreRefusedWithTheOffice() {
        ScriptedCluster cluster = led("a", "b", "c");
        TestReplica a = cluster.at("a");
        cluster.cutOff("a");
        a.core.readIndex(1);
        a.settle();
        a.core.readIndex(2);
        for (int i = 0; i < 2 * ELECTION_TICKS; i++) {
            cluster.tick("a");
        }
        assertThat(a.leads()).isFalse();
        assertThat(a.grants).isEmpty();
        assertThat(a.refusedReads).containsExactlyInAnyOrder(1L, 2L);

        cluster.at("b").core.readIndex(3);
        cluster.at("b").settle();
        assertThat(cluster.at("b").refusedReads).containsExactly(3L);
    }

    @Test
    @DisplayName("A group of one grants without asking anybody")
    void singleVoter() {
        ScriptedCluster cluster = led("a");
        cluster.at("a").core.readIndex(1);
        assertThat(cluster.at("a").drain().grants()).containsExactly(new ReadGrant(1, 1));
    }
}
