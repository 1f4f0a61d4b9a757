package io.flotilla.raft.core;

import static io.flotilla.raft.core.ScriptedCluster.HEARTBEAT_TICKS;
import static io.flotilla.raft.core.ScriptedCluster.entry;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.message.Message.AppendReject;
import io.flotilla.raft.core.message.Message.AppendReply;
import io.flotilla.raft.core.message.Message.AppendRequest;
import io.flotilla.raft.core.message.Message.Heartbeat;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Logs that begin later, and snapshots for followers that lag behind the beginning. */
class SnapshotTest {
    private static final NodeId A = new NodeId("a");
    private static final NodeId C = new NodeId("c");

    /** {@code a} leads; {@code c} misses {@code missed} commands, and the others' logs begin behind them. */
    private static ScriptedCluster lagging(int missed) {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c");
        cluster.elect("a");
        cluster.cutOff("c");
        for (int i = 0; i < missed; i++) {
            cluster.propose("a", "missed " + i);
            cluster.run();
        }
        heartbeats(cluster, 1);
        for (String node : List.of("a", "b")) {
            cluster.at(node).compact();
            cluster.at(node).settle();
        }
        cluster.sent.clear();
        return cluster;
    }

    private static void heartbeats(ScriptedCluster cluster, int count) {
        for (int i = 0; i < count * HEARTBEAT_TICKS; i++) {
            cluster.tick("a");
        }
    }

    /** {@code a} was asked for a snapshot for {@code c}: it arrives and is installed. */
    private static TestReplica.Snapshot deliver(ScriptedCluster cluster) {
        TestReplica a = cluster.at("a");
        TestReplica c = cluster.at("c");
        assertThat(a.wantedSnapshots).containsExactly(C);
        a.wantedSnapshots.clear();
        TestReplica.Snapshot snapshot = a.snapshot();
        assertThat(c.core.wantsSnapshot(a.state().term(), snapshot.last())).isTrue();
        assertThat(c.install(snapshot)).isTrue();
        c.installed();
        c.settle();
        a.core.snapshotSent(C, snapshot.last());
        cluster.run();
        return snapshot;
    }

    @Test
    void whoLagsBehindTheBeginningGetsASnapshotOnceAndEntriesAfterIt() {
        ScriptedCluster cluster = lagging(10);
        TestReplica a = cluster.at("a");
        long base = a.core.base().index();
        assertThat(base).isEqualTo(a.state().committed());
        cluster.heal();
        heartbeats(cluster, 1);
        assertThat(a.wantedSnapshots).containsExactly(C);

        cluster.sent.clear();
        cluster.propose("a", "meanwhile");
        cluster.inject("c", "a", new AppendReject(a.state().term(), base, 1, List.of())); // a doubled one
        heartbeats(cluster, 5);
        assertThat(cluster.sent(AppendRequest.class, "a", "c"))
                .as("nothing but heartbeats")
                .isEmpty();
        assertThat(cluster.sent(Heartbeat.class, "a", "c")).hasSize(5);
        assertThat(a.wantedSnapshots).as("asked for once").hasSize(1);
        assertThat(a.state().committed()).as("the others go on").isEqualTo(base + 1);

        TestReplica.Snapshot snapshot = deliver(cluster);
        cluster.propose("a", "after");
        cluster.run();
        heartbeats(cluster, 1);
        assertThat(snapshot.last().index()).isEqualTo(base + 1);
        assertThat(cluster.at("c").core.base()).isEqualTo(snapshot.last());
        assertThat(cluster.at("c").disk.base).isEqualTo(snapshot.last());
        assertThat(cluster.commandsApplied("c"))
                .isEqualTo(cluster.commandsApplied("a"))
                .hasSize(12);
    }

    @Test
    void whatTheFollowerLacksIsSettledByOneQuestionAtTheBeginning() {
        ScriptedCluster cluster = lagging(10);
        EntryId base = cluster.at("a").core.base();
        cluster.heal();
        heartbeats(cluster, 3);
        assertThat(cluster.sent(AppendRequest.class, "a", "c"))
                .extracting(e -> ((AppendRequest) e.message()).previous())
                .containsOnlyOnce(base);
        assertThat(cluster.sent(AppendReject.class, "c", "a")).hasSizeLessThanOrEqualTo(2);
        assertThat(cluster.at("a").wantedSnapshots).containsExactly(C);
    }

    @Test
    void nobodyAsksForASnapshotForWhoIsSilent() {
        ScriptedCluster cluster = lagging(10);
        heartbeats(cluster, 50);
        assertThat(cluster.at("a").wantedSnapshots).isEmpty();
    }

    @Test
    void whoHoldsTheBeginningNeedsNoSnapshotThoughTheLeaderForgotWhatItSent() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c");
        cluster.elect("a");
        cluster.drop(e -> e.isFrom("c")); // c hears everything, and is not heard
        for (int i = 0; i < 5; i++) {
            cluster.propose("a", "w" + i);
            cluster.run();
        }
        cluster.at("a").compact();
        cluster.heal();
        heartbeats(cluster, 3);
        assertThat(cluster.at("a").wantedSnapshots).isEmpty();
        assertThat(cluster.commandsApplied("c")).hasSize(5);
    }

    @Test
    void aSnapshotThatFailsIsAskedForAgainIfItIsStillNeeded() {
        ScriptedCluster cluster = lagging(10);
        cluster.heal();
        heartbeats(cluster, 1);
        cluster.at("a").wantedSnapshots.clear();
        cluster.at("a").core.snapshotFailed(C);
        cluster.run();
        assertThat(cluster.at("a").wantedSnapshots).containsExactly(C);
        deliver(cluster);
        heartbeats(cluster, 1);
        assertThat(cluster.commandsApplied("c")).hasSize(10);
        cluster.at("a").core.snapshotFailed(C);
        cluster.run();
        assertThat(cluster.at("a").wantedSnapshots).as("late, and not needed").isEmpty();
    }

    @Test
    void aFollowerThatAcknowledgesEnoughNeedsTheSnapshotNoMore() {
        ScriptedCluster cluster = lagging(10);
        cluster.heal();
        heartbeats(cluster, 1);
        TestReplica a = cluster.at("a");
        long base = a.core.base().index();
        cluster.sent.clear();
        cluster.inject("c", "a", new AppendReply(a.state().term(), base - 1));
        cluster.propose("a", "x");
        cluster.at("a").settle();
        assertThat(cluster.sent(AppendRequest.class, "a", "c"))
                .as("its next entry is gone")
                .isEmpty();
        cluster.inject("c", "a", new AppendReply(a.state().term(), base));
        assertThat(cluster.sent(AppendRequest.class, "a", "c")).hasSize(1);
    }

    @Test
    void theBaseNeverPassesWhatIsAppliedAndTheBatchNamesIt() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c");
        cluster.elect("a");
        TestReplica a = cluster.at("a");
        cluster.propose("a", "one", "two");
        cluster.run();
        cluster.propose("a", "not committed");
        a.drain();
        assertThat(a.core.compact(100)).isTrue();
        EntryId base = a.core.base();
        assertThat(base.index()).isEqualTo(a.answeredApply);
        a.drain();
        assertThat(a.writes.getLast().base()).isEqualTo(base);
        assertThat(a.writes.getLast().reset()).isFalse();
        assertThat(a.core.compact(base.index())).as("moved already").isFalse();
        assertThat(a.core.compact(1)).isFalse();
        cluster.run();
        heartbeats(cluster, 1);
        assertThat(cluster.commandsApplied("c")).containsExactly("one", "two", "not committed");
    }

    @Test
    void whatFollowsTheSnapshotInAMatchingLogStays() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c").with("c", 3, null, 1, 1, 2, 2, 3);
        TestReplica c = cluster.at("c");
        cluster.inject("b", "c", new AppendRequest(3, new EntryId(3, 5), 1, List.of()));
        assertThat(c.state().committed()).isEqualTo(1);
        TestReplica.Snapshot snapshot = snapshot(1, 1, 2);
        assertThat(c.install(snapshot)).isTrue();
        c.installed();
        c.settle();
        assertThat(c.state().committed()).isEqualTo(3);
        assertThat(c.disk.base).isEqualTo(new EntryId(2, 3));
        assertThat(cluster.terms("c")).containsExactly(2L, 3L);
        cluster.inject("b", "c", new Heartbeat(3, 5, 0));
        assertThat(c.applied).hasSize(5);
    }

    @Test
    void ofALogThatDoesNotHoldTheSnapshotsLastEntryNothingStays() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c").with("c", 2, null, 1, 1, 1, 1, 1);
        TestReplica c = cluster.at("c");
        TestReplica.Snapshot snapshot = snapshot(1, 1, 2);
        assertThat(c.core.wantsSnapshot(3, snapshot.last())).isTrue();
        c.drain();
        cluster.inject("b", "c", new AppendRequest(3, new EntryId(1, 5), 0, List.of(entry(3, 6))));
        assertThat(c.disk.lastIndex()).isEqualTo(6);
        assertThat(c.install(snapshot)).isTrue();
        c.installed();
        PersistBatch batch = c.drain().persist().get(0);
        assertThat(batch.base()).isEqualTo(snapshot.last());
        assertThat(batch.reset()).isTrue();
        c.settle();
        assertThat(c.disk.entries).isEmpty();
        assertThat(c.state()).isEqualTo(new SoftState(3, RoleName.FOLLOWER, new NodeId("b"), 3, 3));
    }

    @Test
    void writesThatWereUnderWayProveNothingAboutTheLogAfterTheSnapshot() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c").with("c", 2, null, 1, 1);
        TestReplica c = cluster.at("c");
        assertThat(c.install(snapshot(1, 1, 1))).isTrue();
        c.receive(new NodeId("b"), new AppendRequest(2, new EntryId(1, 2), 0, List.of(entry(2, 3), entry(2, 4))));
        c.drain(); // entries 3 and 4 are on their way to the disk
        c.installed();
        c.receive(A, new AppendRequest(3, new EntryId(1, 3), 4, List.of(entry(3, 4))));
        c.drain();
        assertThat(c.writes).hasSize(2);
        c.persistNext();
        assertThat(c.drain().apply()).as("the new entry 4 is not durable").isEmpty();
        c.persistNext();
        assertThat(c.drain().apply()).containsExactly(entry(3, 4));
    }

    @Test
    void entriesOfTheSameTurnGoWithALogThatDoesNotHoldTheSnapshot() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c").with("c", 2, null, 1, 1);
        TestReplica c = cluster.at("c");
        TestReplica.Snapshot snapshot = snapshot(1, 1, 1);
        assertThat(c.install(snapshot)).isTrue();
        c.receive(new NodeId("b"), new AppendRequest(2, new EntryId(1, 2), 0, List.of(entry(2, 3), entry(2, 4))));
        c.installed();
        PersistBatch batch = c.drain().persist().get(0);
        assertThat(batch.base()).isEqualTo(snapshot.last());
        assertThat(batch.entries()).isEmpty();
        assertThat(c.state().last()).isEqualTo(3);
    }

    @Test
    void whatASnapshotHoldsCountsAsDurable() {
        DurableIndex durable = new DurableIndex(3);
        long first = durable.issue(5);
        durable.raiseTo(7);
        assertThat(durable.index()).isEqualTo(7);
        durable.persisted(first);
        assertThat(durable.index()).isEqualTo(7);
        durable.raiseTo(6);
        durable.persisted(durable.issue(0));
        assertThat(durable.index()).isEqualTo(7);
    }

    @Test
    void whatIsLateAfterAnInstallationChangesNothing() {
        ScriptedCluster cluster = lagging(10);
        cluster.heal();
        heartbeats(cluster, 1);
        TestReplica.Snapshot snapshot = deliver(cluster);
        TestReplica c = cluster.at("c");
        long term = c.state().term();
        SoftState before = c.state();
        cluster.inject("a", "c", new AppendRequest(term, EntryId.ZERO, 0, List.of(Entry.noOp(term, 1))));
        cluster.inject(
                "a",
                "c",
                new AppendRequest(
                        term,
                        new EntryId(term, 4),
                        3,
                        List.of(snapshot.entries().get(4))));
        cluster.inject("a", "c", new Heartbeat(term, 2, 0));
        assertThat(c.state()).isEqualTo(before);
        assertThat(c.core.base()).isEqualTo(snapshot.last());
        assertThat(c.core.wantsSnapshot(term, snapshot.last()))
                .as("the same snapshot again")
                .isFalse();
        assertThat(c.core.install(new SnapshotBase(snapshot.last(), snapshot.membership())))
                .isFalse();
    }

    @Test
    void nothingIsAppliedWhileASnapshotIsInstalled() {
        ScriptedCluster cluster = lagging(10);
        cluster.heal();
        heartbeats(cluster, 1);
        TestReplica c = cluster.at("c");
        TestReplica.Snapshot snapshot = cluster.at("a").snapshot();
        assertThat(c.install(snapshot)).isTrue();
        assertThat(c.core.wantsSnapshot(9, new EntryId(9, 99)))
                .as("a second one")
                .isFalse();
        assertThat(c.core.install(new SnapshotBase(new EntryId(9, 99), Membership.of(C))))
                .isFalse();
        long term = c.state().term();
        Entry next = entry(term, snapshot.last().index() + 1);
        for (Entry missed : snapshot.entries()) {
            c.receive(A, new AppendRequest(term, previous(snapshot, missed), 0, List.of(missed)));
        }
        c.receive(A, new AppendRequest(term, snapshot.last(), next.index(), List.of(next)));
        while (!c.writes.isEmpty() || c.drain() != Effects.NONE) {
            if (!c.writes.isEmpty()) {
                c.persistNext();
            }
        }
        assertThat(c.state().committed()).isEqualTo(next.index());
        assertThat(c.applied).isEqualTo(snapshot.entries());
        c.installed();
        c.settle();
        assertThat(c.applied).hasSize(snapshot.entries().size() + 1).endsWith(next);
    }

    private static EntryId previous(TestReplica.Snapshot snapshot, Entry entry) {
        return entry.index() == 1
                ? EntryId.ZERO
                : snapshot.entries().get((int) entry.index() - 2).id();
    }

    @Test
    void aCrashBeforeTheLogKnowsOfTheSnapshotLeadsToTheSameLog() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c").with("c", 1, null, 1, 1, 1, 1, 1);
        TestReplica c = cluster.at("c");
        TestReplica.Snapshot snapshot = snapshot(1, 1, 4);
        assertThat(c.core.wantsSnapshot(5, snapshot.last())).isTrue();
        assertThat(c.install(snapshot)).isTrue();
        c.restart(c.machineDurable, 7);
        assertThat(c.state()).isEqualTo(new SoftState(5, RoleName.FOLLOWER, null, 3, 3));
        c.settle();
        assertThat(c.durable).isEqualTo(new HardState(5, null));
        assertThat(c.disk.base).isEqualTo(snapshot.last());
        assertThat(c.disk.entries).isEmpty();
        cluster.inject("a", "c", new AppendRequest(5, snapshot.last(), 4, List.of(entry(5, 4))));
        assertThat(c.applied).hasSize(4);
        c.restart(4, 8);
        c.settle();
        assertThat(c.disk.lastIndex()).as("a snapshot that the log knows of").isEqualTo(4);
    }

    @Test
    void aSnapshotOfALeaderThatWasReplacedIsAsGoodButAnOlderOneIsNot() {
        ScriptedCluster cluster = lagging(10);
        TestReplica a = cluster.at("a");
        TestReplica c = cluster.at("c");
        TestReplica.Snapshot snapshot = a.snapshot();
        long oldTerm = a.state().term();
        cluster.heal();
        cluster.elect("b");
        cluster.cutOff("a");
        for (int i = 0; i < HEARTBEAT_TICKS; i++) {
            cluster.tick("b");
        }
        assertThat(c.state().leader()).isEqualTo(new NodeId("b"));
        assertThat(cluster.at("b").wantedSnapshots).containsExactly(C);
        assertThat(c.core.wantsSnapshot(oldTerm, snapshot.last())).isTrue();
        assertThat(c.install(snapshot)).isTrue();
        c.installed();
        c.settle();
        assertThat(c.state().leader()).as("it follows whom it followed").isEqualTo(new NodeId("b"));
        assertThat(c.core.wantsSnapshot(c.state().term(), snapshot.last()))
                .as("the new leader's snapshot ends there too")
                .isFalse();
        cluster.at("b").core.snapshotSent(C, snapshot.last());
        cluster.run();
        assertThat(c.disk.lastIndex()).isEqualTo(cluster.at("b").disk.lastIndex());
    }

    @Test
    void aLeaderWantsNoSnapshotAndFollowsWhoOffersOneInALargerTerm() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c");
        cluster.elect("a");
        TestReplica a = cluster.at("a");
        assertThat(a.core.wantsSnapshot(a.state().term(), new EntryId(1, 50))).isFalse();
        assertThat(a.leads()).isTrue();
        assertThat(a.core.wantsSnapshot(a.state().term() + 1, new EntryId(1, 50)))
                .isTrue();
        assertThat(a.state().role()).isEqualTo(RoleName.FOLLOWER);
    }

    @Test
    void whoWinsAnElectionWhileItInstallsLeadsOnWithWhatItHolds() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c")
                .with("a", 2, null, 1, 1, 2)
                .with("b", 2, null, 1, 1)
                .with("c", 2, null, 1, 1, 2);
        TestReplica c = cluster.at("c");
        TestReplica.Snapshot snapshot = snapshot(1, 1);
        assertThat(c.install(snapshot)).isTrue();
        cluster.elect("c");
        c.installed();
        cluster.run();
        heartbeatsOf(cluster, "c");
        assertThat(cluster.at("b").wantedSnapshots).isEmpty();
        assertThat(c.applied).hasSize(4);
        assertThat(cluster.at("b").applied).isEqualTo(c.applied);
    }

    private static void heartbeatsOf(ScriptedCluster cluster, String node) {
        for (int i = 0; i < 2 * HEARTBEAT_TICKS; i++) {
            cluster.tick(node);
        }
    }

    /** The state after entries of these terms. */
    private static TestReplica.Snapshot snapshot(long... terms) {
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < terms.length; i++) {
            entries.add(entry(terms[i], i + 1));
        }
        return new TestReplica.Snapshot(
                entries.get(entries.size() - 1).id(), Membership.of(A, new NodeId("b"), C), entries);
    }
}
