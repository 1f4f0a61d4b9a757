package io.flotilla.ops.node.move;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.UnknownFieldSet;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.MoveReport;
import io.flotilla.client.proto.MoveStatus;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.move.copy.CopyLimits;
import io.flotilla.kv.move.copy.DiskSpace;
import io.flotilla.kv.proto.HoldReport;
import io.flotilla.kv.proto.MoveReply;
import io.flotilla.kv.proto.MoveReply.Stage;
import io.flotilla.kv.proto.MoveRequest;
import io.flotilla.kv.service.OutrunShards;
import io.flotilla.raft.core.NodeId;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Shard 5 shall come to group 1, which this node leads, from group 2, whose replicas are elsewhere. */
class NodeMovesTest {
    private static final long COMES = 5;

    private final OneNode node = new OneNode();
    private final List<MoveReport> reported = new ArrayList<>();
    private final NodeMoves moves = new NodeMoves(
            OneNode.SELF,
            node.host,
            node.machines,
            node.runtime.clock(),
            node.lane,
            node.calls,
            node.addresses,
            () -> node.newest,
            () -> 2,
            reported::add,
            new OutrunShards(node.runtime.clock()),
            new MoveParts(CopyLimits.defaults(), new EmptyDisk(), 1));

    private static final class EmptyDisk implements DiskSpace {
        @Override
        public long freeBytes() {
            return 1L << 40;
        }

        @Override
        public long totalBytes() {
            return 1L << 40;
        }
    }

    @BeforeEach
    void begin() {
        moves.bind();
        node.newest = node.newest.toBuilder()
                .setNumber(5)
                .addShards(Shard.newBuilder()
                        .setId(COMES)
                        .setGroup(2)
                        .setEpoch(8)
                        .setTarget(1)
                        .setMoveId(5))
                .build();
        node.lane.execute(() -> {
            moves.configured(node.newest);
            moves.start();
        });
    }

    private List<OneNode.Others.Asked> asked(MoveRequest.StepCase step) {
        return node.others.asked.stream()
                .filter(each -> each.move().getStepCase() == step)
                .toList();
    }

    @Test
    void aPeerThatNeverAnswersIsAskedAgainAtAPaceAndTheStatusSaysForWhomItWaits() {
        node.run(20_000);
        assertThat(asked(MoveRequest.StepCase.MOVE_OUT).size()).isBetween(5, 60);
        assertThat(node.others.asked.size()).as("all questions of 20 s").isLessThan(400);
        assertThat(node.others.asked.stream().map(OneNode.Others.Asked::address))
                .contains("n2:1", "n3:1");
        assertThat(moves.statuses()).hasSize(1);
        MoveStatus status = moves.statuses().get(0);
        assertThat(status.getShard()).isEqualTo(COMES);
        assertThat(status.getPhase()).isEqualTo(MoveStatus.Phase.INTENDED);
        assertThat(status.getWaitsFor()).contains("group 2");
    }

    @Test
    void anAnswerTakesTheMoveOnAndOneOfAnEarlierStageDoesNotTakeItBack() {
        node.await(() -> !asked(MoveRequest.StepCase.MOVE_OUT).isEmpty());
        asked(MoveRequest.StepCase.MOVE_OUT)
                .get(0)
                .answer(MoveReply.newBuilder()
                        .setStage(Stage.MOVING)
                        .setFence(5)
                        .setFromChangeNumber(3)
                        .setChangeNumber(3)
                        .build());
        node.run(2_000);
        assertThat(moves.statuses().get(0).getPhase()).isEqualTo(MoveStatus.Phase.COPYING);
        int before = asked(MoveRequest.StepCase.MOVE_OUT).size();
        node.run(5_000);
        assertThat(asked(MoveRequest.StepCase.MOVE_OUT)).as("it is done").hasSize(before);
        assertThat(asked(MoveRequest.StepCase.SOURCE))
                .as("somebody to copy from")
                .isNotEmpty();
        assertThat(asked(MoveRequest.StepCase.FREEZE)).as("nothing is held").isEmpty();
    }

    @Test
    void reportsThatCantBeReadOrAreOfANewerVersionCountForNothing() {
        HoldReport whole = HoldReport.newBuilder()
                .setGroup(1)
                .setShard(COMES)
                .setMove(5)
                .setWhole(true)
                .setChangeNumber(3)
                .build();
        HoldReport newer = whole.toBuilder()
                .setUnknownFields(UnknownFieldSet.newBuilder()
                        .addField(
                                99,
                                UnknownFieldSet.Field.newBuilder().addVarint(1).build())
                        .build())
                .build();
        byte[] garbled = "no report".getBytes(StandardCharsets.US_ASCII);
        assertThat(NodeMoves.understood(whole.toByteArray())).isEqualTo(whole);
        assertThat(NodeMoves.understood(newer.toByteArray())).isNull();
        assertThat(NodeMoves.understood(garbled)).isNull();
        moves.told(new NodeId("n2"), garbled);
        node.run(1_000);
        assertThat(moves.statuses()).hasSize(1);
    }

    @Test
    void whatAConfigurationShowsNoMoreIsAskedForNoMore() {
        node.run(1_000);
        Configuration without = node.newest.toBuilder()
                .setNumber(6)
                .setShards(1, Shard.newBuilder().setId(COMES).setGroup(2).setEpoch(8))
                .build();
        node.newest = without;
        node.lane.execute(() -> moves.configured(without));
        node.run(3_000);
        int before = node.others.asked.size();
        node.run(10_000);
        assertThat(node.others.asked).hasSize(before);
        assertThat(moves.statuses()).isEmpty();
        assertThat(reported).isEmpty();
    }

    @Test
    void aNodeThatClosesAsksNothingMoreAndHearsNothing() {
        node.run(1_000);
        OneNode.Others.Asked open = node.others.last();
        node.lane.execute(moves::stop);
        node.run(100);
        int before = node.others.asked.size();
        open.answer(MoveReply.newBuilder().setStage(Stage.MOVING).build());
        moves.told(new NodeId("n2"), new byte[0]);
        moves.roleChanged();
        node.run(10_000);
        assertThat(node.others.asked).hasSize(before);
        assertThat(node.others.open).isZero();
        boolean[] ended = new boolean[1];
        moves.stopCopies(() -> ended[0] = true);
        node.run(100);
        assertThat(ended[0]).isTrue();
    }

    @Test
    void manyGroupsThatChangeTheirLeadersAreOneTurn() {
        node.run(1_000);
        for (int i = 0; i < 10_000; i++) {
            moves.roleChanged();
        }
        int before = node.others.asked.size();
        node.run(200);
        assertThat(node.others.asked.size() - before).isLessThan(20);
        assertThat(node.newest.getGroupsList()).extracting(Group::getId).containsExactly(1L, 2L);
    }
}
