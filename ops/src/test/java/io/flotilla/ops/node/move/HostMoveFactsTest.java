package io.flotilla.ops.node.move;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.kv.move.ReplicaFacts;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.kv.proto.MoveOutCommand;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.Refusal;
import org.junit.jupiter.api.Test;

class HostMoveFactsTest {
    private final OneNode node = new OneNode();
    private int news;
    private final HostMoveFacts facts =
            new HostMoveFacts(node.host, node.machines, node.runtime.clock(), node.lane, () -> news++);

    private void moveOut() {
        KvCommand command = KvCommand.newBuilder()
                .setMoveOut(MoveOutCommand.newBuilder()
                        .setShard(OneNode.SHARD)
                        .setMove(4)
                        .setEpoch(3)
                        .setTarget(2)
                        .setChangeIndexRows(100))
                .build();
        boolean[] done = new boolean[1];
        node.host.propose(1, command.toByteArray(), new ProposalCallback() {
            @Override
            public void applied(long index, Object result) {
                done[0] = true;
            }

            @Override
            public void refused(Refusal refusal) {
                throw new AssertionError(refusal);
            }
        });
        node.await(() -> done[0]);
    }

    @Test
    void whatOnlyTheWorkerKnowsIsAskedForAndCountsOnceItIsKnown() {
        ReplicaFacts unknown = facts.of(1);
        assertThat(unknown.leads()).isTrue();
        assertThat(unknown.caughtUp()).isFalse();
        assertThat(unknown.heard()).isEmpty();
        assertThat(unknown.voters()).containsExactly(OneNode.SELF);
        node.run(50);
        assertThat(news).isEqualTo(1);
        ReplicaFacts known = facts.of(1);
        assertThat(known.caughtUp()).isTrue();
        assertThat(known.steady()).isTrue();
        assertThat(known.heard()).containsExactly(OneNode.SELF);
        assertThat(known.term()).isEqualTo(node.host.status(1).state().term());
        for (int i = 0; i < 50; i++) {
            node.run(20);
            assertThat(facts.of(1).caughtUp()).isTrue();
        }
        assertThat(news).as("the same again is no news").isEqualTo(1);
    }

    @Test
    void whatTheWorkerSaidTooLongAgoCountsForNothing() {
        facts.of(1);
        node.run(50);
        assertThat(facts.of(1).caughtUp()).isTrue();
        node.run(1_500);
        assertThat(facts.of(1).caughtUp()).as("nobody has asked for 1.5 s").isFalse();
        node.run(50);
        assertThat(facts.of(1).caughtUp()).isTrue();
    }

    @Test
    void aGroupIsOfConcernWhileAShardOfItMoves() {
        assertThat(facts.concerned()).isEmpty();
        moveOut();
        assertThat(facts.concerned()).as("it looks once a second").isEmpty();
        facts.changed();
        assertThat(facts.concerned()).containsExactly(1L);
        assertThat(facts.of(1).moving()).containsOnlyKeys(OneNode.SHARD);
        assertThat(facts.of(1).shard(OneNode.SHARD).fence()).isEqualTo(4);
        assertThat(facts.of(1).shard(99).fence()).isZero();
    }

    @Test
    void itLooksByItselfOnceASecond() {
        assertThat(facts.concerned()).isEmpty();
        moveOut();
        node.run(1_000);
        assertThat(facts.concerned()).containsExactly(1L);
    }

    @Test
    void whoDoesNotLeadHearsNobody() {
        ReplicaFacts led = facts.of(3);
        assertThat(led.leads()).isFalse();
        assertThat(led.caughtUp()).isFalse();
        assertThat(led.heard()).isEmpty();
        assertThat(led.voters()).hasSize(2);
        assertThat(facts.of(0)).as("the controller's group has no shards").isNull();
        assertThat(facts.of(2)).as("no replica here").isNull();
        node.run(200);
        assertThat(news).isZero();
    }

    @Test
    void aNodeThatClosesDrivesNothingAnyMore() {
        facts.of(1);
        node.run(50);
        node.host.close();
        node.await(() -> node.host.closed().isDone());
        node.run(1_500);
        for (int i = 0; i < 20; i++) {
            ReplicaFacts closed = facts.of(1);
            assertThat(closed == null || !closed.caughtUp()).isTrue();
            node.run(100);
        }
    }
}
