package io.flotilla.raft.core;

import static io.flotilla.raft.core.ScriptedCluster.ELECTION_TICKS;
import static io.flotilla.raft.core.ScriptedCluster.HEARTBEAT_TICKS;
import static io.flotilla.raft.core.ScriptedCluster.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipChange;
import io.flotilla.raft.core.message.Message.AppendReject;
import io.flotilla.raft.core.message.Message.AppendReply;
import io.flotilla.raft.core.message.Message.AppendRequest;
import io.flotilla.raft.core.message.Message.Heartbeat;
import io.flotilla.raft.core.message.Message.HeartbeatReply;
import io.flotilla.raft.core.message.Message.ReadIndexReply;
import io.flotilla.raft.core.message.Message.ReadIndexRequest;
import io.flotilla.raft.core.message.Message.TimeoutNow;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A leader at the bounds of its office: whom it counts, for how long, and what it still owes those who left. */
class LeaderTest {
    private static final NodeId A = new NodeId("a");
    private static final NodeId B = new NodeId("b");
    private static final NodeId C = new NodeId("c");
    private static final NodeId D = new NodeId("d");

    private static ScriptedCluster led(int founders, String... nodes) {
        ScriptedCluster cluster = ScriptedCluster.with(founders, nodes);
        cluster.elect("a");
        heartbeats(cluster, 1);
        cluster.sent.clear();
        return cluster;
    }

    private static void heartbeats(ScriptedCluster cluster, int count) {
        for (int i = 0; i < count * HEARTBEAT_TICKS; i++) {
            cluster.tick("a");
        }
    }

    private static void change(ScriptedCluster cluster, MembershipChange change) {
        assertThat(cluster.at("a").core.changeMembership(change)).isInstanceOf(ChangeResult.Accepted.class);
        cluster.run();
    }

    @Test
    void flagsOfACommandAreTheEntrysOnEveryReplica() {
        ScriptedCluster cluster = led(3, "a", "b", "c");
        cluster.propose("a", "plain");
        cluster.proposeGuarded("a", "guarded");
        cluster.run();
        heartbeats(cluster, 1);
        for (String node : List.of("a", "b", "c")) {
            assertThat(cluster.at(node).applied)
                    .as(node)
                    .extracting(Entry::flags)
                    .containsExactly(0, 0, Entry.GUARDED);
        }
    }

    @Test
    void whoJustCameCountsAsHeard() {
        ScriptedCluster cluster = led(1, "a", "b");
        heartbeats(cluster, ELECTION_TICKS);
        cluster.cutOff("b");
        change(cluster, MembershipChange.addVoter(B));
        heartbeats(cluster, ELECTION_TICKS / HEARTBEAT_TICKS - 1);
        assertThat(cluster.at("a").leads()).as("b may still be on its way").isTrue();
        heartbeats(cluster, 1);
        assertThat(cluster.at("a").leads()).isFalse();
    }

    @Test
    void anyAnswerKeepsALeaderInOffice() {
        for (String kind : List.of("acknowledgement", "heartbeat", "refusal", "nothing")) {
            ScriptedCluster cluster = led(3, "a", "b", "c");
            TestReplica a = cluster.at("a");
            long term = a.state().term();
            cluster.drop(e -> e.isTo("a"));
            for (int i = 0; i < 3 * ELECTION_TICKS && a.leads(); i++) {
                cluster.tick("a");
                if (!a.leads()) {
                    break;
                }
                switch (kind) {
                    case "acknowledgement" -> cluster.inject("b", "a", new AppendReply(term, 1));
                    case "heartbeat" -> cluster.inject("b", "a", new HeartbeatReply(term, 0));
                    case "refusal" -> cluster.inject("b", "a", new AppendReject(term, 0, 0, List.of()));
                    default -> cluster.inject("x", "a", new AppendReply(term, 1));
                }
            }
            assertThat(a.leads()).as(kind).isEqualTo(!kind.equals("nothing"));
        }
    }

    @Test
    void strangersCountForNothing() {
        ScriptedCluster cluster = led(3, "a", "b", "c");
        TestReplica a = cluster.at("a");
        long term = a.state().term();
        cluster.cutOff("b", "c");
        cluster.propose("a", "x");
        a.settle();
        long committed = a.state().committed();
        cluster.inject("x", "a", new AppendReply(term, a.state().last()));
        cluster.inject("y", "a", new AppendReply(term, a.state().last()));
        cluster.inject("x", "a", new AppendReject(term, 1, 0, List.of()));
        cluster.inject("x", "a", new HeartbeatReply(term, 99));
        assertThat(a.state().committed()).isEqualTo(committed);
        assertThat(a.core.acknowledged(new NodeId("x"))).isEqualTo(-1);
        assertThat(a.core.acknowledged(B)).isEqualTo(committed);
        assertThat(cluster.at("b").core.acknowledged(A)).as("b does not lead").isEqualTo(-1);
        assertThat(a.core.matches()).containsOnlyKeys(A, B, C);
        assertThat(cluster.at("b").core.matches()).isEmpty();
        a.core.snapshotSent(new NodeId("x"), EntryId.ZERO);
        a.core.snapshotFailed(new NodeId("x"));
        assertThat(a.drain()).isEqualTo(Effects.NONE);
    }

    @Test
    void theBoundOfWhatWaitsIsExact() {
        int bytes = 10 + Entry.OVERHEAD_BYTES;
        ScriptedCluster cluster =
                new ScriptedCluster(ScriptedCluster.CONFIG.withMaxUncommittedBytes(3 * bytes), "a", "b", "c");
        cluster.elect("a");
        cluster.cutOff("b", "c");
        String ten = "x".repeat(10);
        assertThat(cluster.propose("a", ten)).isEqualTo(new ProposeResult.Accepted(1, 2));
        assertThat(cluster.propose("a", ten, ten, ten)).isInstanceOf(ProposeResult.Busy.class);
        assertThat(cluster.propose("a", ten, ten + "x")).isInstanceOf(ProposeResult.Busy.class);
        assertThat(cluster.propose("a", ten, ten)).isEqualTo(new ProposeResult.Accepted(1, 3));
        assertThat(cluster.propose("a", "")).isInstanceOf(ProposeResult.Busy.class);
        assertThat(cluster.at("a").state().last()).isEqualTo(4);
    }

    @Test
    void atTheVeryEndOfALeaseFollowersAreNotAnsweredFromIt() {
        ScriptedCluster cluster = led(3, "a", "b", "c");
        TestReplica a = cluster.at("a");
        long term = a.state().term();
        a.at(a.core.leaseUntil() - 1);
        cluster.inject("b", "a", new ReadIndexRequest(term, 5));
        assertThat(cluster.sent(ReadIndexReply.class, "a", "b")).hasSize(1);
        a.at(a.core.leaseUntil());
        cluster.sent.clear();
        cluster.inject("b", "a", new ReadIndexRequest(term, 6));
        assertThat(cluster.sent(ReadIndexReply.class, "a", "b")).isEmpty();
        assertThat(cluster.sent(Heartbeat.class, "a", "c"))
                .as("a quorum is asked")
                .hasSize(1);
    }

    @Test
    void whoLeftAndIsAwayIsToldForAWhile() {
        ScriptedCluster cluster = led(3, "a", "b", "c");
        cluster.cutOff("c");
        change(cluster, MembershipChange.remove(C));
        heartbeats(cluster, 4 * ELECTION_TICKS);
        assertThat(cluster.at("c").core.removedAt()).isZero();
        cluster.heal();
        heartbeats(cluster, 3);
        assertThat(cluster.at("c").core.removedAt()).isPositive();
        heartbeats(cluster, 4);
        cluster.sent.clear();
        heartbeats(cluster, 5);
        assertThat(cluster.sent(Heartbeat.class, "a", "c")).as("it was told").isEmpty();
    }

    @Test
    void whoComesBackIsTheMemberItWas() {
        for (boolean wasTold : new boolean[] {true, false}) {
            ScriptedCluster cluster = led(3, "a", "b", "c");
            if (!wasTold) {
                cluster.cutOff("c");
            }
            change(cluster, MembershipChange.remove(C));
            heartbeats(cluster, wasTold ? 10 : 1);
            change(cluster, MembershipChange.addLearner(C));
            heartbeats(cluster, 11 * ELECTION_TICKS);
            cluster.heal();
            cluster.propose("a", "again");
            cluster.run();
            heartbeats(cluster, 3);
            assertThat(cluster.commandsApplied("c"))
                    .as("told before: %s", wasTold)
                    .containsExactly("again");
            assertThat(cluster.at("a").core.matches())
                    .containsEntry(C, cluster.at("a").state().last());
        }
    }

    @Test
    void whoLeftAndWouldNeedASnapshotIsLeftAlone() {
        ScriptedCluster cluster = led(3, "a", "b", "c");
        cluster.cutOff("c");
        for (int i = 0; i < 5; i++) {
            cluster.propose("a", "missed " + i);
            cluster.run();
        }
        change(cluster, MembershipChange.remove(C));
        heartbeats(cluster, 1);
        cluster.at("a").compact();
        cluster.at("a").settle();
        cluster.heal();
        heartbeats(cluster, 2);
        assertThat(cluster.at("a").wantedSnapshots).isEmpty();
        cluster.sent.clear();
        heartbeats(cluster, 3);
        assertThat(cluster.sent(Heartbeat.class, "a", "c")).isEmpty();
        assertThat(cluster.at("a").core.acknowledged(C)).isEqualTo(-1);
        change(cluster, MembershipChange.addLearner(C));
        heartbeats(cluster, 1);
        assertThat(cluster.at("a").wantedSnapshots).as("a member again").containsExactly(C);
    }

    @Test
    void onlyAVoterThatStaysOneCanTakeOver() {
        ScriptedCluster cluster = led(2, "a", "b", "c", "d");
        change(cluster, MembershipChange.addLearner(C));
        assertThat(cluster.at("a").core.transfer(C)).isEqualTo(new TransferResult.NotEligible());
        cluster.cutOff("b");
        change(cluster, MembershipChange.addVoter(C).and(MembershipChange.remove(B)));
        assertThat(cluster.at("a").core.membership().membership().isJoint()).isTrue();
        assertThat(cluster.at("a").core.transfer(B)).as("about to leave").isEqualTo(new TransferResult.NotEligible());
        assertThat(cluster.at("a").core.transfer(C)).isEqualTo(new TransferResult.Begun());
    }

    @Test
    void noMembershipChangesWhileTheLeadershipIsTransferred() {
        ScriptedCluster cluster = led(3, "a", "b", "c", "d");
        cluster.cutOff("b");
        assertThat(cluster.at("a").core.transfer(B)).isEqualTo(new TransferResult.Begun());
        assertThat(cluster.at("a").core.changeMembership(MembershipChange.addLearner(D)))
                .isEqualTo(new ChangeResult.NotYet());
        heartbeats(cluster, ELECTION_TICKS / HEARTBEAT_TICKS);
        assertThat(cluster.at("a").core.transferTarget()).isNull();
        change(cluster, MembershipChange.addLearner(D));
    }

    @Test
    void theTargetIsToldOnlyWhenItHoldsTheWholeLog() {
        ScriptedCluster cluster = led(3, "a", "b", "c");
        TestReplica a = cluster.at("a");
        cluster.hold(e -> e.is(AppendRequest.class) && e.isTo("b"));
        cluster.propose("a", "x", "y");
        cluster.run();
        assertThat(a.core.transfer(B)).isEqualTo(new TransferResult.Begun());
        long last = a.state().last();
        cluster.inject("b", "a", new AppendReply(a.state().term(), last - 1));
        assertThat(cluster.sent(TimeoutNow.class, "a", "b")).isEmpty();
        cluster.inject("b", "a", new AppendReply(a.state().term(), last));
        assertThat(cluster.sent(TimeoutNow.class, "a", "b")).hasSize(1);
        heartbeats(cluster, 1);
        assertThat(cluster.sent(TimeoutNow.class, "a", "b").size()).isBetween(1, 2);
    }

    @Test
    void theLeaseReturnsWhenWhoWasToldToCampaignIsGone() {
        ScriptedCluster cluster = led(3, "a", "b", "c");
        TestReplica a = cluster.at("a");
        cluster.hold(e -> e.isTo("b"));
        a.core.transfer(B);
        cluster.run();
        assertThat(cluster.held).anyMatch(e -> e.is(TimeoutNow.class));
        heartbeats(cluster, ELECTION_TICKS / HEARTBEAT_TICKS);
        assertThat(a.core.transferTarget()).isNull();
        change(cluster, MembershipChange.remove(B));
        assertThat(a.core.isMembershipCommitted()).isTrue();
        assertThat(a.nanos < a.core.leaseUntil()).as("b may still be helped").isFalse();
        heartbeats(cluster, 11 * ELECTION_TICKS / HEARTBEAT_TICKS);
        assertThat(a.core.acknowledged(B)).as("given up").isEqualTo(-1);
        assertThat(a.nanos < a.core.leaseUntil()).isTrue();
    }

    @Test
    void entriesReadForAFollowerGoOnlyWhereTheyStillFit() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c").with("a", 3, null, 1, 1, 1);
        cluster.cutOff("c");
        cluster.hold(e -> e.is(AppendReject.class));
        cluster.elect("a");
        TestReplica a = cluster.at("a");
        cluster.hold(e -> false);
        cluster.held.forEach(e -> a.receive(e.from(), e.message()));
        cluster.held.clear();
        a.drain();
        LoadRequest load = a.loads.removeFirst();
        assertThat(load).isEqualTo(new LoadRequest(B, 1, 3, ScriptedCluster.CONFIG.maxAppendBytes()));
        cluster.sent.clear();
        a.core.loaded(load, List.of(entry(1, 2), entry(1, 3)));
        a.drain();
        assertThat(cluster.sent(AppendRequest.class, "a", "b"))
                .as("not its next entry")
                .isEmpty();
        load = a.loads.removeFirst();
        a.core.loaded(load, List.of(entry(1, 1), entry(1, 2), entry(1, 3), entry(4, 4), entry(4, 5)));
        a.drain();
        assertThat(cluster.sent(AppendRequest.class, "a", "b"))
                .as("past the log's end")
                .isEmpty();
        load = a.loads.removeFirst();
        a.core.loaded(load, List.of(entry(1, 1), entry(1, 2)));
        a.drain();
        assertThat(cluster.sent(AppendRequest.class, "a", "b"))
                .extracting(ScriptedCluster.Envelope::message)
                .containsExactly(
                        new AppendRequest(4, EntryId.ZERO, a.state().committed(), List.of(entry(1, 1), entry(1, 2))));
        assertThat(a.loads).as("a probe waits for its answer").isEmpty();
        cluster.run();
        heartbeats(cluster, 2);
        assertThat(cluster.terms("b")).containsExactly(1L, 1L, 1L, 4L);
    }

    @Test
    void entriesThatAFollowerLacksStayInMemoryForAWhile() {
        ScriptedCluster cluster = led(3, "a", "b", "c");
        cluster.cutOff("c");
        for (int i = 0; i < 20; i++) {
            cluster.propose("a", "x" + i);
            cluster.run();
        }
        TestReplica a = cluster.at("a");
        cluster.heal();
        for (int i = 0; i < HEARTBEAT_TICKS; i++) {
            a.tick();
        }
        for (int i = 0; i < 20; i++) {
            a.drain();
            assertThat(a.loads).isEmpty();
            cluster.deliverRound();
        }
        assertThat(cluster.at("c").state().last()).isEqualTo(a.state().last());
    }

    @Test
    void aSnapshotIsFollowedByTheEntriesAfterIt() {
        for (long snapshotEnd : new long[] {6, 7, 50}) {
            ScriptedCluster cluster = led(3, "a", "b", "c");
            cluster.cutOff("c");
            for (int i = 0; i < 5; i++) {
                cluster.propose("a", "missed " + i);
                cluster.run();
            }
            TestReplica a = cluster.at("a");
            a.compact();
            a.settle();
            cluster.propose("a", "after");
            cluster.run();
            assertThat(a.core.base().index()).isEqualTo(6);
            cluster.heal();
            heartbeats(cluster, 1);
            assertThat(a.wantedSnapshots).containsExactly(C);
            cluster.sent.clear();
            a.core.snapshotSent(C, new EntryId(1, snapshotEnd));
            a.drain();
            assertThat(cluster.sent(AppendRequest.class, "a", "c"))
                    .extracting(e -> ((AppendRequest) e.message()).previous().index())
                    .as("the question after a snapshot to %d", snapshotEnd)
                    .containsExactly(Math.min(snapshotEnd, 7));
        }
    }

    @Test
    void aFailedSnapshotLeadsToAQuestionAtTheLogsBeginning() {
        ScriptedCluster cluster = led(3, "a", "b", "c");
        cluster.cutOff("c");
        for (int i = 0; i < 5; i++) {
            cluster.propose("a", "missed " + i);
            cluster.run();
        }
        TestReplica a = cluster.at("a");
        a.compact();
        a.settle();
        cluster.heal();
        heartbeats(cluster, 1);
        cluster.sent.clear();
        a.core.snapshotFailed(C);
        a.drain();
        assertThat(cluster.sent(AppendRequest.class, "a", "c"))
                .extracting(e -> ((AppendRequest) e.message()).previous())
                .containsExactly(a.core.base());
    }

    @Test
    void onlyWhatIsAppliedAndStillInTheLogHasAnEntry() {
        ScriptedCluster cluster = led(1, "a");
        cluster.propose("a", "x", "y");
        cluster.run();
        TestReplica a = cluster.at("a");
        assertThat(a.core.appliedEntry(3)).isEqualTo(new EntryId(1, 3));
        assertThat(a.core.appliedEntry(1)).isEqualTo(new EntryId(1, 1));
        assertThat(a.core.compact(2)).isTrue();
        assertThat(a.core.appliedEntry(1)).isNull();
        assertThat(a.core.appliedEntry(2)).isEqualTo(new EntryId(1, 2));
        assertThat(a.core.membershipAt(2)).isEqualTo(Membership.of(A));
        assertThat(a.core.membership().index()).as("it was in force before").isEqualTo(2);
        cluster.propose("a", "z");
        a.drain();
        assertThatThrownBy(() -> a.core.appliedEntry(4)).isInstanceOf(AssertionError.class);
    }

    @Test
    void aFollowersAnswerNamesTheCommitIndexOfNow() {
        ScriptedCluster cluster = led(3, "a", "b", "c");
        cluster.propose("a", "x");
        cluster.run();
        cluster.sent.clear();
        TestReplica b = cluster.at("b");
        b.core.readIndexHere(5);
        cluster.run();
        assertThat(b.grants).containsExactly(new ReadGrant(5, 2));
        assertThat(b.state().committed()).as("it learns what is committed").isEqualTo(2);
        assertThat(new String(b.applied.get(1).payload(), StandardCharsets.US_ASCII))
                .isEqualTo("x");
    }

    /** {@code a} leads and keeps nothing in memory that is applied; {@code c} was away from an index to 6. */
    private static ScriptedCluster awayWithoutMemory(int from) {
        CoreConfig config =
                new CoreConfig(ELECTION_TICKS, HEARTBEAT_TICKS, 1 << 10, 8, 8 << 10, 1 << 20, 1 << 20, 0, true);
        ScriptedCluster cluster = new ScriptedCluster(config, "a", "b", "c");
        cluster.elect("a");
        for (int i = 2; i <= 6; i++) {
            if (i == from) {
                cluster.cutOff("c");
            }
            cluster.propose("a", "entry " + i);
            cluster.run();
        }
        cluster.sent.clear();
        return cluster;
    }

    /** What {@code a} is to read for {@code c} once that is heard again. */
    private static LoadRequest loadForC(ScriptedCluster cluster) {
        cluster.heal();
        TestReplica a = cluster.at("a");
        for (int i = 0; i < HEARTBEAT_TICKS; i++) {
            a.tick();
        }
        a.drain();
        cluster.wire.removeIf(e -> !e.isTo("c"));
        while (a.loads.isEmpty()) {
            List<ScriptedCluster.Envelope> arriving = List.copyOf(cluster.wire);
            assertThat(arriving).as("c is asked").isNotEmpty();
            cluster.wire.clear();
            arriving.forEach(e -> cluster.at(e.to().value()).receive(e.from(), e.message()));
            cluster.at("c").settle();
            a.drain();
        }
        cluster.sent.clear();
        return a.loads.removeFirst();
    }

    @Test
    void allThatWasReadForAFollowerIsSent() {
        ScriptedCluster cluster = awayWithoutMemory(2);
        TestReplica a = cluster.at("a");
        LoadRequest load = loadForC(cluster);
        assertThat(load).isEqualTo(new LoadRequest(C, 2, 6, 1 << 10));
        List<Entry> entries = a.disk.entries.subList(1, 6);
        a.core.loaded(load, entries);
        a.drain();
        assertThat(cluster.sent(AppendRequest.class, "a", "c"))
                .extracting(ScriptedCluster.Envelope::message)
                .containsExactly(new AppendRequest(1, new EntryId(1, 1), 6, entries));
    }

    @Test
    void theLastEntryAloneIsReadFromDiskToo() {
        ScriptedCluster cluster = awayWithoutMemory(6);
        assertThat(loadForC(cluster)).isEqualTo(new LoadRequest(C, 6, 6, 1 << 10));
    }

    @Test
    void entriesThatLeftTheLogWhileTheyWereReadAreNotSent() {
        ScriptedCluster cluster = awayWithoutMemory(2);
        TestReplica a = cluster.at("a");
        LoadRequest load = loadForC(cluster);
        List<Entry> entries = List.copyOf(a.disk.entries.subList(1, 6));
        assertThat(a.core.compact(2)).isTrue();
        a.core.loaded(load, entries);
        a.drain();
        assertThat(cluster.sent(AppendRequest.class, "a", "c")).isEmpty();
        assertThat(a.loads).as("what is left of them is").containsExactly(new LoadRequest(C, 3, 6, 1 << 10));
    }

    @Test
    void whatEverybodyHoldsLeavesMemory() {
        CoreConfig roomy =
                new CoreConfig(ELECTION_TICKS, HEARTBEAT_TICKS, 1 << 10, 8, 8 << 10, 1 << 20, 1 << 20, 1 << 20, true);
        ScriptedCluster cluster = new ScriptedCluster(roomy, "a", "b");
        cluster.elect("a");
        cluster.propose("a", "x", "y", "z");
        cluster.run();
        TestReplica a = cluster.at("a");
        assertThat(a.state().committed()).isEqualTo(4);
        assertThat(a.core.changeMembership(MembershipChange.addLearner(C))).isEqualTo(new ChangeResult.Accepted(1, 5));
        a.drain();
        a.receive(C, new AppendReject(1, 5, 0, List.of()));
        a.drain();
        assertThat(a.loads).containsExactly(new LoadRequest(C, 1, 4, 1 << 10));
    }

    @Test
    void bytesOnTheirWayAreBounded() {
        int bytes = 400 + Entry.OVERHEAD_BYTES;
        CoreConfig narrow =
                new CoreConfig(ELECTION_TICKS, HEARTBEAT_TICKS, bytes, 100, 5 * bytes, 1 << 20, 1 << 20, 1 << 20, true);
        ScriptedCluster cluster = new ScriptedCluster(narrow, "a", "b");
        cluster.elect("a");
        cluster.sent.clear();
        for (int i = 0; i < 20; i++) {
            cluster.propose("a", "x".repeat(400));
        }
        cluster.at("a").settle();
        assertThat(cluster.sent(AppendRequest.class, "a", "b")).hasSize(5);
        cluster.run();
        assertThat(cluster.at("b").state().last()).isEqualTo(21);
    }

    @Test
    void whoLeavesTellsThatTheMembershipIsCommitted() {
        ScriptedCluster cluster = led(3, "a", "b", "c");
        TestReplica a = cluster.at("a");
        assertThat(a.state().leader()).isEqualTo(A);
        assertThat(a.core.leads()).isTrue();
        assertThat(a.core.changeMembership(MembershipChange.remove(A))).isInstanceOf(ChangeResult.Accepted.class);
        assertThat(a.core.isMembershipCommitted()).isFalse();
        cluster.run();
        assertThat(a.core.leads()).isFalse();
        for (String node : List.of("b", "c")) {
            assertThat(cluster.at(node).core.isMembershipCommitted()).isTrue();
        }
    }

    @Test
    void whoCampaignsRefusesReads() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c");
        cluster.campaign("a");
        TestReplica a = cluster.at("a");
        a.core.readIndexHere(4);
        a.core.readIndex(5);
        a.drain();
        assertThat(a.refusedReads).containsExactly(4L, 5L);
    }
}
