package io.flotilla.raft.core;

import static io.flotilla.raft.core.ScriptedCluster.CONFIG;
import static io.flotilla.raft.core.ScriptedCluster.ELECTION_TICKS;
import static io.flotilla.raft.core.ScriptedCluster.HEARTBEAT_TICKS;
import static io.flotilla.raft.core.ScriptedCluster.entry;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.ScriptedCluster.Envelope;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.message.Message.AppendReply;
import io.flotilla.raft.core.message.Message.AppendRequest;
import io.flotilla.raft.core.message.Message.Heartbeat;
import io.flotilla.raft.core.message.Message.HeartbeatReply;
import io.flotilla.raft.core.message.Message.VoteReply;
import io.flotilla.raft.core.message.Message.VoteRequest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Lessons of earlier Raft implementations that the core alone can show, beside those in the tests of its parts. */
class CoreLessonsTest {
    private static NodeId id(String node) {
        return new NodeId(node);
    }

    private static ScriptedCluster led(String leader, String... nodes) {
        ScriptedCluster cluster = new ScriptedCluster(nodes);
        cluster.elect(leader);
        cluster.run();
        return cluster;
    }

    @Test
    @DisplayName("SL-23 elections and repair work whatever the timings are")
    void anyTimings() {
        int[][] timings = {{2, 19}, {5, 50}, {5, 26}, {1, 4}};
        for (int[] timing : timings) {
            for (int size : new int[] {3, 5, 7}) {
                CoreConfig config =
                        new CoreConfig(timing[1], timing[0], 1 << 10, 8, 8 << 10, 1 << 20, 1 << 20, 1 << 20, true);
                String[] nodes = new String[size];
                for (int i = 0; i < size; i++) {
                    nodes[i] = String.valueOf((char) ('a' + i));
                }
                ScriptedCluster cluster = new ScriptedCluster(config, nodes);
                long term = 0;
                for (int round = 0; round < 10; round++) {
                    TestReplica leader = null;
                    for (int tick = 0; leader == null && tick < 20 * timing[1]; tick++) {
                        cluster.tick();
                        for (TestReplica replica : cluster.replicas.values()) {
                            if (replica.leads() && replica.state().term() > term) {
                                leader = replica;
                            }
                        }
                    }
                    assertThat(leader)
                            .as(
                                    "a leader of %d with heartbeat %d, election %d, round %d",
                                    size, timing[0], timing[1], round)
                            .isNotNull();
                    cluster.propose(leader.id.value(), "round " + round);
                    cluster.run();
                    term = leader.state().term();
                    String before = leader.id.value();
                    assertThat(cluster.commandsApplied(before)).endsWith("round " + round);
                    cluster.cutOff(before);
                    cluster.propose(before, "in vain");
                    cluster.at(before).settle();
                }
            }
        }
    }

    @Test
    @DisplayName("SL-37 a large backlog leaves in bounded messages, and heartbeats go out between them")
    void backlogsAreFramed() {
        ScriptedCluster cluster = led("a", "a", "b", "c");
        cluster.cutOff("c");
        for (int i = 0; i < 100; i++) {
            cluster.propose("a", "x".repeat(400), "y".repeat(3_000));
            cluster.run();
        }
        cluster.heal();
        cluster.sent.clear();
        cluster.hold(e -> e.is(AppendReply.class) && e.isFrom("c"));
        for (int i = 0; i < 20 * HEARTBEAT_TICKS; i++) {
            cluster.tick("a");
        }
        assertThat(cluster.sent(Heartbeat.class, "a", "c"))
                .as("heartbeats while the window is full")
                .hasSize(20);
        cluster.release();
        cluster.run();
        for (int i = 0; i < 20 * HEARTBEAT_TICKS; i++) {
            cluster.tick("a");
        }
        assertThat(cluster.terms("c")).isEqualTo(cluster.terms("a"));
        for (Envelope envelope : cluster.sent(AppendRequest.class, "a", "c")) {
            List<Entry> entries = ((AppendRequest) envelope.message()).entries();
            int bytes = entries.stream().mapToInt(Entry::bytes).sum();
            assertThat(entries.size() <= 1 || bytes <= CONFIG.maxAppendBytes())
                    .as("%d entries of %d bytes in a message", entries.size(), bytes)
                    .isTrue();
        }
    }

    @Test
    @DisplayName("SL-42 office lost and log cut between a proposal and its message: nothing leaves, nothing breaks")
    void messagesAreBuiltFromPresentState() {
        ScriptedCluster cluster = led("a", "a", "b", "c");
        TestReplica a = cluster.at("a");
        long term = a.state().term();
        cluster.propose("a", "one", "two", "three");
        a.receive(id("b"), new AppendRequest(term + 1, new EntryId(term, 1), 0, List.of(entry(term + 1, 2))));
        Effects effects = a.drain();
        assertThat(effects.send()).noneMatch(out -> out.message() instanceof AppendRequest);
        a.settle();
        assertThat(cluster.terms("a")).containsExactly(term, term + 1);
        assertThat(cluster.sent(AppendReply.class, "a", "b"))
                .extracting(Envelope::message)
                .containsExactly(new AppendReply(term + 1, 2));
    }

    @Test
    @DisplayName("SL-43 entries on their way stay what they were, whatever becomes of the log they came from")
    void entriesOnTheirWayDoNotChange() {
        ScriptedCluster cluster = led("a", "a", "b", "c");
        cluster.hold(e -> e.is(AppendRequest.class) && e.isFrom("a"));
        long term = cluster.at("a").state().term();
        cluster.propose("a", "mine");
        cluster.at("a").settle();
        AppendRequest message = (AppendRequest) cluster.held.get(0).message();
        List<Entry> before = new ArrayList<>(message.entries());
        byte[] payload = before.get(0).payload().clone();
        cluster.inject("b", "a", new AppendRequest(term + 1, new EntryId(term, 1), 0, List.of(entry(term + 1, 2))));
        assertThat(cluster.terms("a")).containsExactly(term, term + 1);
        assertThat(message.entries()).isEqualTo(before);
        assertThat(message.entries().get(0).payload()).isEqualTo(payload);
        assertThat(new String(payload, StandardCharsets.US_ASCII)).isEqualTo("mine");

        List<Entry> given = new ArrayList<>(before);
        AppendRequest made = new AppendRequest(term, new EntryId(term, 1), 0, given);
        given.clear();
        assertThat(made.entries()).as("a message owns its list").hasSize(1);
    }

    @Test
    @DisplayName("SL-44 a heartbeat whose answer hangs holds up no later one, to nobody")
    void heartbeatsDoNotWaitForAnswers() {
        ScriptedCluster cluster = led("a", "a", "b", "c");
        cluster.sent.clear();
        cluster.hold(e -> e.is(HeartbeatReply.class) && e.isFrom("b"));
        for (int i = 0; i < 50 * HEARTBEAT_TICKS; i++) {
            cluster.tick("a");
        }
        assertThat(cluster.sent(Heartbeat.class, "a", "b")).hasSize(50);
        assertThat(cluster.sent(Heartbeat.class, "a", "c")).hasSize(50);
        assertThat(cluster.at("a").leads()).isTrue();
    }

    @Test
    @DisplayName("SL-56 a term that rose without an entry survives a restart, and its vote is its own")
    void termsAreNotDerivedFromTheLog() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c").with("c", 2, "a", 1, 2);
        cluster.inject("b", "c", new VoteRequest(7, new EntryId(1, 1)));
        assertThat(cluster.sent(VoteReply.class, "c", "b"))
                .extracting(Envelope::message)
                .containsExactly(new VoteReply(7, false));
        assertThat(cluster.at("c").durable).as("the old term's vote is void").isEqualTo(new HardState(7, null));

        cluster.at("c").restart(0, 5);
        assertThat(cluster.at("c").state().term()).isEqualTo(7);
        cluster.at("c").at(cluster.at("c").nanos + ELECTION_TICKS * TestReplica.TICK_NANOS);
        cluster.inject("a", "c", new VoteRequest(6, new EntryId(9, 9)));
        cluster.inject("b", "c", new VoteRequest(7, new EntryId(2, 2)));
        assertThat(cluster.sent(VoteReply.class, "c", "a"))
                .extracting(Envelope::message)
                .containsExactly(new VoteReply(7, false));
        assertThat(cluster.sent(VoteReply.class, "c", "b"))
                .extracting(Envelope::message)
                .endsWith(new VoteReply(7, true));
        assertThat(cluster.at("c").state().role()).isEqualTo(RoleName.FOLLOWER);
    }

    @Test
    @DisplayName("SL-61 a snapshot that ends where this replica has committed already is not taken")
    void oldSnapshotsAreNotTaken() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c").with("b", 1, null, 1, 1, 1, 1, 1);
        cluster.inject("a", "b", new AppendRequest(1, new EntryId(1, 5), 4, List.of()));
        RaftCore b = cluster.at("b").core;
        assertThat(b.wantsSnapshot(1, new EntryId(1, 3))).isFalse();
        assertThat(b.wantsSnapshot(1, new EntryId(1, 4))).isFalse();
        assertThat(b.install(new SnapshotBase(new EntryId(1, 4), Membership.of(new NodeId("a")))))
                .isFalse();
        assertThat(b.wantsSnapshot(1, new EntryId(1, 9))).isTrue();
    }

    @Test
    @DisplayName("SL-62 after the log was cut, votes, matches and late messages count from where it begins")
    void indexesCountFromTheBase() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c").with("b", 1, null, 1, 1, 1, 1, 1);
        cluster.inject("a", "b", new AppendRequest(1, new EntryId(1, 5), 5, List.of()));
        TestReplica b = cluster.at("b");
        assertThat(b.core.compact(5)).isTrue();
        b.settle();
        assertThat(b.core.base()).isEqualTo(new EntryId(1, 5));
        cluster.sent.clear();
        cluster.inject("a", "b", new AppendRequest(1, EntryId.ZERO, 5, List.of(entry(1, 1), entry(1, 2))));
        cluster.inject("a", "b", new AppendRequest(1, new EntryId(1, 5), 6, List.of(entry(1, 6))));
        assertThat(cluster.sent(AppendReply.class, "b", "a"))
                .as("an append from before the beginning, and one right behind it")
                .extracting(Envelope::message)
                .containsExactly(new AppendReply(1, 5), new AppendReply(1, 6));
        assertThat(b.core.compact(6)).isTrue();
        b.settle();
        cluster.inject("c", "b", new VoteRequest(2, new EntryId(1, 5)));
        assertThat(cluster.sent(VoteReply.class, "b", "c")).isEmpty();
        for (int i = 0; i < 2 * ELECTION_TICKS; i++) {
            b.tick();
        }
        b.settle();
        cluster.inject("c", "b", new VoteRequest(3, new EntryId(1, 5)));
        cluster.inject("a", "b", new VoteRequest(4, new EntryId(1, 6)));
        assertThat(cluster.sent(VoteReply.class, "b", "c"))
                .extracting(Envelope::message)
                .containsExactly(new VoteReply(3, false));
        assertThat(cluster.sent(VoteReply.class, "b", "a"))
                .extracting(Envelope::message)
                .containsExactly(new VoteReply(4, true));
    }
}
