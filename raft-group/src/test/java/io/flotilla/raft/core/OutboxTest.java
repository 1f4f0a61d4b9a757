package io.flotilla.raft.core;

import static io.flotilla.raft.core.ScriptedCluster.entry;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipChange;
import io.flotilla.raft.core.membership.MembershipCodec;
import io.flotilla.raft.core.message.Message.AppendReply;
import io.flotilla.raft.core.message.Message.AppendRequest;
import io.flotilla.raft.core.message.Message.Heartbeat;
import io.flotilla.raft.core.message.Message.HeartbeatReply;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What is owed is owed once, with everything that it depends on. */
class OutboxTest {
    private static final NodeId A = new NodeId("a");
    private static final NodeId B = new NodeId("b");
    private static final Heartbeat MESSAGE = new Heartbeat(1, 2, 3);

    @Test
    void whateverIsOwedIsDrainedOnce() {
        for (Consumer<Outbox> owes : List.<Consumer<Outbox>>of(
                outbox -> outbox.send(A, MESSAGE),
                outbox -> outbox.promise(A, MESSAGE),
                outbox -> outbox.save(new HardState(1, null)),
                outbox -> outbox.write(entry(1, 11)),
                outbox -> outbox.moveBase(new EntryId(1, 5), Membership.of(A)),
                outbox -> outbox.install(new SnapshotBase(new EntryId(1, 50), Membership.of(A))),
                outbox -> outbox.grant(List.of(new ReadGrant(1, 2))),
                outbox -> outbox.refuseReads(List.of(1L)),
                outbox -> outbox.load(new LoadRequest(null, 1, 2, 3)),
                outbox -> outbox.snapshot(A))) {
            Outbox outbox = new Outbox(10);
            assertThat(outbox.drain(List.of())).isSameAs(Effects.NONE);
            owes.accept(outbox);
            assertThat(outbox.drain(List.of())).isNotEqualTo(Effects.NONE);
            assertThat(outbox.drain(List.of())).isSameAs(Effects.NONE);
        }
        assertThat(new Outbox(10).drain(List.of(entry(1, 1))).apply()).containsExactly(entry(1, 1));
    }

    @Test
    void oneDrainTakesAllOfIt() {
        Outbox outbox = new Outbox(10);
        outbox.send(A, MESSAGE);
        outbox.send(B, MESSAGE);
        outbox.grant(List.of(new ReadGrant(1, 2)));
        outbox.refuseReads(List.of(7L));
        outbox.load(new LoadRequest(null, 1, 2, 3));
        outbox.snapshot(A);
        outbox.snapshot(B);
        Effects effects = outbox.drain(List.of());
        assertThat(effects)
                .isEqualTo(new Effects(
                        List.of(new Outbound(A, MESSAGE), new Outbound(B, MESSAGE)),
                        List.of(),
                        List.of(),
                        List.of(new ReadGrant(1, 2)),
                        List.of(7L),
                        List.of(new LoadRequest(null, 1, 2, 3)),
                        List.of(A, B)));
        outbox.send(B, MESSAGE);
        assertThat(effects.send()).as("what was given away never changes").hasSize(2);
    }

    @Test
    void aBatchHoldsWhatItsMessagesPromise() {
        Outbox outbox = new Outbox(10);
        outbox.save(new HardState(4, A));
        outbox.write(entry(4, 11));
        outbox.write(entry(4, 12));
        outbox.promise(A, MESSAGE);
        PersistBatch batch = outbox.drain(List.of()).persist().get(0);
        assertThat(batch)
                .isEqualTo(new PersistBatch(
                        1,
                        new HardState(4, A),
                        null,
                        null,
                        false,
                        null,
                        List.of(entry(4, 11), entry(4, 12)),
                        List.of(new Outbound(A, MESSAGE))));
        assertThat(batch.isEmpty()).isFalse();
        assertThat(outbox.durableIndex()).isEqualTo(10);
        assertThat(outbox.isHardStateDurable()).isFalse();
        outbox.promise(A, MESSAGE);
        PersistBatch next = outbox.drain(List.of()).persist().get(0);
        assertThat(next)
                .isEqualTo(new PersistBatch(
                        2, null, null, null, false, null, List.of(), List.of(new Outbound(A, MESSAGE))));
        assertThat(next.isEmpty()).isTrue();
        outbox.persisted(1);
        assertThat(outbox.durableIndex()).isEqualTo(12);
        assertThat(outbox.isHardStateDurable()).isTrue();
        outbox.persisted(2);
        assertThat(outbox.durableIndex()).isEqualTo(12);
    }

    @Test
    void anythingButMessagesIsToBeWritten() {
        EntryId id = new EntryId(1, 1);
        assertThat(new PersistBatch(1, HardState.INITIAL, null, null, false, null, List.of(), List.of()).isEmpty())
                .isFalse();
        assertThat(new PersistBatch(1, null, id, null, false, null, List.of(), List.of()).isEmpty())
                .isFalse();
        assertThat(new PersistBatch(
                                1, null, null, null, false, new SnapshotBase(id, Membership.NONE), List.of(), List.of())
                        .isEmpty())
                .isFalse();
        assertThat(new PersistBatch(1, null, null, null, false, null, List.of(entry(1, 1)), List.of()).isEmpty())
                .isFalse();
    }

    @Test
    void answersWaitForTheTermTheyAreSentIn() {
        Outbox outbox = new Outbox(0);
        outbox.answer(A, MESSAGE);
        assertThat(outbox.drain(List.of()).send()).hasSize(1);
        outbox.save(new HardState(2, null));
        outbox.answer(A, MESSAGE);
        Effects effects = outbox.drain(List.of());
        assertThat(effects.send()).isEmpty();
        assertThat(effects.persist().get(0).messages()).containsExactly(new Outbound(A, MESSAGE));
        outbox.answer(B, MESSAGE);
        assertThat(outbox.drain(List.of()).send()).as("the write is under way").isEmpty();
        outbox.persisted(1);
        outbox.answer(B, MESSAGE);
        assertThat(outbox.drain(List.of()).send()).containsExactly(new Outbound(B, MESSAGE));
    }

    @Test
    void entriesThatWereCutOffBeforeTheyLeftAreNotWritten() {
        Outbox outbox = new Outbox(10);
        outbox.write(entry(1, 11));
        outbox.write(entry(1, 12));
        outbox.write(entry(1, 13));
        outbox.truncateFrom(12);
        outbox.write(entry(2, 12));
        assertThat(outbox.drain(List.of()).persist().get(0).entries()).containsExactly(entry(1, 11), entry(2, 12));
    }

    @Test
    void entriesThatASnapshotHoldsAreNotWritten() {
        Outbox outbox = new Outbox(10);
        outbox.write(entry(1, 11));
        outbox.write(entry(1, 12));
        outbox.moveBase(new EntryId(1, 11), Membership.of(A));
        assertThat(outbox.durableIndex()).isEqualTo(11);
        PersistBatch batch = outbox.drain(List.of()).persist().get(0);
        assertThat(batch.entries()).containsExactly(entry(1, 12));
        assertThat(batch.base()).isEqualTo(new EntryId(1, 11));
        assertThat(batch.membership()).isEqualTo(Membership.of(A));
        assertThat(batch.reset()).isFalse();
    }

    @Test
    void onlyAcknowledgementsOfOneTermToOneLeaderAreJoined() {
        Outbox outbox = new Outbox(10);
        outbox.acknowledge(A, new AppendReply(1, 4));
        outbox.acknowledge(A, new AppendReply(1, 6));
        outbox.acknowledge(A, new AppendReply(1, 5));
        outbox.acknowledge(B, new AppendReply(1, 7));
        outbox.acknowledge(B, new AppendReply(2, 8));
        outbox.promise(B, new HeartbeatReply(2, 1));
        outbox.acknowledge(B, new AppendReply(2, 9));
        assertThat(outbox.drain(List.of()).persist().get(0).messages())
                .containsExactly(
                        new Outbound(A, new AppendReply(1, 6)),
                        new Outbound(B, new AppendReply(1, 7)),
                        new Outbound(B, new AppendReply(2, 8)),
                        new Outbound(B, new HeartbeatReply(2, 1)),
                        new Outbound(B, new AppendReply(2, 9)));
    }

    @Test
    void afterASnapshotTookTheLogsPlaceOnlyItIsDurable() {
        for (long written : new long[] {12, 30}) {
            Outbox outbox = new Outbox(10);
            for (long index = 11; index <= written; index++) {
                outbox.write(entry(1, index));
            }
            outbox.drain(List.of());
            outbox.write(entry(1, written + 1));
            outbox.resetTo(new EntryId(2, 20), Membership.of(A));
            assertThat(outbox.durableIndex()).isEqualTo(20);
            PersistBatch batch = outbox.drain(List.of()).persist().get(0);
            assertThat(batch)
                    .isEqualTo(new PersistBatch(
                            2, null, new EntryId(2, 20), Membership.of(A), true, null, List.of(), List.of()));
            outbox.persisted(1);
            assertThat(outbox.durableIndex())
                    .as("what was written before is gone")
                    .isEqualTo(20);
            outbox.write(entry(3, 21));
            assertThat(outbox.drain(List.of()).persist().get(0).reset())
                    .as("said once")
                    .isFalse();
        }
    }

    private static boolean persistNext(TestReplica replica) {
        return replica.core.persisted(replica.writes.removeFirst().sequence());
    }

    @Test
    void theDisksAnswerTellsWhetherThereIsAnythingToDrain() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c");
        TestReplica b = cluster.at("b");
        b.receive(A, new AppendRequest(1, EntryId.ZERO, 0, List.of(entry(1, 1))));
        b.drain();
        assertThat(persistNext(b)).as("nothing is committed").isFalse();
        assertThat(b.drain()).isSameAs(Effects.NONE);
        b.receive(A, new AppendRequest(1, new EntryId(1, 1), 2, List.of(entry(1, 2))));
        assertThat(b.drain().apply()).containsExactly(entry(1, 1));
        assertThat(persistNext(b)).as("committed, and durable now").isTrue();
        assertThat(b.drain().apply()).containsExactly(entry(1, 2));

        TestReplica single = new ScriptedCluster("a").at("a");
        while (single.state().role() == RoleName.FOLLOWER) {
            single.tick();
        }
        single.drain();
        assertThat(persistNext(single)).as("its own vote elects it").isTrue();
        assertThat(single.drain().persist()).hasSize(1);
        assertThat(persistNext(single)).as("its own copy commits").isTrue();
        assertThat(single.drain().apply()).hasSize(1);
    }

    @Test
    void aLeadersOwnCopyIsNewsOnlyIfItCommits() {
        ScriptedCluster cluster = new ScriptedCluster("a", "b", "c");
        cluster.elect("a");
        TestReplica a = cluster.at("a");
        long term = a.state().term();
        long last = a.state().last();
        a.core.propose(List.of(() -> new byte[1]));
        a.drain();
        assertThat(persistNext(a)).as("one of three holds it").isFalse();
        assertThat(a.drain()).isSameAs(Effects.NONE);
        a.receive(B, new AppendReply(term, last + 1));
        assertThat(a.drain().apply()).hasSize(1);

        a.core.propose(List.of(() -> new byte[1]));
        a.drain();
        a.receive(B, new AppendReply(term, last + 2));
        assertThat(a.drain().apply()).as("one of three holds it durably").isEmpty();
        assertThat(persistNext(a)).as("the second copy").isTrue();
        assertThat(a.drain().apply()).hasSize(1);

        a.core.propose(List.of(() -> new byte[1]));
        a.drain();
        a.receive(B, new AppendReply(term, last + 3));
        a.receive(new NodeId("c"), new AppendReply(term, last + 3));
        assertThat(a.drain().apply()).as("committed, and not durable here").isEmpty();
        assertThat(persistNext(a)).as("durable now").isTrue();
        assertThat(a.drain().apply()).hasSize(1);
    }

    @Test
    void theMachinesAnswerTellsWhetherThereIsAnythingToDrain() {
        CoreConfig small = new CoreConfig(10, 2, 1 << 10, 8, 8 << 10, 1 << 20, 1, 1 << 20, true);
        ScriptedCluster cluster = new ScriptedCluster(small, "a", "b", "c");
        TestReplica b = cluster.at("b");
        b.receive(A, new AppendRequest(1, EntryId.ZERO, 2, List.of(entry(1, 1), entry(1, 2))));
        b.drain();
        persistNext(b);
        assertThat(b.drain().apply()).containsExactly(entry(1, 1));
        assertThat(b.core.applied(1)).as("there is room for the next").isTrue();
        assertThat(b.drain().apply()).containsExactly(entry(1, 2));
        assertThat(b.core.applied(2)).isFalse();
        assertThat(b.drain()).isSameAs(Effects.NONE);
    }

    @Test
    void anAppliedMembershipIsNews() {
        ScriptedCluster cluster = ScriptedCluster.with(3, "a", "b", "c");
        TestReplica c = cluster.at("c");
        byte[] without = MembershipCodec.encode(Membership.of(A, B));
        c.receive(
                A,
                new AppendRequest(
                        1, EntryId.ZERO, 2, List.of(entry(1, 1), new Entry(1, 2, EntryKind.MEMBERSHIP, without))));
        c.drain();
        persistNext(c);
        c.drain();
        assertThat(c.core.applied(1)).isFalse();
        assertThat(c.core.applied(2)).as("it is left out").isTrue();
        assertThat(c.core.removedAt()).isEqualTo(2);

        ScriptedCluster joint = ScriptedCluster.with(1, "a");
        joint.elect("a");
        TestReplica a = joint.at("a");
        a.core.changeMembership(MembershipChange.addLearner(B).jointly());
        a.drain();
        persistNext(a);
        assertThat(a.drain().apply()).hasSize(1);
        assertThat(a.core.applied(2)).as("the joint membership is left").isTrue();
        assertThat(a.drain().persist().get(0).entries()).hasSize(1);
    }
}
