package io.flotilla.kv.move;

import static io.flotilla.kv.move.ScriptedNode.MILLI;
import static io.flotilla.kv.move.ScriptedNode.N4;
import static io.flotilla.kv.move.ScriptedNode.N5;
import static io.flotilla.kv.move.ScriptedNode.N6;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.MoveReport;
import io.flotilla.client.proto.MoveStatus.Phase;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.move.ShardFacts.Stage;
import io.flotilla.kv.proto.AdoptCommand;
import io.flotilla.kv.proto.ChangedRow;
import io.flotilla.kv.proto.MoveReply;
import io.flotilla.kv.proto.MoveRequest;
import io.flotilla.kv.proto.MoveRequest.StepCase;
import io.flotilla.kv.proto.ShardCounters;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Each step of a move as its target's leader takes it, and what may go wrong at it. */
class TargetMoveTest {
    private static final long MEBI = 1 << 20;

    private final ScriptedNode node = new ScriptedNode();

    private static MoveReply.Builder stage(MoveReply.Stage stage) {
        return MoveReply.newBuilder().setStage(stage).setShardBytes(1000);
    }

    private static MoveReply.Builder moving() {
        return stage(MoveReply.Stage.MOVING);
    }

    private static MoveReply.Builder frozen(int bytes) {
        return stage(MoveReply.Stage.FROZEN)
                .setCounters(ShardCounters.newBuilder().setChangeNumber(120))
                .setServed(Shard.newBuilder().setId(1).setGroup(1).setEpoch(3).setEnd(ByteString.copyFromUtf8("m")))
                .addRows(ChangedRow.newBuilder().setPresent(true).setValue(ByteString.copyFrom(new byte[bytes])));
    }

    /** The shard moves, and n4, n5 and n6 hold it up to these change numbers. */
    private void copied(long shard, long own, long second, long third) {
        node.intends(shard, false).reply(StepCase.MOVE_OUT, moving());
        node.holds(shard, true, own).told(N5, shard, true, second).told(N6, shard, true, third);
    }

    private void frozenWith(int bytes) {
        frozenWith(bytes, 100, 110, 105);
    }

    private void frozenWith(int bytes, long own, long second, long third) {
        copied(1, own, second, third);
        node.passes(100).lags(10).heldMembership().reply(StepCase.FREEZE, frozen(bytes));
    }

    @Test
    void theOwnerIsAskedForMoveOut() {
        node.intends(1, false);
        MoveRequest request = node.question(StepCase.MOVE_OUT).request();
        assertThat(request.getGroup()).isEqualTo(1);
        assertThat(request.getShard()).isEqualTo(1);
        assertThat(request.getMove()).isEqualTo(10);
        assertThat(request.getMoveOut().getEpoch()).isEqualTo(3);
        assertThat(request.getMoveOut().getTarget()).isEqualTo(2);
        assertThat(node.status().getPhase()).isEqualTo(Phase.INTENDED);
        assertThat(node.status().getWaitsFor()).startsWith("the leader of group 1, to begin the move");
        assertThat(node.isBusy()).isTrue();
    }

    @Test
    void aFailedQuestionIsAskedAgainLaterAndLater() {
        node.intends(1, false);
        int[] asked = {0};
        for (int i = 0; i < 1_000; i++) {
            if (!node.asked.isEmpty()) {
                asked[0]++;
                node.failsQuestion(StepCase.MOVE_OUT, "no answer from n1:7400");
            }
            node.passes(10);
        }
        // 10 s: at 0, 0.1, 0.3, 0.7, and then every 0.5 s
        assertThat(asked[0]).isEqualTo(22);
        assertThat(node.status().getWaitsFor()).endsWith("no answer from n1:7400");
    }

    @Test
    void aQuestionThatIsNeverAnsweredIsGivenUp() {
        node.intends(1, false).question(StepCase.MOVE_OUT);
        node.asked.clear();
        node.passes(1_900);
        assertThat(node.asked).isEmpty();
        node.passes(200).question(StepCase.MOVE_OUT);
    }

    @Test
    void whoDoesNotLeadAsksNothing() {
        node.follows().intends(1, false).passes(5_000);
        assertThat(node.asked).isEmpty();
        assertThat(node.status().getDrives()).isFalse();
        assertThat(node.status().getWaitsFor()).isEqualTo("the leader of group 2, which drives the move");
    }

    @Test
    void aNewLeaderWaitsForTheFirstEntryOfItsTerm() {
        node.isCaughtUp(false).intends(1, false).passes(5_000);
        assertThat(node.asked).isEmpty();
        assertThat(node.status().getWaitsFor()).startsWith("the first entry");
        node.isCaughtUp(true).question(StepCase.MOVE_OUT);
    }

    @Test
    void rowsAreWaitedForAtEachVoterThatIsHeard() {
        node.intends(1, false).reply(StepCase.MOVE_OUT, moving());
        node.holds(1, true, 100)
                .told(N5, 1, true, 100)
                .told(N6, ScriptedNode.report(1).setCopiedBytes(777));
        node.passes(3_000).lags(0).passes(30_000).lags(0);
        assertThat(node.memberships).isEmpty();
        assertThat(node.status().getPhase()).isEqualTo(Phase.COPYING);
        assertThat(node.status().getWaitsFor()).contains("n6 (copies rows: 777 bytes so far)");
        assertThat(node.status().getCopiedBytes()).isEqualTo(777);
        assertThat(node.status().getTotalBytes()).isEqualTo(1000);
    }

    @Test
    void theFreezeNamesTermAndLeastHold() {
        copied(1, 100, 110, 105);
        node.passes(100).lags(10).heldMembership();
        MoveRequest request = node.question(StepCase.FREEZE).request();
        assertThat(request.getFreeze().getTargetTerm()).isEqualTo(7);
        assertThat(request.getFreeze().getAfter()).isEqualTo(100);
    }

    @Test
    void aLagOfAMebibyteIsTooMuch() {
        copied(1, 100, 110, 105);
        // in the order of change numbers: n4 100, n6 105, n5 110
        node.passes(100).lags(MEBI - 1, MEBI - 1, MEBI).passes(2_000).lags(MEBI - 1, MEBI - 1, MEBI);
        assertThat(node.memberships).isEmpty();
        assertThat(node.status().getWaitsFor()).contains("n5 (lacks 1048576 bytes of changes)");
        node.passes(300).lags(MEBI - 1, MEBI - 1, MEBI - 1).heldMembership().question(StepCase.FREEZE);
    }

    @Test
    void aLagToldLongAgoDoesNotCount() {
        node.isSteady(false);
        copied(1, 100, 110, 105);
        node.passes(100).lags(10).passes(1_000).isSteady(true);
        assertThat(node.memberships).isEmpty();
        node.lags(10).heldMembership();
    }

    @Test
    void tenRoundsThatDoNotShrinkAreEnough() {
        node.intends(1, false).reply(StepCase.MOVE_OUT, moving());
        node.holds(1, true, 1_000).told(N6, 1, true, 1_000).told(N5, 1, true, 1);
        for (int round = 0; round <= 10; round++) {
            assertThat(node.memberships).as("round " + round).isEmpty();
            node.told(N5, 1, true, 100 + round).passes(50).lags(5 * MEBI + round % 3, 0);
        }
        node.heldMembership().question(StepCase.FREEZE);
    }

    @Test
    void theOwnerHearsThatWritesOutrunTheCopiesOfAMajority() {
        node.intends(1, false).reply(StepCase.MOVE_OUT, moving());
        node.holds(1, true, 1_000);
        for (int round = 0; round < 8; round++) {
            node.told(N5, 1, true, 100 + round).told(N6, 1, true, 100 + round);
            node.passes(300).lags(5 * MEBI + round % 3, 5 * MEBI + round % 3, 0);
            assertThat(node.isOutrun).as("round " + round).isEqualTo(round >= 3);
        }
        node.told(N5, 1, true, 200).told(N6, 1, true, 200).passes(300).lags(4 * MEBI, 4 * MEBI, 0);
        node.told(N5, 1, true, 201).told(N6, 1, true, 201).passes(300).lags(3 * MEBI, 3 * MEBI, 0);
        assertThat(node.isOutrun).as("rounds shrink").isFalse();
    }

    @Test
    void oneCopyThatIsOutrunHoldsNoWritesBack() {
        node.intends(1, false).reply(StepCase.MOVE_OUT, moving());
        node.holds(1, true, 1_000).told(N6, 1, true, 1_000);
        for (int round = 0; round < 9; round++) {
            node.told(N5, 1, true, 100 + round).passes(300).lags(5 * MEBI + round % 3, 0);
            assertThat(node.isOutrun).as("round " + round).isFalse();
        }
    }

    @Test
    void roundsThatShrinkAreWaitedFor() {
        node.intends(1, false).reply(StepCase.MOVE_OUT, moving());
        node.holds(1, true, 1_000).told(N6, 1, true, 1_000).told(N5, 1, true, 1);
        for (int round = 0; round < 100; round++) {
            node.told(N5, 1, true, 100 + round).passes(50).lags(500 * MEBI - round, 0);
        }
        assertThat(node.memberships).isEmpty();
    }

    @Test
    void aSlowVoterIsWaitedForOneMinute() {
        copied(1, 100, 110, -1);
        node.told(N6, 1, false, 0);
        for (int second = 0; second < 58; second++) {
            node.passes(1_000).lags(0);
        }
        assertThat(node.memberships).isEmpty();
        assertThat(node.status().getWaitsFor()).contains("s more at most");
        for (int tenth = 0; tenth < 50; tenth++) {
            node.passes(100).lags(0);
        }
        node.heldMembership().question(StepCase.FREEZE);
    }

    @Test
    void aDeadVoterIsNotWaitedFor() {
        copied(1, 100, 110, -1);
        node.hears(N4, N5).passes(300).lags(0).heldMembership().question(StepCase.FREEZE);
    }

    @Test
    void noFreezeWithoutAMajorityHoweverLong() {
        node.intends(1, false).reply(StepCase.MOVE_OUT, moving());
        node.holds(1, true, 100).hears(N4);
        for (int second = 0; second < 120; second++) {
            node.passes(1_000).lags(0);
        }
        assertThat(node.memberships).isEmpty();
        assertThat(node.status().getWaitsFor()).contains("not heard from [n5, n6]");
    }

    @Test
    void noFreezeWhileAMembershipChanges() {
        node.isSteady(false);
        copied(1, 100, 110, 105);
        node.passes(300).lags(0).passes(300).lags(0);
        assertThat(node.memberships).isEmpty();
        assertThat(node.status().getWaitsFor()).startsWith("the change of the membership of group 2");
        node.isSteady(true).heldMembership();
        node.asked.removeIf(asked -> asked.request().hasLag());
        node.question(StepCase.FREEZE);
    }

    @Test
    void aChangeThatBeginsAfterTheHoldEndedKeepsTheFreezeFromBeingAskedAgain() {
        copied(1, 100, 110, 105);
        node.passes(100).lags(10).heldMembership().failsQuestion(StepCase.FREEZE, "lost");
        node.isSteady(false);
        for (int i = 0; i < 20; i++) {
            node.passes(100).lags(0);
            assertThat(node.asked).noneMatch(asked -> asked.request().hasFreeze());
        }
        node.isSteady(true).heldMembership();
    }

    @Test
    void oneShardFreezesAtATime() {
        copied(1, 100, 110, 105);
        node.passes(100).lags(10);
        node.heldMembership();
        ScriptedNode.Asked freeze = node.question(StepCase.FREEZE);
        node.asked.clear();
        node.intends(2, false).reply(StepCase.MOVE_OUT, moving());
        node.shards.put(2L, node.shards.get(1L));
        node.told(N5, 2, true, 50).told(N6, 2, true, 50);
        for (int i = 0; i < 5; i++) {
            node.passes(100);
            answerLags();
        }
        assertThat(node.asked).noneMatch(asked -> asked.request().hasFreeze());
        assertThat(node.statuses().get(1).getWaitsFor()).startsWith("its turn");
        freeze.answer().replied(frozen(10).build());
        node.steps();
        ScriptedNode.Proposed adopt = node.proposal();
        node.shards.put(1L, new ShardFacts(Stage.SERVING, 4, 0, 0, 10, new TreeMap<>()));
        node.ends(adopt, "");
        for (int i = 0; i < 5; i++) {
            node.passes(100);
            answerLags();
        }
        node.heldMembership();
        assertThat(node.asked)
                .anyMatch(
                        asked -> asked.request().hasFreeze() && asked.request().getShard() == 2);
    }

    @Test
    void aShardThatDoesNotGetOnLeavesItsTurn() {
        copied(1, 100, 110, 105);
        node.passes(100).lags(10).heldMembership().question(StepCase.FREEZE);
        node.asked.clear();
        node.intends(2, false).reply(StepCase.MOVE_OUT, moving());
        node.shards.put(2L, node.shards.get(1L));
        node.told(N5, 2, true, 50).told(N6, 2, true, 50);
        for (int i = 0; i < 95; i++) {
            node.passes(100);
            answerLags();
            assertThat(node.asked)
                    .noneMatch(asked ->
                            asked.request().hasFreeze() && asked.request().getShard() == 2);
            node.asked.removeIf(asked -> asked.request().hasFreeze());
        }
        for (int i = 0; i < 20; i++) {
            node.passes(100);
            answerLags();
        }
        assertThat(node.asked)
                .anyMatch(
                        asked -> asked.request().hasFreeze() && asked.request().getShard() == 2);
    }

    /** Of all shards: nothing is lacked. */
    private void answerLags() {
        for (ScriptedNode.Asked asked : List.copyOf(node.asked)) {
            if (asked.request().hasLag()) {
                node.asked.remove(asked);
                MoveReply.Builder reply = moving();
                asked.request().getLag().getAfterList().forEach(after -> reply.addLagBytes(0));
                asked.answer().replied(reply.build());
                node.steps();
            }
        }
    }

    @Test
    void adoptFollowsTheFreezeAtOnce() {
        frozenWith(100);
        AdoptCommand adopt = node.adopt();
        assertThat(adopt.getHoldChangeNumber()).isEqualTo(100);
        assertThat(adopt.getMove()).isEqualTo(10);
        assertThat(adopt.getShard())
                .isEqualTo(Shard.newBuilder()
                        .setId(1)
                        .setGroup(2)
                        .setEpoch(4)
                        .setEnd(ByteString.copyFromUtf8("m"))
                        .build());
        assertThat(adopt.getCounters().getChangeNumber()).isEqualTo(120);
        assertThat(adopt.getRowsCount()).isEqualTo(1);
        assertThat(node.status().getPhase()).isEqualTo(Phase.FROZEN);
    }

    @Test
    void moreThanAMebibyteTakesOneMoreRound() {
        frozenWith((int) MEBI);
        node.passes(200);
        assertThat(node.proposed).isEmpty();
        assertThat(node.asked).isEmpty();
        node.told(N5, 1, true, 120).told(N6, 1, true, 120).holds(1, true, 120);
        MoveRequest request = node.question(StepCase.FREEZE).request();
        assertThat(request.getFreeze().getAfter()).isEqualTo(120);
        node.reply(StepCase.FREEZE, frozen(0));
        assertThat(node.adopt().getHoldChangeNumber()).isEqualTo(120);
    }

    @Test
    void anAnswerCutShortTakesOneMoreRound() {
        copied(1, 100, 110, 105);
        node.passes(100)
                .lags(10)
                .heldMembership()
                .reply(StepCase.FREEZE, frozen(10).setMore(true));
        node.passes(200);
        assertThat(node.proposed).isEmpty();
    }

    @Test
    void aMajorityIsEnoughAfterHalfASecond() {
        frozenWith((int) MEBI, 110, 110, 100);
        node.holds(1, true, 120).told(N5, 1, true, 120).passes(400);
        assertThat(node.asked).isEmpty();
        node.passes(200).reply(StepCase.FREEZE, frozen(0));
        assertThat(node.adopt().getHoldChangeNumber()).isEqualTo(120);
    }

    @Test
    void theLeaderGoesAloneAfterThreeSeconds() {
        frozenWith((int) MEBI, 100, 100, 100);
        node.holds(1, true, 120).passes(2_900);
        assertThat(node.asked).isEmpty();
        assertThat(node.status().getWaitsFor()).contains("one more round");
        node.passes(200).reply(StepCase.FREEZE, frozen(0));
        assertThat(node.adopt().getHoldChangeNumber()).isEqualTo(120);
    }

    @Test
    void aVoterThatDiesAfterTheFreezeIsNotWaitedFor() {
        frozenWith((int) MEBI);
        node.hears(N4, N5).told(N5, 1, true, 120).holds(1, true, 120).reply(StepCase.FREEZE, frozen(0));
        assertThat(node.adopt().getHoldChangeNumber()).isEqualTo(120);
    }

    @Test
    void aRefusedAdoptIsProposedAgain() {
        frozenWith(100);
        node.ends(node.proposal(), "this replica does not hold it yet");
        assertThat(node.failed).isEqualTo(1);
        assertThat(node.proposed).isEmpty();
        node.passes(50).adopt();
    }

    @Test
    void adoptIsNotProposedTwiceWhileItIsUnderWay() {
        frozenWith(100);
        node.passes(30_000);
        assertThat(node.proposed).hasSize(1);
        assertThat(node.status().getWaitsFor()).isEqualTo("a majority of group 2, to take the shard into its log");
    }

    @Test
    void theControllerIsToldUntilItsConfigurationShowsIt() {
        frozenWith(100);
        node.passes(30);
        node.applied(1, Stage.SERVING, 0, 10).ends(node.proposal(), "");
        assertThat(node.pauses).containsExactly(30 * MILLI);
        assertThat(node.told)
                .containsExactly(MoveReport.newBuilder()
                        .setShard(1)
                        .setMoveId(10)
                        .setOutcome(MoveReport.Outcome.ADOPTED)
                        .setGroup(2)
                        .build());
        assertThat(node.status().getPhase()).isEqualTo(Phase.ADOPTED);
        node.told.clear();
        node.passes(1_900);
        assertThat(node.told).isEmpty();
        node.passes(200);
        assertThat(node.told).hasSize(1);
        node.told.clear();
        node.ends(1, 2).passes(5_000);
        assertThat(node.told).isEmpty();
        assertThat(node.isBusy()).isFalse();
    }

    @Test
    void aNewLeaderTakesUpWhatIsFrozen() {
        node.holds(1, true, 100).told(N5, 1, true, 100);
        node.intends(1, false).told(N5, 1, true, 100).told(N6, 1, true, 110);
        node.reply(StepCase.MOVE_OUT, stage(MoveReply.Stage.FROZEN));
        assertThat(node.question(StepCase.FREEZE).request().getFreeze().getAfter())
                .isEqualTo(100);
        node.reply(StepCase.FREEZE, frozen(10));
        assertThat(node.adopt().getHoldChangeNumber()).isEqualTo(100);
    }

    @Test
    void whatAnEarlierTermWasAskedIsForgotten() {
        frozenWith(100);
        ScriptedNode.Proposed old = node.proposal();
        node.proposed.clear();
        node.leads(9).question(StepCase.MOVE_OUT);
        old.end().failed("not known");
        node.steps();
        assertThat(node.proposed).isEmpty();
    }

    @Test
    void whoHasNoCopyOfAFrozenShardHandsLeadershipOver() {
        node.intends(1, false).told(N5, 1, true, 100).told(N6, 1, true, 110);
        node.reply(StepCase.MOVE_OUT, stage(MoveReply.Stage.FROZEN));
        assertThat(node.transfers).hasSize(1);
        assertThat(node.transfers.get(0).to()).isEqualTo(N6);
        node.passes(500);
        assertThat(node.transfers).hasSize(1);
        node.transfers.get(0).end().failed("n6 did not take over");
        node.passes(1_000);
        assertThat(node.transfers).hasSize(2);
        assertThat(node.proposed).isEmpty();
    }

    @Test
    void whoLagsBehindBeforeTheFreezeHandsLeadershipOverFirst() {
        node.intends(1, false).reply(StepCase.MOVE_OUT, moving());
        node.told(N5, 1, true, 110).told(N6, 1, true, 105);
        for (int second = 0; second < 62; second++) {
            assertThat(node.asked).noneMatch(asked -> asked.request().hasFreeze());
            node.passes(1_000).lags(0).passes(50).lags(0);
        }
        assertThat(node.transfers).isNotEmpty();
        assertThat(node.memberships).isEmpty();
    }

    @Test
    void aCancelledMoveIsNotDrivenOn() {
        node.intends(1, true).passes(1_500);
        node.reply(StepCase.LAG, stage(MoveReply.Stage.NOT_YET)).passes(1_000);
        assertThat(node.asked).noneMatch(asked -> asked.request().hasMoveOut());
        assertThat(node.status().getWaitsFor())
                .isEqualTo("the leader of group 1, to write the cancellation into its log");
    }

    @Test
    void aCancelledMoveThatIsFrozenRollsForward() {
        node.holds(1, true, 100);
        node.intends(1, true).told(N5, 1, true, 100).told(N6, 1, true, 100);
        node.reply(StepCase.LAG, stage(MoveReply.Stage.FROZEN)).reply(StepCase.FREEZE, frozen(10));
        node.adopt();
    }

    @Test
    void aLateAnswerTakesNothingBack() {
        frozenWith((int) MEBI);
        node.told(N5, 1, true, 120).told(N6, 1, true, 120).holds(1, true, 120);
        ScriptedNode.Asked freeze = node.question(StepCase.FREEZE);
        node.asked.clear();
        freeze.answer().replied(moving().build());
        freeze.answer().replied(frozen(0).build());
        node.steps();
        node.adopt();
        freeze.answer().replied(frozen(0).build());
        freeze.answer().replied(moving().build());
        node.passes(1_000);
        assertThat(node.proposed).hasSize(1);
        assertThat(node.status().getPhase()).isEqualTo(Phase.FROZEN);
    }

    @Test
    void whereThereIsNoRoomTheOwnerIsAskedToCancel() {
        node.intends(1, false).reply(StepCase.MOVE_OUT, moving());
        node.told(
                N5,
                ScriptedNode.report(1)
                        .setProblem("1.0 GiB are free, 5 % are kept")
                        .setGivenUp(true));
        node.asked.removeIf(asked -> asked.request().hasLag());
        node.passes(2_000).question(StepCase.CANCEL);
        assertThat(node.status().getWaitsFor()).contains("n5 has no room for the copy (1.0 GiB are free");
        node.reply(StepCase.CANCEL, stage(MoveReply.Stage.OVER)).passes(5_000);
        assertThat(node.asked).isEmpty();
    }

    @Test
    void holdsOfAMoveThatIsOverAreCancelledInTheLog() {
        node.intends(1, false).reply(StepCase.MOVE_OUT, moving());
        node.ends(1, 1);
        assertThat(node.proposed).isEmpty();
        node.told(N5, 1, true, 100);
        assertThat(node.proposal().command().getCancel().getMove()).isEqualTo(10);
        assertThat(node.proposal().guarded()).isFalse();
        node.ends(node.proposal(), "busy").passes(250);
        node.ends(node.proposal(), "");
        node.applied(1, Stage.ABSENT, 0, 10).passes(10_000);
        assertThat(node.proposed).isEmpty();
        assertThat(node.isBusy()).isFalse();
    }

    @Test
    void anOwnHoldOfAMoveThatIsOverIsCancelledToo() {
        node.holds(1, false, 0).ends(1, 1);
        assertThat(node.proposal().command().getCancel().getShard()).isEqualTo(1);
    }

    @Test
    void aConfigurationOlderThanTheMoveSaysNothingOfIt() {
        node.ends(5, 1);
        node.holds(1, true, 5);
        node.told(N5, ScriptedNode.report(1).setMove(99).setWhole(true));
        node.proposed.removeIf(proposal -> proposal.command().getCancel().getMove() == 10);
        node.passes(1_000);
        assertThat(node.proposed)
                .noneMatch(proposal -> proposal.command().getCancel().getMove() == 99);
    }

    @Test
    void nothingIsAskedForWhatIsThrough() {
        node.applied(1, Stage.ABSENT, 0, 10).intends(1, false).passes(3_000);
        assertThat(node.asked).isEmpty();
        assertThat(node.told).isEmpty();
    }
}
