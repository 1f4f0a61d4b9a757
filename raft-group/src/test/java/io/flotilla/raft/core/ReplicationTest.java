package io.flotilla.raft.core;

import static io.flotilla.raft.core.ScriptedCluster.CONFIG;
import static io.flotilla.raft.core.ScriptedCluster.ELECTION_TICKS;
import static io.flotilla.raft.core.ScriptedCluster.HEARTBEAT_TICKS;
import static io.flotilla.raft.core.ScriptedCluster.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.raft.core.ScriptedCluster.Envelope;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.log.RaftLog;
import io.flotilla.raft.core.log.TermRun;
import io.flotilla.raft.core.message.Message.AppendReject;
import io.flotilla.raft.core.message.Message.AppendReply;
import io.flotilla.raft.core.message.Message.AppendRequest;
import io.flotilla.raft.core.message.Message.Heartbeat;
import io.flotilla.raft.core.message.Message.HeartbeatReply;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class ReplicationTest {
    private static NodeId id(String node) {
        return new NodeId(node);
    }

    private static ScriptedCluster led(String leader, String... nodes) {
        ScriptedCluster cluster = new ScriptedCluster(nodes);
        cluster.elect(leader);
        return cluster;
    }

    private static String[] commands(int count) {
        String[] commands = new String[count];
        for (int i = 0; i < count; i++) {
            commands[i] = "command " + i;
        }
        return commands;
    }

    private static long[] terms(int count, long term) {
        long[] terms = new long[count];
        Arrays.fill(terms, term);
        return terms;
    }

    private static AppendRequest append(long term, EntryId previous, long commit, Entry... entries) {
        return new AppendRequest(term, previous, commit, List.of(entries));
    }

    private static AppendReply lastAck(ScriptedCluster cluster, String from, String to) {
        List<Envelope> acks = cluster.sent(AppendReply.class, from, to);
        return (AppendReply) acks.get(acks.size() - 1).message();
    }

    @Test
    @DisplayName("SL-25 index 0 is never committed or applied, and precedes every log")
    void indexZeroIsASentinel() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c");
        cluster.campaign("a");
        cluster.run();
        assertThat(cluster.sent(AppendRequest.class, "a", "b"))
                .extracting(e -> ((AppendRequest) e.message()).previous())
                .contains(EntryId.ZERO);
        cluster.elect("b");
        cluster.elect("c");
        ProposeResult result = cluster.propose("c", "first");
        assertThat(result)
                .isEqualTo(new ProposeResult.Accepted(cluster.at("c").state().term(), 4));
        cluster.run();
        assertThat(cluster.at("c").applied).extracting(Entry::index).containsExactly(1L, 2L, 3L, 4L);
    }

    @Test
    @DisplayName("SL-26 commands are batched and pipelined within a bounded window")
    void pipelining() {
        ScriptedCluster cluster = led("a", "a", "b", "c");
        cluster.propose("a", commands(1_000));
        cluster.sent.clear();
        cluster.at("a").settle();
        List<Envelope> firstBurst = cluster.sent(AppendRequest.class, "a", "b");
        int bytes = 0;
        for (Envelope envelope : firstBurst) {
            int messageBytes = ((AppendRequest) envelope.message())
                    .entries().stream().mapToInt(Entry::bytes).sum();
            assertThat(messageBytes).isLessThanOrEqualTo(CONFIG.maxAppendBytes());
            bytes += messageBytes;
        }
        assertThat(firstBurst).hasSizeGreaterThan(1).hasSizeLessThanOrEqualTo(CONFIG.maxInflightMessages());
        assertThat(bytes).isLessThanOrEqualTo(CONFIG.maxInflightBytes());

        int halfRounds = 0;
        while (cluster.at("a").state().committed() < 1_001) {
            cluster.deliverRound();
            halfRounds++;
        }
        int windows = 1_000 * 50 / CONFIG.maxInflightBytes() + 1;
        assertThat(halfRounds).isLessThanOrEqualTo(2 * windows);
    }

    @Test
    @DisplayName("SL-27 a silent peer delays no other, and its share of traffic is bounded")
    void silentPeersDelayNobody() {
        ScriptedCluster cluster = led("a", "a", "b", "c");
        cluster.hold(e -> e.isTo("c"));
        for (int i = 0; i < 20; i++) {
            cluster.propose("a", "w" + i);
            cluster.at("a").settle();
            cluster.deliverRound();
            cluster.deliverRound();
            assertThat(cluster.at("a").state().committed())
                    .as("one round trip later")
                    .isEqualTo(i + 2);
        }
        assertThat(cluster.sent(AppendRequest.class, "a", "c"))
                .hasSizeLessThanOrEqualTo(2 + CONFIG.maxInflightMessages());
        cluster.sent.clear();
        for (int i = 0; i < 10 * HEARTBEAT_TICKS; i++) {
            cluster.tick("a");
        }
        assertThat(cluster.sent(Heartbeat.class, "a", "b")).hasSize(10);
    }

    @Test
    @DisplayName("SL-28 a dead peer gets heartbeats only; back again it is caught up from present state at once")
    void deadPeersAreNotFlooded() {
        ScriptedCluster cluster = led("a", "a", "b", "c");
        cluster.cutOff("c");
        cluster.sent.clear();
        for (int i = 0; i < 100 * HEARTBEAT_TICKS; i++) {
            cluster.propose("a", "w" + i);
            cluster.tick("a", "b");
        }
        assertThat(cluster.sent(AppendRequest.class, "a", "c")).hasSizeLessThanOrEqualTo(CONFIG.maxInflightMessages());
        assertThat(cluster.sent(Heartbeat.class, "a", "c")).hasSize(100);
        cluster.heal();
        for (int i = 0; i < HEARTBEAT_TICKS; i++) {
            cluster.tick("a");
        }
        assertThat(cluster.terms("c")).isEqualTo(cluster.terms("a"));
    }

    @Test
    @DisplayName("SL-28 appends lost on the wire are sent again after a heartbeat's answer")
    void lostAppendsAreSentAgain() {
        ScriptedCluster cluster = led("a", "a", "b", "c");
        cluster.drop(e -> e.is(AppendRequest.class) && e.isTo("c"));
        cluster.propose("a", "lost");
        cluster.run();
        cluster.heal();
        for (int i = 0; i < 2 * HEARTBEAT_TICKS; i++) {
            cluster.tick("a");
        }
        assertThat(cluster.terms("c")).isEqualTo(cluster.terms("a"));

        cluster.drop(e -> e.is(AppendReply.class) && e.isFrom("c"));
        cluster.propose("a", "acknowledgement lost");
        cluster.run();
        cluster.drop(e -> e.isTo("b"));
        for (int i = 0; i < 2 * HEARTBEAT_TICKS; i++) {
            cluster.tick("a");
        }
        cluster.propose("a", "needs c");
        cluster.run();
        for (int i = 0; i < 2 * HEARTBEAT_TICKS; i++) {
            cluster.tick("a");
        }
        assertThat(cluster.commandsApplied("a")).containsExactly("lost", "acknowledgement lost", "needs c");
    }

    @Test
    @DisplayName("SL-31 an empty message carries the commit index")
    void emptyMessagesCommit() {
        ScriptedCluster cluster = led("a", "a", "b", "c");
        cluster.propose("a", "x");
        cluster.run();
        assertThat(cluster.commandsApplied("a")).containsExactly("x");
        assertThat(cluster.commandsApplied("b")).isEmpty();
        for (int i = 0; i < HEARTBEAT_TICKS; i++) {
            cluster.tick("a");
        }
        assertThat(cluster.commandsApplied("b")).containsExactly("x");

        ScriptedCluster probe = new ScriptedCluster("a", "b", "c").with("b", 1, null, 1, 1);
        probe.inject("a", "b", append(1, new EntryId(1, 2), 2));
        assertThat(probe.at("b").state().committed()).isEqualTo(2);
    }

    @Test
    @DisplayName("SL-32 a follower commits only what it is proven to share with the leader")
    void commitStopsAtTheProvenPrefix() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c").with("b", 1, null, 1, 1, 1, 1);
        cluster.inject("a", "b", append(2, new EntryId(1, 2), 4));
        assertThat(cluster.at("b").state().committed()).isEqualTo(2);
        assertThat(lastAck(cluster, "b", "a").matchIndex()).isEqualTo(2);
        cluster.inject("a", "b", append(2, new EntryId(2, 4), 4));
        assertThat(cluster.at("b").state().committed())
                .as("a rejected append commits nothing")
                .isEqualTo(2);
    }

    @Test
    @DisplayName("SL-32 a heartbeat never commits more than the follower acknowledged")
    void heartbeatsCommitWhatWasAcknowledged() {
        ScriptedCluster cluster = led("a", "a", "b", "c");
        cluster.drop(e -> e.is(AppendRequest.class) && e.isTo("c"));
        cluster.propose("a", "x");
        cluster.run();
        cluster.sent.clear();
        for (int i = 0; i < HEARTBEAT_TICKS; i++) {
            cluster.tick("a");
        }
        assertThat(cluster.sent(Heartbeat.class, "a", "b"))
                .allMatch(e -> ((Heartbeat) e.message()).commit() == 2)
                .isNotEmpty();
        assertThat(cluster.sent(Heartbeat.class, "a", "c"))
                .allMatch(e -> ((Heartbeat) e.message()).commit() == 1)
                .isNotEmpty();
    }

    @Test
    @DisplayName("SL-33 a disconnected leader's foreign entries give way to the newer term's")
    void divergedLeaderIsRepaired() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c")
                .with("a", 1, "a", 1, 1, 1, 1, 1)
                .with("b", 2, "b", 1, 2);
        cluster.cutOff("c");
        cluster.elect("b");
        cluster.propose("b", "x");
        cluster.run();
        assertThat(cluster.terms("a")).containsExactly(1L, 2L, 3L, 3L);
        assertThat(cluster.terms("b")).isEqualTo(cluster.terms("a"));
        assertThat(cluster.commandsApplied("b")).endsWith("x");
    }

    @Test
    @DisplayName("SL-34 a majority that was away for long catches up from the one complete log")
    void longOfflineMajority() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c", "d", "e")
                .with("a", 5, null, 1, 1)
                .with("b", 5, null, 1, 1)
                .with("e", 5, null, terms(500, 1));
        cluster.cutOff("c", "d");
        for (int i = 0; i < 10 * ELECTION_TICKS && !cluster.at("e").leads(); i++) {
            cluster.tick();
        }
        assertThat(cluster.at("e").leads()).isTrue();
        assertThat(cluster.terms("a")).hasSize(501).isEqualTo(cluster.terms("b"));
        assertThat(cluster.sent(AppendReject.class, "a", "e")).hasSize(1);
    }

    @Test
    @DisplayName("SL-35 each refusal settles up to sixteen conflicting terms, judged by the follower's own entries")
    void conflictsAreSettledByTerm() {
        long[] foreign = new long[1_001];
        foreign[0] = 1;
        for (int i = 1; i <= 1_000; i++) {
            foreign[i] = 2 + 2 * ((i - 1) / 50);
        }
        long[] leaders = new long[1_001];
        leaders[0] = 1;
        for (int i = 1; i <= 1_000; i++) {
            leaders[i] = 3 + 2 * ((i - 1) / 50);
        }
        ScriptedCluster cluster =
                new ScriptedCluster("a", "b", "c").with("a", 50, null, leaders).with("b", 50, null, foreign);
        cluster.cutOff("c");
        cluster.elect("a");
        assertThat(cluster.terms("b")).isEqualTo(cluster.terms("a"));
        assertThat(cluster.sent(AppendReject.class, "b", "a")).hasSize(2);

        ScriptedCluster refusing = new ScriptedCluster("a", "b", "c").with("b", 4, null, 1, 1, 2, 2, 2);
        refusing.inject("a", "b", append(5, new EntryId(4, 4), 0));
        refusing.inject("a", "b", append(5, new EntryId(4, 9), 0));
        assertThat(refusing.sent(AppendReject.class, "b", "a"))
                .extracting(Envelope::message)
                .containsExactly(
                        new AppendReject(5, 4, 4, List.of(new TermRun(3, 2), new TermRun(1, 1))),
                        new AppendReject(5, 9, 5, List.of(new TermRun(3, 2), new TermRun(1, 1))));
    }

    @Test
    @DisplayName("SL-38 reordered and duplicated appends never cut a matching suffix")
    void reorderedAppendsCutNothing() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c").with("b", 1, null, 1, 1);
        AppendRequest longer =
                append(1, new EntryId(1, 2), 6, entry(1, 3), entry(1, 4), entry(1, 5), entry(1, 6), entry(1, 7));
        AppendRequest shorter = append(1, new EntryId(1, 2), 3, entry(1, 3), entry(1, 4), entry(1, 5));
        cluster.inject("a", "b", longer);
        cluster.inject("a", "b", shorter);
        cluster.inject("a", "b", longer);
        assertThat(cluster.terms("b")).hasSize(7);
        assertThat(cluster.at("b").state().committed()).isEqualTo(6);
        assertThat(cluster.at("b").state().last()).isEqualTo(7);

        ScriptedCluster uncommitted = new ScriptedCluster("a", "b", "c").with("b", 1, null, 1, 1, 1, 1, 1);
        uncommitted.inject("a", "b", append(1, new EntryId(1, 1), 0, entry(1, 2), entry(1, 3)));
        assertThat(uncommitted.terms("b")).hasSize(5);
    }

    @Test
    @DisplayName("SL-38 from the first entry that truly differs on, everything is replaced")
    void onlyTheFirstConflictCuts() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c").with("b", 1, null, 1, 1, 1, 1, 1);
        cluster.inject("a", "b", append(2, new EntryId(1, 2), 0, entry(1, 3), entry(2, 4)));
        assertThat(cluster.terms("b")).containsExactly(1L, 1L, 1L, 2L);
        assertThat(lastAck(cluster, "b", "a").matchIndex()).isEqualTo(4);
    }

    @Test
    @DisplayName("SL-39 the commit index never goes back and never passes the log's end")
    void commitNeverGoesBack() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c").with("b", 1, null, 1, 1, 1);
        cluster.inject("a", "b", append(1, new EntryId(1, 3), 99));
        assertThat(cluster.at("b").state().committed()).isEqualTo(3);
        cluster.inject("a", "b", append(1, new EntryId(1, 1), 1, entry(1, 2)));
        cluster.inject("a", "b", new Heartbeat(1, 1, 0));
        assertThat(cluster.at("b").state().committed()).isEqualTo(3);
        assertThat(cluster.at("b").applied).hasSize(3);
    }

    @Test
    @DisplayName("SL-40 late refusals and late acknowledgements don't pull a follower's progress back")
    void lateRepliesDoNotRewind() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c").with("a", 1, null, terms(10, 1));
        cluster.cutOff("c");
        cluster.elect("a");
        cluster.propose("a", commands(4));
        cluster.run();
        assertThat(cluster.terms("b")).hasSize(15);
        long term = cluster.at("a").state().term();
        cluster.sent.clear();
        cluster.inject("b", "a", new AppendReject(term, 10, 0, List.of()));
        cluster.inject("b", "a", new AppendReject(term, 1, 0, List.of()));
        cluster.inject("b", "a", new AppendReply(term, 3));
        assertThat(cluster.sent).as("nothing is sent again").isEmpty();
        for (int i = 0; i < HEARTBEAT_TICKS; i++) {
            cluster.tick("a");
        }
        assertThat(cluster.sent(Heartbeat.class, "a", "b"))
                .extracting(e -> ((Heartbeat) e.message()).commit())
                .containsOnly(15L);
    }

    @Test
    @DisplayName("SL-13 an acknowledgement of an older leadership counts for nothing")
    void oldAcknowledgementsCountForNothing() {
        ScriptedCluster cluster = led("a", "a", "b", "c");
        long oldTerm = cluster.at("a").state().term();
        cluster.cutOff("c");
        cluster.hold(e -> e.is(AppendReply.class) && e.isTo("a"));
        cluster.propose("a", "x", "y");
        cluster.run();
        assertThat(cluster.held).contains(new Envelope(id("b"), id("a"), new AppendReply(oldTerm, 3)));
        cluster.cutOff("a");
        cluster.elect("b");
        cluster.heal();
        for (int i = 0; i < HEARTBEAT_TICKS; i++) {
            cluster.tick("b");
        }
        cluster.held.removeIf(e -> e.message().term() > oldTerm);
        cluster.hold(e -> e.is(AppendReply.class));
        cluster.cutOff("b");
        cluster.elect("a");
        cluster.drop(e -> e.is(AppendRequest.class));
        cluster.at("a").settle();
        long committed = cluster.at("a").state().committed();
        assertThat(cluster.at("a").state().term()).isGreaterThan(oldTerm);
        cluster.propose("a", "z");
        cluster.inject(
                "b", "a", new AppendReply(oldTerm, cluster.at("a").state().last()));
        cluster.inject(
                "c", "a", new AppendReply(oldTerm, cluster.at("a").state().last()));
        assertThat(cluster.at("a").state().committed()).isEqualTo(committed);
    }

    @Test
    @DisplayName("SL-41 a new leader finds and repairs divergence at once, without ticks or traffic")
    void repairStartsAtOnce() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c")
                .with("a", 4, null, 1, 1, 4)
                .with("b", 3, null, 1, 2, 2, 3)
                .with("c", 4, null, 1);
        cluster.elect("a");
        cluster.run();
        assertThat(cluster.terms("b")).containsExactly(1L, 1L, 4L, 5L);
        assertThat(cluster.terms("c")).containsExactly(1L, 1L, 4L, 5L);
        assertThat(cluster.sent(HeartbeatReply.class, "b", "a")).isEmpty();
    }

    @Test
    @DisplayName("SL-45 a command travels in the turn it is proposed, while the leader's own disk stalls")
    void commandsTravelAtOnce() {
        ScriptedCluster cluster = led("a", "a", "b", "c");
        cluster.propose("a", "x");
        Effects effects = cluster.at("a").drain();
        assertThat(effects.send()).extracting(Outbound::to).containsExactly(id("b"), id("c"));
        assertThat(effects.persist()).hasSize(1);
        for (String follower : List.of("b", "c")) {
            cluster.at(follower).receive(id("a"), effects.send().get(0).message());
            cluster.at(follower).settle();
        }
        cluster.at("a").receive(id("b"), new AppendReply(1, 2));
        assertThat(cluster.at("a").state().committed())
                .as("one follower, own disk outstanding")
                .isEqualTo(1);
        cluster.at("a").receive(id("c"), new AppendReply(1, 2));
        assertThat(cluster.at("a").state().committed())
                .as("a quorum without the leader")
                .isEqualTo(2);
        assertThat(cluster.at("a").drain().apply()).as("not durable here yet").isEmpty();
        cluster.at("a").persistNext();
        assertThat(cluster.at("a").drain().apply()).hasSize(1);
    }

    @Test
    @DisplayName("SL-45 proposals of one turn leave in one message")
    void proposalsOfATurnShareAMessage() {
        ScriptedCluster cluster = led("a", "a", "b", "c");
        cluster.propose("a", "x");
        cluster.propose("a", "y", "z");
        Effects effects = cluster.at("a").drain();
        assertThat(effects.send()).hasSize(2);
        assertThat(effects.persist()).hasSize(1);
        assertThat(effects.persist().get(0).entries()).hasSize(3);
    }

    @Test
    @DisplayName("SL-46 a quiet new leader commits what its predecessor left behind, and serves reads")
    void noOpCommitsEarlierEntries() {
        ScriptedCluster cluster = led("a", "a", "b", "c");
        cluster.drop(e -> e.is(AppendReply.class));
        cluster.propose("a", "left behind");
        cluster.run();
        cluster.cutOff("a");
        cluster.elect("b");
        assertThat(cluster.commandsApplied("b")).containsExactly("left behind");
        cluster.at("b").core.readIndex(1);
        cluster.run();
        assertThat(cluster.at("b").grants).containsExactly(new ReadGrant(1, 3));
    }

    @Test
    @DisplayName("SL-48 cutting off a committed entry stops the replica")
    void committedEntriesAreNeverCut() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c").with("b", 1, null, 1, 1, 1);
        cluster.inject("a", "b", append(1, new EntryId(1, 3), 2));
        cluster.inject("a", "b", append(2, new EntryId(1, 1), 2, entry(1, 2), entry(2, 3)));
        assertThat(cluster.terms("b")).as("above the commit index").containsExactly(1L, 1L, 2L);
        assertThatThrownBy(() -> new RaftLog(EntryId.ZERO, List.of(), 0, 0).truncateFrom(0))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("is committed");
    }

    @Test
    @DisplayName("SL-54 an acknowledgement waits for the disk, also when only earlier batches are outstanding")
    void acknowledgementsWaitForTheDisk() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c").with("b", 1, null, 1, 1);
        TestReplica b = cluster.at("b");
        b.receive(id("a"), append(1, new EntryId(1, 2), 0, entry(1, 3)));
        b.drain();
        b.receive(id("a"), append(1, new EntryId(1, 2), 0, entry(1, 3)));
        PersistBatch second = b.drain().persist().get(0);
        assertThat(second.isEmpty()).isTrue();
        assertThat(second.messages()).containsExactly(new Outbound(id("a"), new AppendReply(1, 3)));
        assertThat(cluster.sent(AppendReply.class, "b", "a")).isEmpty();
        b.persistNext();
        b.persistNext();
        assertThat(cluster.sent(AppendReply.class, "b", "a")).hasSize(2);
    }

    @Test
    @DisplayName("SL-54 acknowledgements of one turn to one leader are one message")
    void acknowledgementsAreJoined() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c").with("b", 1, null, 1, 1);
        TestReplica b = cluster.at("b");
        b.receive(id("a"), append(1, new EntryId(1, 2), 0, entry(1, 3)));
        b.receive(id("a"), append(1, new EntryId(1, 3), 0, entry(1, 4)));
        b.receive(id("a"), append(1, new EntryId(1, 2), 0, entry(1, 3)));
        assertThat(b.drain().persist().get(0).messages()).containsExactly(new Outbound(id("a"), new AppendReply(1, 4)));
    }

    @Test
    @DisplayName("SL-54 a completed write proves nothing about entries that replaced its own (ABA)")
    void persistedAba() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c").with("b", 1, null, 1);
        TestReplica b = cluster.at("b");
        b.receive(id("a"), append(1, new EntryId(1, 1), 0, entry(1, 2), entry(1, 3)));
        b.drain();
        b.receive(id("c"), append(2, new EntryId(1, 1), 3, entry(2, 2), entry(2, 3)));
        b.drain();
        assertThat(b.state().committed()).isEqualTo(3);
        b.answerLoad();
        b.persistNext();
        b.drain();
        assertThat(b.applied)
                .as("indexes 2 and 3 are written, but as other entries")
                .extracting(Entry::index)
                .containsExactly(1L);
        b.persistNext();
        b.drain();
        assertThat(b.applied).extracting(Entry::term).containsExactly(1L, 2L, 2L);
    }

    @Test
    @DisplayName("A follower far behind is fed from disk, one read at a time, and equals the leader in the end")
    void laggingFollowersAreFedFromDisk() {
        ScriptedCluster cluster = new ScriptedCluster(
                        new CoreConfig(
                                ELECTION_TICKS, HEARTBEAT_TICKS, 1 << 10, 8, 8 << 10, 1 << 20, 1 << 20, 4 << 10, true),
                        "a",
                        "b",
                        "c")
                .with("a", 1, null, terms(300, 1));
        cluster.cutOff("c");
        cluster.elect("a");
        cluster.propose("a", commands(300));
        cluster.run();
        TestReplica a = cluster.at("a");
        assertThat(a.state().committed()).isEqualTo(601);
        cluster.heal();
        for (int i = 0; i < HEARTBEAT_TICKS; i++) {
            a.tick();
        }
        a.drain();
        List<LoadRequest> seen = new ArrayList<>();
        for (int i = 0; i < 2_000 && cluster.at("c").disk.lastIndex() < 601; i++) {
            while (!cluster.wire.isEmpty()) {
                Envelope envelope = cluster.wire.remove(0);
                TestReplica to = cluster.replicas.get(envelope.to());
                to.receive(envelope.from(), envelope.message());
                to.drain();
                while (!to.writes.isEmpty()) {
                    to.persistNext();
                }
                to.answerApply();
                to.drain();
            }
            assertThat(a.loads.size()).isLessThanOrEqualTo(1);
            if (!a.loads.isEmpty()) {
                seen.add(a.loads.peek());
                a.answerLoad();
                a.drain();
            }
        }
        assertThat(cluster.terms("c")).isEqualTo(cluster.terms("a"));
        assertThat(seen).as("applied entries left memory").anyMatch(load -> load.to() > 302);
        assertThat(seen).isNotEmpty().allMatch(load -> load.purpose().equals(id("c")) && load.maxBytes() <= 1 << 10);
    }

    @Test
    @DisplayName("Entries that were read for a follower but replaced meanwhile are not sent")
    void staleLoadsAreIgnored() {
        ScriptedCluster cluster =
                new ScriptedCluster("a", "b", "c").with("a", 3, null, 1, 1, 1).with("b", 2, null);
        cluster.cutOff("c");
        TestReplica a = cluster.at("a");
        cluster.hold(e -> e.is(AppendReject.class));
        cluster.elect("a");
        cluster.hold(e -> false);
        cluster.held.forEach(e -> a.receive(e.from(), e.message()));
        a.drain();
        LoadRequest load = a.loads.removeFirst();
        assertThat(load).isEqualTo(new LoadRequest(id("b"), 1, 3, CONFIG.maxAppendBytes()));
        cluster.sent.clear();
        a.core.loaded(load, List.of(entry(1, 1), entry(2, 2)));
        a.drain();
        assertThat(cluster.sent(AppendRequest.class, "a", "b")).isEmpty();
        assertThat(a.loads).as("it is asked for again").hasSize(1);
        a.core.loaded(a.loads.removeFirst(), List.of());
        a.drain();
        assertThat(a.loads).as("nothing is an answer too").hasSize(1);
        cluster.run();
        assertThat(cluster.terms("b")).isEqualTo(cluster.terms("a"));
    }

    @Test
    @DisplayName("Applying goes on from disk after a restart, within the apply window")
    void applyAfterRestartWithinTheWindow() {
        CoreConfig small = new CoreConfig(ELECTION_TICKS, HEARTBEAT_TICKS, 1 << 10, 8, 8 << 10, 1 << 20, 400, 0, true);
        ScriptedCluster cluster = new ScriptedCluster(small, "s").with("s", 1, null, terms(50, 1));
        TestReplica s = cluster.at("s");
        while (s.state().role() != RoleName.CANDIDATE) {
            s.tick();
        }
        for (int i = 0; i < 1_000 && s.answeredApply < 51; i++) {
            s.drain();
            int unanswered = s.applied.subList((int) s.answeredApply, s.applied.size()).stream()
                    .mapToInt(Entry::bytes)
                    .sum();
            assertThat(unanswered)
                    .as("at most the last entry passes the bound")
                    .isLessThan(small.maxApplyBytes() + entry(1, 10).bytes());
            if (!s.writes.isEmpty()) {
                s.persistNext();
            } else if (!s.loads.isEmpty()) {
                s.answerLoad();
            } else {
                s.answerApply();
            }
        }
        assertThat(s.applied).isEqualTo(s.disk.entries).hasSize(51);
        assertThat(s.applied.get(50).kind()).isEqualTo(EntryKind.NO_OP);
    }

    @Test
    @DisplayName("Over its bound of waiting bytes a leader is busy, and free again when they are applied")
    void busyOverTheBound() {
        CoreConfig small =
                new CoreConfig(ELECTION_TICKS, HEARTBEAT_TICKS, 1 << 10, 8, 8 << 10, 1_000, 1 << 20, 0, true);
        ScriptedCluster cluster = new ScriptedCluster(small, "a", "b", "c");
        cluster.elect("a");
        assertThat(cluster.propose("a", "x".repeat(2_000)))
                .as("alone anything goes")
                .isInstanceOf(ProposeResult.Accepted.class);
        assertThat(cluster.propose("a", "y")).isEqualTo(new ProposeResult.Busy());
        cluster.run();
        assertThat(cluster.propose("a", "y")).isInstanceOf(ProposeResult.Accepted.class);
        assertThat(cluster.propose("b", "y")).isEqualTo(new ProposeResult.NotLeader(1, id("a")));
    }

    @Test
    @DisplayName("A slow follower fills its window once, however much waits for it")
    void windowsAreBounded() {
        ScriptedCluster cluster = led("a", "a", "b", "c");
        cluster.hold(e -> e.is(AppendReply.class) && e.isFrom("c"));
        for (int i = 0; i < 40; i++) {
            cluster.propose("a", commands(20));
            cluster.run();
        }
        assertThat(cluster.at("a").state().committed()).isEqualTo(801);
        assertThat(cluster.sent(AppendRequest.class, "a", "c"))
                .hasSizeLessThanOrEqualTo(1 + CONFIG.maxInflightMessages());
        cluster.release();
        cluster.run();
        assertThat(cluster.terms("c")).hasSize(801);
    }
}
