package io.flotilla.raft.core;

import static io.flotilla.raft.core.ScriptedCluster.CONFIG;
import static io.flotilla.raft.core.ScriptedCluster.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.TermRun;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.message.Message.AppendReply;
import io.flotilla.raft.core.message.Message.AppendRequest;
import io.flotilla.raft.core.message.Message.Heartbeat;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** What can't be while every replica, disk and host keeps its promises: the replica that meets it stops. */
class CoreRefusalsTest {
    private static final NodeId A = new NodeId("a");
    private static final NodeId B = new NodeId("b");
    private static final NodeId C = new NodeId("c");
    private static final Membership ABC = Membership.of(A, B, C);

    private static ScriptedCluster led() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c");
        cluster.elect("a");
        return cluster;
    }

    private static void stops(ThrowingCallable wrong, String why) {
        assertThatThrownBy(wrong).isInstanceOf(AssertionError.class).hasMessageContaining(why);
    }

    private static RaftCore restored(
            long term, long lastIndex, List<TermRun> runs, long applied, EntryId installed, SnapshotBase snapshot) {
        return new RaftCore(
                CONFIG,
                TestReplica.TICK_NANOS,
                A,
                new RestoredState(
                        new HardState(term, null),
                        EntryId.ZERO,
                        runs,
                        lastIndex,
                        ABC,
                        List.of(),
                        applied,
                        installed,
                        snapshot,
                        0,
                        EntryId.ZERO),
                1,
                0);
    }

    @Test
    void aTermHasOneLeader() {
        ScriptedCluster cluster = led();
        long term = cluster.at("a").state().term();
        stops(() -> cluster.at("a").receive(B, new Heartbeat(term, 0, 9)), "two leaders in term " + term);
        stops(() -> cluster.at("b").receive(C, new Heartbeat(term, 0, 9)), "two leaders in term " + term);
    }

    @Test
    void nobodyHoldsMoreOfALeadersLogThanItself() {
        ScriptedCluster cluster = led();
        TestReplica a = cluster.at("a");
        long last = a.state().last();
        cluster.inject("b", "a", new AppendReply(a.state().term(), last));
        stops(() -> a.receive(B, new AppendReply(a.state().term(), last + 1)), "a follower acknowledges index");
    }

    /** A leader tells a follower no more than what that acknowledged: whoever has less has lost it. */
    @Test
    void whoLostWhatItAcknowledgedIsToldSo() {
        ScriptedCluster cluster = led();
        TestReplica b = cluster.at("b");
        long last = b.state().last();
        assertThatThrownBy(() -> b.receive(A, new Heartbeat(b.state().term(), last + 7, 9)))
                .isInstanceOf(LostEntriesException.class)
                .hasMessageContaining("entries up to " + (last + 7) + " were acknowledged to a")
                .hasMessageContaining("the log ends at " + last);
    }

    @Test
    void entriesComeWithoutGap() {
        ScriptedCluster cluster = led();
        TestReplica b = cluster.at("b");
        long term = b.state().term();
        EntryId last = b.core.last();
        stops(
                () -> b.receive(
                        A,
                        new AppendRequest(
                                term, last, 0, List.of(entry(term, last.index() + 1), entry(term, last.index() + 3)))),
                "came after index " + (last.index() + 1));
    }

    @Test
    void aLogEndsInNoLaterTermThanTheStoredOne() {
        List<TermRun> runs = List.of(new TermRun(1, 1), new TermRun(3, 2));
        assertThat(restored(2, 4, runs, 0, EntryId.ZERO, null).last()).isEqualTo(new EntryId(2, 4));
        stops(() -> restored(1, 4, runs, 0, EntryId.ZERO, null), "after the stored term 1");
    }

    @Test
    void aLogThatBeginsAnewAfterASnapshotKnowsTheMembershipThere() {
        EntryId end = new EntryId(2, 9);
        List<TermRun> runs = List.of(new TermRun(1, 1));
        SnapshotBase snapshot = new SnapshotBase(end, Membership.of(A, B));
        RaftCore core = restored(2, 4, runs, 9, end, snapshot);
        assertThat(core.base()).isEqualTo(end);
        assertThat(core.last()).isEqualTo(end);
        assertThat(core.membership().membership()).isEqualTo(snapshot.membership());
        assertThat(core.membership().index()).isEqualTo(9);
        PersistBatch first = core.drain().persist().get(0);
        assertThat(first.base()).isEqualTo(end);
        assertThat(first.membership()).isEqualTo(snapshot.membership());
        assertThat(first.reset()).isTrue();
        stops(() -> restored(2, 4, runs, 9, end, null), "does not know the membership");
        stops(
                () -> restored(2, 4, runs, 9, end, new SnapshotBase(new EntryId(1, 9), ABC)),
                "does not know the membership");
    }

    @Test
    void aLogThatHoldsTheSnapshotsEndStays() {
        List<TermRun> runs = List.of(new TermRun(1, 1), new TermRun(3, 2));
        for (EntryId held :
                List.of(EntryId.ZERO, new EntryId(1, 1), new EntryId(1, 2), new EntryId(2, 3), new EntryId(2, 4))) {
            RaftCore core = restored(3, 4, runs, held.index(), held, null);
            assertThat(core.last()).as("with a snapshot to %s", held).isEqualTo(new EntryId(2, 4));
            assertThat(core.base()).isEqualTo(EntryId.ZERO);
        }
        for (EntryId other : List.of(new EntryId(2, 2), new EntryId(1, 3), new EntryId(2, 5))) {
            RaftCore core = restored(3, 4, runs, other.index(), other, new SnapshotBase(other, ABC));
            assertThat(core.base()).as("with a snapshot to %s", other).isEqualTo(other);
            assertThat(core.last()).isEqualTo(other);
        }
    }

    @Test
    void onlyTheSnapshotThatWasToBeInstalledIsInstalled() {
        ScriptedCluster cluster = led();
        TestReplica b = cluster.at("b");
        stops(() -> b.core.installed(new EntryId(1, 50)), "snapshot up to 50");
        SnapshotBase snapshot = new SnapshotBase(new EntryId(1, 50), ABC);
        assertThat(b.core.install(snapshot)).isTrue();
        stops(() -> b.core.installed(new EntryId(1, 51)), "was to be installed");
    }

    @Test
    void aSnapshotIsNotInstalledBeforeAllThatWasHandedOutIsApplied() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c").with("c", 1, null, 1, 1);
        TestReplica c = cluster.at("c");
        c.receive(A, new AppendRequest(1, new EntryId(1, 2), 2, List.of(entry(1, 3))));
        c.drain();
        c.answerLoad();
        c.drain();
        assertThat(c.handedOut).isEqualTo(2);
        EntryId last = new EntryId(1, 50);
        assertThat(c.core.install(new SnapshotBase(last, ABC))).isTrue();
        stops(() -> c.core.installed(last), "snapshot up to 50 after entry 2");
    }

    @Test
    void onlyWhatWasHandedOutIsApplied() {
        ScriptedCluster cluster = led();
        TestReplica a = cluster.at("a");
        stops(() -> a.core.applied(a.handedOut + 1), "but only entries up to " + a.handedOut);
    }

    @Test
    void onlyWhatWasAskedForIsLoaded() {
        stops(
                () -> led().at("a").core.loaded(new LoadRequest(B, 1, 1, 100), List.of(entry(1, 1))),
                "was not asked for");
    }

    @Test
    void entriesReadToBeAppliedAreThoseOfTheLog() {
        for (boolean gap : new boolean[] {true, false}) {
            ScriptedCluster cluster = new ScriptedCluster("a", "b", "c").with("c", 2, null, 1, 1, 2);
            TestReplica c = cluster.at("c");
            c.receive(A, new AppendRequest(2, new EntryId(2, 3), 3, List.of()));
            c.drain();
            LoadRequest load = c.loads.removeFirst();
            assertThat(load).isEqualTo(new LoadRequest(null, 1, 3, CONFIG.maxApplyBytes()));
            if (gap) {
                stops(() -> c.core.loaded(load, List.of(entry(1, 1), entry(2, 3))), "to apply after index 1");
            } else {
                stops(() -> c.core.loaded(load, List.of(entry(1, 1), entry(2, 2))), "is not the one in the log");
            }
        }
    }

    @Test
    void onlyABatchThatWasHandedOutIsDurable() {
        stops(() -> led().at("a").core.persisted(1_000), "was never handed out");
    }
}
