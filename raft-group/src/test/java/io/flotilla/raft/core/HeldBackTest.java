package io.flotilla.raft.core;

import static io.flotilla.raft.core.ScriptedCluster.ELECTION_TICKS;
import static io.flotilla.raft.core.ScriptedCluster.HEARTBEAT_TICKS;
import static io.flotilla.raft.core.ScriptedCluster.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.membership.MembershipChange;
import io.flotilla.raft.core.message.Message.AppendReject;
import io.flotilla.raft.core.message.Message.AppendReply;
import io.flotilla.raft.core.message.Message.AppendRequest;
import io.flotilla.raft.core.message.Message.Heartbeat;
import io.flotilla.raft.core.message.Message.HeldBack;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Guarded entries: who does not hold what one names does not append it, and nobody but itself waits for it. */
class HeldBackTest {
    private static final NodeId A = new NodeId("a");
    private static final NodeId B = new NodeId("b");
    private static final NodeId C = new NodeId("c");
    private static final NodeId D = new NodeId("d");

    /** {@code a} leads, everything is quiet, and those nodes hold nothing. */
    private static ScriptedCluster led(String... without) {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c");
        cluster.elect("a");
        heartbeats(cluster, 1);
        for (String node : without) {
            cluster.at(node).guard = entry -> false;
        }
        cluster.sent.clear();
        return cluster;
    }

    private static void heartbeats(ScriptedCluster cluster, int count) {
        for (int i = 0; i < count * HEARTBEAT_TICKS; i++) {
            cluster.tick("a");
        }
    }

    private static long match(ScriptedCluster cluster, NodeId node) {
        return cluster.at("a").core.acknowledged(node);
    }

    private static int appends(ScriptedCluster cluster, String to) {
        return cluster.sent(AppendRequest.class, "a", to).size();
    }

    @Test
    void whoDoesNotHoldItIsSentTheEntryAloneAtThePaceOfHeartbeats() {
        ScriptedCluster cluster = led("c");
        cluster.propose("a", "before");
        cluster.proposeGuarded("a", "guarded");
        for (int i = 0; i < 20; i++) {
            cluster.propose("a", "behind " + i);
        }
        cluster.run();
        long index = cluster.at("a").state().last() - 20;
        assertThat(cluster.at("a").state().committed()).as("the others go on").isEqualTo(index + 20);
        assertThat(cluster.at("c").state().last()).isEqualTo(index - 1);
        assertThat(match(cluster, C)).isEqualTo(index - 1);
        assertThat(cluster.at("a").core.followersHeldBack()).containsOnlyKeys(C).containsValue(index);

        cluster.sent.clear();
        for (int i = 0; i < 10; i++) {
            cluster.propose("a", "more " + i);
            cluster.at("a").core.readIndex(i); // rounds that are no heartbeats
            heartbeats(cluster, 1);
        }
        assertThat(cluster.sent(AppendRequest.class, "a", "c"))
                .hasSize(10)
                .allSatisfy(envelope -> assertThat(((AppendRequest) envelope.message()).entries())
                        .extracting(Entry::index)
                        .containsExactly(index));
        assertThat(cluster.at("c").state().last()).isEqualTo(index - 1);

        cluster.at("c").guard = entry -> true;
        heartbeats(cluster, 2);
        assertThat(cluster.commandsApplied("c"))
                .isEqualTo(cluster.commandsApplied("a"))
                .hasSize(32);
        assertThat(cluster.at("a").core.followersHeldBack()).isEmpty();
    }

    @Test
    void itIsNotCountedBeforeAMajorityHoldsIt() {
        ScriptedCluster cluster = led("b", "c");
        long committed = cluster.at("a").state().committed();
        cluster.propose("a", "before");
        cluster.proposeGuarded("a", "guarded");
        cluster.propose("a", "behind");
        cluster.run();
        heartbeats(cluster, 5);
        assertThat(cluster.at("a").state().committed()).isEqualTo(committed + 1);
        assertThat(cluster.at("b").state().last()).isEqualTo(committed + 1);
        cluster.at("b").guard = entry -> true;
        heartbeats(cluster, 2);
        assertThat(cluster.at("a").state().committed()).isEqualTo(committed + 3);
        assertThat(cluster.commandsApplied("b")).containsExactly("before", "guarded", "behind");
        assertThat(cluster.commandsApplied("c")).containsExactly("before");
    }

    @Test
    void eachGuardedEntryOfAMessageIsAskedFor() {
        ScriptedCluster cluster = led();
        cluster.cutOff("c");
        cluster.proposeGuarded("a", "first");
        cluster.run();
        cluster.proposeGuarded("a", "second");
        cluster.run();
        cluster.at("c").guard = entry -> entry.payload().length == "first".length();
        cluster.heal();
        heartbeats(cluster, 5);
        assertThat(cluster.commandsApplied("a")).containsExactly("first", "second");
        assertThat(cluster.commandsApplied("c")).containsExactly("first");
        assertThat(cluster.at("c").state().last())
                .isEqualTo(cluster.at("a").state().last() - 1);
    }

    @Test
    void whatItAnswersIsDurable() {
        ScriptedCluster cluster = led("c");
        cluster.at("c").diskStalled = true;
        cluster.propose("a", "before");
        cluster.proposeGuarded("a", "guarded");
        cluster.run();
        assertThat(cluster.sent(HeldBack.class, "c", "a")).isEmpty();
        cluster.at("c").diskStalled = false;
        cluster.run();
        assertThat(cluster.sent(HeldBack.class, "c", "a")).isNotEmpty();
        assertThat(match(cluster, C)).isEqualTo(cluster.at("a").state().last() - 1);
    }

    @Test
    void whatWasOnItsWayBehindItIsNotSentAnewAgainAndAgain() {
        ScriptedCluster cluster = led("c");
        cluster.hold(e -> e.isTo("c"));
        cluster.proposeGuarded("a", "guarded");
        for (int i = 0; i < 7; i++) {
            cluster.run();
            cluster.propose("a", "behind " + i);
        }
        cluster.run();
        cluster.sent.clear();
        cluster.release();
        cluster.run();
        assertThat(cluster.sent(AppendReject.class, "c", "a"))
                .as("it lacks what comes before")
                .hasSize(7);
        assertThat(appends(cluster, "c"))
                .as("one question after the first of them")
                .isLessThanOrEqualTo(1);
        heartbeats(cluster, 4);
        assertThat(appends(cluster, "c")).isBetween(3, 6);
        cluster.at("c").guard = entry -> true;
        heartbeats(cluster, 2);
        assertThat(cluster.commandsApplied("c")).hasSize(8);
    }

    @Test
    void aLateOrDoubledAnswerChangesNothing() {
        ScriptedCluster cluster = led("c");
        cluster.proposeGuarded("a", "guarded");
        cluster.run();
        long term = cluster.at("a").state().term();
        long index = cluster.at("a").state().last();
        cluster.inject("c", "a", new AppendReply(term, index - 1));
        cluster.inject("c", "a", new HeldBack(term, index, true));
        assertThat(cluster.at("a").core.followersHeldBack()).containsOnlyKeys(C);
        cluster.at("c").guard = entry -> true;
        heartbeats(cluster, 1);
        assertThat(match(cluster, C)).isEqualTo(index);

        cluster.inject("c", "a", new HeldBack(term, index, true));
        cluster.inject("c", "a", new HeldBack(term, index, false));
        cluster.inject("c", "a", new HeldBack(term - 1, index + 1, false));
        assertThat(cluster.at("a").core.followersHeldBack()).isEmpty();
        assertThat(cluster.at("a").wantedSnapshots).isEmpty();
        cluster.propose("a", "more");
        cluster.run();
        assertThat(match(cluster, C)).isEqualTo(index + 1);
    }

    @Test
    void anAnswerBeyondTheLogStopsTheLeader() {
        ScriptedCluster cluster = led();
        TestReplica a = cluster.at("a");
        a.receive(C, new HeldBack(a.state().term(), a.state().last() + 1, true));
        assertThatThrownBy(() ->
                        a.receive(C, new HeldBack(a.state().term(), a.state().last() + 2, true)))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("a follower acknowledges index");
    }

    @Test
    void whoCannotPullGetsASnapshotOnceTheLeaderHasApplied() {
        ScriptedCluster cluster = led("b", "c");
        cluster.at("b").canPull = false;
        cluster.at("c").canPull = false;
        cluster.proposeGuarded("a", "guarded");
        cluster.run();
        heartbeats(cluster, 5);
        TestReplica a = cluster.at("a");
        long index = a.state().last();
        assertThat(a.wantedSnapshots)
                .as("a snapshot would end before the entry")
                .isEmpty();

        cluster.at("b").guard = entry -> true;
        heartbeats(cluster, 2);
        assertThat(a.state().committed()).isEqualTo(index);
        heartbeats(cluster, 1);
        assertThat(a.wantedSnapshots).containsExactly(C);
        cluster.sent.clear();
        long term = a.state().term();
        cluster.propose("a", "behind");
        cluster.inject("c", "a", new HeldBack(term, index, false));
        cluster.inject("c", "a", new AppendReply(term, index - 1));
        heartbeats(cluster, 3);
        assertThat(a.wantedSnapshots).as("asked for once").containsExactly(C);
        assertThat(appends(cluster, "c")).as("nothing but heartbeats").isZero();
        assertThat(cluster.sent(Heartbeat.class, "a", "c")).hasSize(3);

        a.core.snapshotFailed(C);
        a.wantedSnapshots.clear();
        cluster.run();
        assertThat(a.wantedSnapshots).as("asked for again").containsExactly(C);
        TestReplica.Snapshot snapshot = a.snapshot();
        TestReplica c = cluster.at("c");
        assertThat(c.core.wantsSnapshot(term, snapshot.last())).isTrue();
        assertThat(c.install(snapshot)).isTrue();
        c.installed();
        c.settle();
        a.core.snapshotSent(C, snapshot.last());
        cluster.propose("a", "after");
        cluster.run();
        assertThat(match(cluster, C)).isEqualTo(a.state().last());
        heartbeats(cluster, 1);
        assertThat(cluster.commandsApplied("c")).containsExactly("guarded", "behind", "after");
    }

    @Test
    void whoCanPullGetsNone() {
        ScriptedCluster cluster = led("c");
        cluster.proposeGuarded("a", "guarded");
        cluster.run();
        heartbeats(cluster, 10);
        assertThat(cluster.at("a").wantedSnapshots).isEmpty();
    }

    @Test
    void whoIsBehindTheBeginningOfTheLogGetsASnapshotInAnyCase() {
        ScriptedCluster cluster = led("c");
        cluster.proposeGuarded("a", "guarded");
        cluster.run();
        heartbeats(cluster, 1);
        cluster.at("a").compact();
        cluster.at("a").settle();
        heartbeats(cluster, 2);
        assertThat(cluster.at("a").wantedSnapshots).containsExactly(C);
    }

    @Test
    void entriesReadFromTheDiskForItGoOneByOneToo() {
        ScriptedCluster cluster = new ScriptedCluster(
                new CoreConfig(ELECTION_TICKS, HEARTBEAT_TICKS, 1 << 10, 8, 8 << 10, 1 << 20, 1 << 20, 1, true),
                "a",
                "b",
                "c");
        cluster.elect("a");
        cluster.at("c").guard = entry -> false;
        cluster.proposeGuarded("a", "guarded");
        cluster.propose("a", "behind");
        cluster.run();
        heartbeats(cluster, 3);
        cluster.sent.clear();
        cluster.at("a").tick();
        cluster.at("a").tick();
        cluster.at("a").drain();
        cluster.deliverRound();
        TestReplica a = cluster.at("a");
        ScriptedCluster.Envelope reply = cluster.wire.stream()
                .filter(e -> e.isFrom("c") && e.isTo("a"))
                .findFirst()
                .orElseThrow();
        a.receive(C, reply.message());
        a.drain();
        assertThat(a.loads).as("it is not in memory any more").hasSize(1);
        cluster.run();
        assertThat(cluster.sent(AppendRequest.class, "a", "c"))
                .isNotEmpty()
                .allSatisfy(envelope -> assertThat(((AppendRequest) envelope.message()).entries())
                        .hasSize(1));
    }

    @Test
    void aLeaderHasOneUncommittedGuardedEntryAtATime() {
        ScriptedCluster cluster = led("b", "c");
        assertThat(cluster.proposeGuarded("a", "first")).isInstanceOf(ProposeResult.Accepted.class);
        assertThat(cluster.proposeGuarded("a", "second")).isEqualTo(new ProposeResult.GuardedLater());
        assertThat(cluster.propose("a", "plain")).isInstanceOf(ProposeResult.Accepted.class);
        cluster.run();
        heartbeats(cluster, 2);
        assertThat(cluster.proposeGuarded("a", "second")).isEqualTo(new ProposeResult.GuardedLater());
        assertThat(cluster.proposeGuarded("b", "second")).isInstanceOf(ProposeResult.NotLeader.class);
        cluster.at("b").guard = entry -> true;
        heartbeats(cluster, 2);
        assertThat(cluster.proposeGuarded("a", "second")).isInstanceOf(ProposeResult.Accepted.class);
        cluster.run();
        assertThat(cluster.commandsApplied("a")).containsExactly("first", "plain", "second");
        Command guarded = new Guarded("third");
        assertThat(cluster.at("a").core.propose(List.of(guarded, guarded))).isEqualTo(new ProposeResult.GuardedLater());
    }

    private record Guarded(String text) implements Command {
        @Override
        public byte[] payload() {
            return text.getBytes(StandardCharsets.US_ASCII);
        }

        @Override
        public int flags() {
            return Entry.GUARDED;
        }
    }

    @Test
    void aLeaderProposesNoneBeforeAnEntryOfItsOwnIsCommitted() {
        ScriptedCluster cluster =
                new ScriptedCluster("a", "b", "c").with("a", 1, null, 1, 1).with("b", 1, null, 1, 1);
        cluster.drop(e -> e.is(AppendReply.class));
        cluster.elect("a");
        assertThat(cluster.at("a").core.hasAppliedOwn()).isFalse();
        assertThat(cluster.proposeGuarded("a", "guarded")).isEqualTo(new ProposeResult.GuardedLater());
        assertThat(cluster.propose("a", "plain")).isInstanceOf(ProposeResult.Accepted.class);
        cluster.heal();
        heartbeats(cluster, 3);
        assertThat(cluster.at("a").core.hasAppliedOwn()).isTrue();
        assertThat(cluster.at("b").core.hasAppliedOwn()).isFalse();
        assertThat(cluster.proposeGuarded("a", "guarded")).isInstanceOf(ProposeResult.Accepted.class);
    }

    @Test
    void anotherLeaderGoesOnWithIt() {
        ScriptedCluster cluster = led("c");
        cluster.drop(e -> e.is(AppendReply.class) && e.isFrom("b"));
        cluster.proposeGuarded("a", "guarded");
        cluster.run();
        long index = cluster.at("a").state().last();
        assertThat(cluster.at("a").state().committed()).isEqualTo(index - 1);
        cluster.cutOff("a");
        cluster.campaign("c");
        cluster.run();
        assertThat(cluster.at("c").leads())
                .as("it lacks an entry that may be committed")
                .isFalse();
        cluster.elect("b");
        for (int i = 0; i < 4 * HEARTBEAT_TICKS; i++) {
            cluster.tick("b");
        }
        assertThat(cluster.at("b").state().committed()).isEqualTo(index - 1);
        assertThat(cluster.at("b").core.followersHeldBack()).containsOnlyKeys(C);
        cluster.heal();
        for (int i = 0; i < 4 * HEARTBEAT_TICKS; i++) {
            cluster.tick("b");
        }
        assertThat(cluster.at("b").state().committed())
                .as("with a, which holds it")
                .isEqualTo(index + 1);
        assertThat(cluster.commandsApplied("a")).containsExactly("guarded");
        cluster.at("c").guard = entry -> true;
        for (int i = 0; i < 3 * HEARTBEAT_TICKS; i++) {
            cluster.tick("b");
        }
        assertThat(cluster.commandsApplied("c")).containsExactly("guarded");
    }

    @Test
    void whatIsInTheLogIsNotAskedForAgain() {
        ScriptedCluster cluster = led();
        cluster.proposeGuarded("a", "guarded");
        cluster.run();
        TestReplica c = cluster.at("c");
        c.restart(0, 7);
        c.guard = entry -> {
            throw new AssertionError("asked for " + entry);
        };
        long term = cluster.at("a").state().term();
        long last = c.state().last();
        Entry again =
                new Entry(term, last, EntryKind.COMMAND, Entry.GUARDED, "guarded".getBytes(StandardCharsets.US_ASCII));
        cluster.inject("a", "c", new AppendRequest(term, new EntryId(term, last - 1), last, List.of(again)));
        assertThat(cluster.commandsApplied("c")).containsExactly("guarded");
    }

    @Test
    void aMessageThatDoesNotFitIsAnsweredAsAnyOther() {
        ScriptedCluster cluster = led("c");
        TestReplica c = cluster.at("c");
        long term = c.state().term();
        long last = c.state().last();
        Entry guarded = new Entry(term, last + 3, EntryKind.COMMAND, Entry.GUARDED, new byte[1]);
        cluster.sent.clear();
        cluster.inject("a", "c", new AppendRequest(term, new EntryId(term, last + 2), last, List.of(guarded)));
        assertThat(cluster.sent(AppendReject.class, "c", "a")).hasSize(1);

        c.core.receive(B, new Heartbeat(term + 1, 0, 1));
        c.settle();
        cluster.sent.clear();
        Entry next = new Entry(term, last + 1, EntryKind.COMMAND, Entry.GUARDED, new byte[1]);
        cluster.inject("a", "c", new AppendRequest(term, new EntryId(term, last), last, List.of(next)));
        assertThat(cluster.sent(AppendReject.class, "c", "a"))
                .extracting(envelope -> envelope.message().term())
                .containsExactly(term + 1);
        assertThat(cluster.sent(HeldBack.class, "c", "a")).isEmpty();
    }

    @Test
    void whatConflictsBeforeItIsReplacedAndWhatIsBehindStays() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c").with("c", 1, null, 1, 1, 1);
        TestReplica c = cluster.at("c");
        c.guard = entry -> false;
        Entry guarded = new Entry(2, 3, EntryKind.COMMAND, Entry.GUARDED, new byte[1]);
        cluster.inject("a", "c", new AppendRequest(2, new EntryId(1, 1), 0, List.of(entry(1, 2), guarded)));
        assertThat(cluster.terms("c")).as("index 3 of an earlier leader").containsExactly(1L, 1L, 1L);
        assertThat(cluster.sent(HeldBack.class, "c", "a"))
                .extracting(ScriptedCluster.Envelope::message)
                .containsExactly(new HeldBack(2, 3, true));
        cluster.inject("a", "c", new AppendRequest(2, new EntryId(1, 1), 0, List.of(entry(2, 2), guarded)));
        assertThat(cluster.terms("c")).containsExactly(1L, 2L);
    }

    @Test
    void aMajorityOfWhoeverVotesMustHoldIt() {
        ScriptedCluster cluster = ScriptedCluster.with(3, "a", "b", "c", "d", "e");
        cluster.elect("a");
        heartbeats(cluster, 1);
        cluster.at("d").guard = entry -> false;
        cluster.at("e").guard = entry -> false;
        TestReplica a = cluster.at("a");
        assertThat(a.core.changeMembership(MembershipChange.addLearner(D))).isInstanceOf(ChangeResult.Accepted.class);
        cluster.run();
        heartbeats(cluster, 1);
        cluster.proposeGuarded("a", "first");
        cluster.run();
        assertThat(cluster.commandsApplied("a"))
                .as("a learner counts for nothing")
                .containsExactly("first");
        assertThat(a.core.followersHeldBack()).containsOnlyKeys(D);

        cluster.at("d").guard = entry -> true;
        heartbeats(cluster, 2);
        assertThat(match(cluster, D)).isEqualTo(a.state().last());
        cluster.at("c").guard = entry -> false;
        cluster.at("d").guard = entry -> false;
        assertThat(a.core.changeMembership(MembershipChange.of(
                        new MembershipChange.Step(MembershipChange.Kind.REMOVE, B),
                        new MembershipChange.Step(MembershipChange.Kind.ADD_VOTER, D))))
                .isInstanceOf(ChangeResult.Accepted.class);
        assertThat(cluster.proposeGuarded("a", "second")).isInstanceOf(ProposeResult.Accepted.class);
        cluster.run();
        heartbeats(cluster, 3);
        assertThat(match(cluster, B))
                .as("half of the old voters and a hold it")
                .isEqualTo(a.state().last());
        assertThat(a.core.isMembershipCommitted()).isFalse();
        assertThat(cluster.commandsApplied("a")).containsExactly("first");
        cluster.at("c").guard = entry -> true;
        heartbeats(cluster, 4);
        assertThat(cluster.commandsApplied("a")).containsExactly("first", "second");
        assertThat(a.core.isMembershipCommitted()).isTrue();
    }

    @Test
    void whoIsHeldBackIsHeardAndTakesNoLeadership() {
        ScriptedCluster cluster = led("c");
        cluster.proposeGuarded("a", "guarded");
        cluster.run();
        assertThat(cluster.at("a").core.heard()).containsExactly(A, B, C);
        assertThat(cluster.at("b").core.heard()).isEmpty();
        assertThat(cluster.at("b").core.followersHeldBack()).isEmpty();
        cluster.at("a").core.transfer(C);
        for (int i = 0; i < 2 * ELECTION_TICKS; i++) {
            cluster.tick("a");
        }
        assertThat(cluster.at("a").leads()).isTrue();
        assertThat(cluster.at("a").core.transferTarget()).isNull();
        cluster.cutOff("b");
        for (int i = 0; i < ELECTION_TICKS; i++) {
            cluster.tick("a");
        }
        assertThat(cluster.at("a").core.heard()).containsExactly(A, C);
    }
}
