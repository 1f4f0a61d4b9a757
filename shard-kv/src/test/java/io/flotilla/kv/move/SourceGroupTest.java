package io.flotilla.kv.move;

import static io.flotilla.kv.move.ScriptedNode.N4;
import static io.flotilla.kv.move.ScriptedNode.N5;
import static io.flotilla.kv.move.ScriptedNode.N6;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.proto.MoveReport;
import io.flotilla.client.proto.MoveStatus.Phase;
import io.flotilla.kv.move.ShardFacts.Stage;
import io.flotilla.kv.proto.MoveReply;
import io.flotilla.raft.core.NodeId;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the owner's leader does by itself. */
class SourceGroupTest {
    private final ScriptedNode node = new ScriptedNode().ownsInstead();

    @BeforeEach
    void isServed() {
        node.applied(1, Stage.SERVING, 0, 0);
    }

    /** The voters that are asked for their fences answer, or don't. */
    private void fences(long fence, NodeId... answering) {
        for (ScriptedNode.Asked asked : List.copyOf(node.asked)) {
            assertThat(asked.request().hasFence()).isTrue();
            assertThat(asked.request().getGroup()).isEqualTo(2);
            node.asked.remove(asked);
            if (List.of(answering).contains(asked.node())) {
                asked.answer().replied(MoveReply.newBuilder().setFence(fence).build());
            } else {
                asked.answer().failed("no answer");
            }
            node.steps();
        }
    }

    @Test
    void anOpenMoveIsLeftToTheTarget() {
        node.intends(1, false).applied(1, Stage.MOVING, 10, 10).passes(10_000);
        assertThat(node.proposed).isEmpty();
        assertThat(node.asked).isEmpty();
        assertThat(node.status().getPhase()).isEqualTo(Phase.COPYING);
        assertThat(node.status().getWaitsFor()).isEqualTo("the leader of group 2, which drives the move");
        assertThat(node.status().getSinceMillis()).isBetween(1_000_000L - 10_000, 1_000_000L - 9_700);
    }

    @Test
    void aCancellationIsWrittenIntoTheLogWhateverTheTargetDoes() {
        node.intends(1, true);
        assertThat(node.proposal().command().getCancel().getMove()).isEqualTo(10);
        assertThat(node.proposal().group()).isEqualTo(1);
        node.ends(node.proposal(), "busy").passes(100);
        node.applied(1, Stage.SERVING, 0, 10).ends(node.proposal(), "");
        assertThat(node.cancelled).isEqualTo(1);
        assertThat(node.told.get(0).getOutcome()).isEqualTo(MoveReport.Outcome.CANCELLED);
        node.told.clear();
        node.ends(1, 1).passes(5_000);
        assertThat(node.proposed).isEmpty();
        assertThat(node.told).isEmpty();
        assertThat(node.isBusy()).isFalse();
    }

    @Test
    void aMoveUnderWayIsCancelledToo() {
        node.applied(1, Stage.MOVING, 10, 10).intends(1, true).proposal();
    }

    @Test
    void aFrozenShardIsNotCancelled() {
        node.applied(1, Stage.FROZEN, 10, 10).intends(1, true).passes(10_000);
        assertThat(node.proposed).isEmpty();
        assertThat(node.told).isEmpty();
        assertThat(node.status().getPhase()).isEqualTo(Phase.FROZEN);
    }

    @Test
    void aMoveThatApplyCancelledIsReported() {
        node.applied(1, Stage.MOVING, 10, 10).intends(1, false);
        node.applied(1, Stage.SERVING, 0, 10);
        assertThat(node.told.get(0).getOutcome()).isEqualTo(MoveReport.Outcome.CANCELLED);
    }

    @Test
    void aShardThatCameBackInALaterEpochIsNoCancellation() {
        node.shards.put(1L, new ShardFacts(Stage.SERVING, 5, 0, 0, 10, new java.util.TreeMap<>()));
        node.intends(1, false).passes(3_000);
        assertThat(node.told).isEmpty();
    }

    @Test
    void aFollowerDoesNothing() {
        node.follows().intends(1, true).passes(3_000);
        assertThat(node.proposed).isEmpty();
        node.isCaughtUp(false).leads(8).passes(3_000);
        assertThat(node.proposed).isEmpty();
        node.isCaughtUp(true).proposal();
    }

    @Test
    void aFrozenShardWhoseMoveIsOpenIsNotDropped() {
        node.applied(1, Stage.FROZEN, 10, 10).intends(1, false).passes(700_000);
        assertThat(node.proposed).isEmpty();
        assertThat(node.asked).isEmpty();
    }

    @Test
    void aConfigurationOlderThanTheMoveDoesNotEndIt() {
        node.applied(1, Stage.FROZEN, 99, 99).ends(1, 2).passes(3_000);
        assertThat(node.proposed).isEmpty();
    }

    @Test
    void theShardIsDroppedOnceAllLiveVotersHaveAdoptedIt() {
        node.applied(1, Stage.FROZEN, 10, 10).ends(1, 2);
        assertThat(node.asked).hasSize(3);
        fences(10, N4, N5);
        assertThat(node.proposed).isEmpty();
        assertThat(node.status().getPhase()).isEqualTo(Phase.ADOPTED);
        assertThat(node.status().getWaitsFor()).startsWith("[n6] of group 2, to apply that the shard is theirs");
        node.passes(1_000);
        fences(9, N6);
        assertThat(node.proposed).isEmpty();
        node.passes(2_000);
        fences(10, N6);
        assertThat(node.proposal().command().getDrop().getMove()).isEqualTo(10);
        node.applied(1, Stage.GONE, 10, 10).ends(node.proposal(), "");
        assertThat(node.dropped).isEqualTo(1);
        assertThat(node.told.get(0).getOutcome()).isEqualTo(MoveReport.Outcome.DROPPED);
        node.told.clear();
        node.passes(10_000);
        assertThat(node.told).isEmpty();
        assertThat(node.isBusy()).isFalse();
    }

    @Test
    void aVoterThatDoesNotAnswerIsNotWaitedFor() {
        node.applied(1, Stage.FROZEN, 10, 10).ends(1, 2);
        for (int i = 0; i < 99; i++) {
            fences(10, N4, N5);
            assertThat(node.proposed).isEmpty();
            node.passes(100);
        }
        node.passes(200).proposal();
    }

    @Test
    void aLiveVoterThatDoesNotGetThereIsWaitedForTenMinutes() {
        node.applied(1, Stage.FROZEN, 10, 10).ends(1, 2);
        fences(10, N4, N5);
        for (int i = 0; i < 599; i++) {
            fences(9, N6);
            assertThat(node.proposed).isEmpty();
            node.passes(1_000);
        }
        node.passes(2_000).proposal();
    }

    @Test
    void silenceOfAllIsNoReasonToDrop() {
        node.applied(1, Stage.FROZEN, 10, 10).ends(1, 2);
        for (int i = 0; i < 500; i++) {
            fences(0);
            node.passes(1_000);
            assertThat(node.proposed).isEmpty();
        }
    }

    @Test
    void aShardThatIsNoMoreIsDroppedAtOnce() {
        node.applied(1, Stage.FROZEN, 10, 10).ends(1, 2);
        assertThat(node.proposed).isEmpty();
        node.forgetsShard(1).proposal();
    }

    @Test
    void soIsOneWhoseTargetHasEnded() {
        node.applied(1, Stage.FROZEN, 10, 10).ends(1, 2).forgetsTarget().proposal();
    }

    @Test
    void aDropThatTheControllerWaitsForIsToldAgain() {
        node.applied(1, Stage.GONE, 10, 10).ends(1, 2).passes(1_000);
        assertThat(node.told).isEmpty();
        node.awaits(1, 10);
        assertThat(node.told.get(0).getOutcome()).isEqualTo(MoveReport.Outcome.DROPPED);
    }

    @Test
    void aDropThatIsStillToComeIsNotTold() {
        node.applied(1, Stage.FROZEN, 10, 10).ends(1, 2).awaits(1, 10).awaits(1, 11);
        node.follows().applied(1, Stage.GONE, 10, 10).awaits(1, 10);
        assertThat(node.told).isEmpty();
    }
}
