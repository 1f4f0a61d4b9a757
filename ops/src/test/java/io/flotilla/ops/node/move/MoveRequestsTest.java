package io.flotilla.ops.node.move;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.kv.proto.AskCancel;
import io.flotilla.kv.proto.AskFence;
import io.flotilla.kv.proto.AskFreeze;
import io.flotilla.kv.proto.AskLag;
import io.flotilla.kv.proto.AskMoveOut;
import io.flotilla.kv.proto.ChangedRow;
import io.flotilla.kv.proto.MoveReply;
import io.flotilla.kv.proto.MoveReply.Stage;
import io.flotilla.kv.proto.MoveRequest;
import io.flotilla.kv.service.OutrunShards;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MoveRequestsTest {
    private static final long MOVE = 4;

    private final OneNode node = new OneNode();
    private int level = 2;
    private final MoveRequests requests = new MoveRequests(
            node.host, node.machines, id -> id.value() + ":1", () -> level, new OutrunShards(node.runtime.clock()));

    private static MoveRequest.Builder about() {
        return MoveRequest.newBuilder().setGroup(1).setShard(OneNode.SHARD).setMove(MOVE);
    }

    private static MoveRequest moveOut() {
        return about().setMoveOut(AskMoveOut.newBuilder().setEpoch(3).setTarget(2))
                .build();
    }

    private static MoveRequest freeze(long term, long after) {
        return about().setFreeze(AskFreeze.newBuilder()
                        .setTargetTerm(term)
                        .setTargetLeader("n2")
                        .setAfter(after))
                .build();
    }

    private static MoveRequest lag(long... after) {
        AskLag.Builder lag = AskLag.newBuilder();
        for (long each : after) {
            lag.addAfter(each);
        }
        return about().setLag(lag).build();
    }

    private List<Response> begin(ByteString move) {
        List<Response> heard = new ArrayList<>();
        requests.answer(Request.newBuilder().setId(5).setMove(move).build(), heard::add);
        return heard;
    }

    /** Exactly one answer comes. */
    private Response ask(ByteString move) {
        List<Response> heard = begin(move);
        node.await(() -> !heard.isEmpty());
        node.run(100);
        assertThat(heard).hasSize(1);
        assertThat(heard.get(0).getId()).isEqualTo(5);
        return heard.get(0);
    }

    private MoveReply reply(MoveRequest request) {
        Response response = ask(request.toByteString());
        assertThat(response.hasRefusal()).as(response.toString()).isFalse();
        try {
            return MoveReply.parseFrom(response.getMove());
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError(e);
        }
    }

    private Refusal refusal(MoveRequest request) {
        return ask(request.toByteString()).getRefusal();
    }

    @Test
    void aStepIsWrittenOnceAndAnsweredAsOftenAsItIsAskedFor() {
        node.put("a", 10);
        MoveReply first = reply(moveOut());
        assertThat(first.getStage()).isEqualTo(Stage.MOVING);
        assertThat(first.getRefused()).isEmpty();
        assertThat(first.getFromChangeNumber()).isEqualTo(1);
        assertThat(first.getServed().getEpoch()).isEqualTo(3);
        long index = node.host.status(1).applied();
        assertThat(reply(moveOut()).getStage()).isEqualTo(Stage.MOVING);
        assertThat(reply(lag()).getStage()).isEqualTo(Stage.MOVING);
        assertThat(node.host.status(1).applied()).isEqualTo(index);
        node.put("b", 10);
        MoveReply frozen = reply(freeze(1, 1));
        assertThat(frozen.getStage()).isEqualTo(Stage.FROZEN);
        assertThat(frozen.getRowsList())
                .extracting(row -> row.getKey().toStringUtf8())
                .containsExactly("b");
        assertThat(frozen.getSessionsCount()).isEqualTo(1);
        assertThat(frozen.getUpTo()).isEqualTo(2);
        assertThat(frozen.getMore()).isFalse();
        assertThat(frozen.getCounters().getChangeNumber()).isEqualTo(2);
        index = node.host.status(1).applied();
        assertThat(reply(freeze(1, 2)).getRowsList()).isEmpty();
        assertThat(node.host.status(1).applied()).isEqualTo(index);
    }

    @Test
    void whatTheLogDoesNotTakeIsAnsweredWithTheReasonAndTheStage() {
        MoveReply wrong =
                reply(about().setMoveOut(AskMoveOut.newBuilder().setEpoch(2).setTarget(2))
                        .build());
        assertThat(wrong.getStage()).isEqualTo(Stage.NOT_YET);
        assertThat(wrong.getRefused()).contains("serves the shard in epoch 3").doesNotContain("\n");
        assertThat(reply(freeze(1, 0)).getStage()).as("never begun").isEqualTo(Stage.NOT_YET);
        reply(moveOut());
        assertThat(reply(freeze(5, 0)).getStage()).isEqualTo(Stage.FROZEN);
        MoveReply cancel =
                reply(about().setCancel(AskCancel.getDefaultInstance()).build());
        assertThat(cancel.getStage()).as("it goes on to its end").isEqualTo(Stage.FROZEN);
    }

    @Test
    void aMoveThatIsCancelledIsOver() {
        reply(moveOut());
        MoveReply cancel =
                reply(about().setCancel(AskCancel.getDefaultInstance()).build());
        assertThat(cancel.getStage()).isEqualTo(Stage.OVER);
        assertThat(cancel.getRefused()).isEmpty();
        assertThat(reply(moveOut()).getStage()).isEqualTo(Stage.OVER);
        assertThat(node.machines.published(1).moves()).isEmpty();
    }

    @Test
    void anAnswerTellsChangesUpToItsBoundAndWhoIsOutOfReachIsToldSo() {
        reply(moveOut());
        for (int i = 0; i < 4; i++) {
            node.put("k" + i, 400_000);
        }
        assertThat(reply(lag(0, 2, 4, 99)).getLagBytesList()).satisfies(bytes -> {
            assertThat(bytes.get(0)).isBetween(1_600_000L, 1_700_000L);
            assertThat(bytes.get(1)).isBetween(800_000L, 900_000L);
            assertThat(bytes.get(2)).isZero();
            assertThat(bytes.get(3)).isEqualTo(Long.MAX_VALUE);
        });
        List<ChangedRow> told = new ArrayList<>();
        long after = 0;
        for (boolean more = true; more; ) {
            MoveReply part = reply(freeze(1, after));
            assertThat(part.getSerializedSize()).isLessThan(MoveRequests.CHANGES_BYTES + 500_000);
            assertThat(part.getUpTo()).isGreaterThan(after);
            told.addAll(part.getRowsList());
            after = part.getUpTo();
            more = part.getMore();
        }
        assertThat(told).hasSize(4);
        assertThat(reply(freeze(1, 99)).getRefused()).isEqualTo("changes after 99 are out of reach");
    }

    @Test
    void anyReplicaTellsItsFenceAndOnlyTheLeaderTheRest() {
        reply(moveOut());
        assertThat(reply(about().setFence(AskFence.getDefaultInstance()).build())
                        .getFence())
                .isEqualTo(MOVE);
        MoveRequest other =
                about().setGroup(3).setFence(AskFence.getDefaultInstance()).build();
        assertThat(reply(other).getFence()).isZero();
        Refusal notLed = refusal(moveOut().toBuilder().setGroup(3).build());
        assertThat(notLed.getKind()).isEqualTo(Refusal.Kind.NOT_LEADER);
        assertThat(notLed.getLeader()).as("nobody leads it").isEmpty();
        Refusal elsewhere = refusal(moveOut().toBuilder().setGroup(2).build());
        assertThat(elsewhere.getKind()).isEqualTo(Refusal.Kind.UNAVAILABLE);
        assertThat(elsewhere.getMessage()).isEqualTo("no replica of data group 2 on this node");
    }

    @Test
    void whatCantBeReadOrIsOfANewerVersionIsRefusedAndNothingIsWritten() {
        long index = node.host.status(1).applied();
        Refusal unreadable = ask(ByteString.copyFromUtf8("\u0001")).getRefusal();
        assertThat(unreadable.getKind()).isEqualTo(Refusal.Kind.INVALID);
        assertThat(unreadable.getMessage()).startsWith("unreadable: ");
        UnknownFieldSet later = UnknownFieldSet.newBuilder()
                .addField(99, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
                .build();
        for (MoveRequest newer : List.of(
                moveOut().toBuilder().setUnknownFields(later).build(),
                about().setMoveOut(moveOut().getMoveOut().toBuilder().setUnknownFields(later))
                        .build())) {
            Refusal refusal = refusal(newer);
            assertThat(refusal.getKind()).isEqualTo(Refusal.Kind.INVALID);
            assertThat(refusal.getMessage())
                    .startsWith("this node does not know field 99 of ")
                    .endsWith("use a program of the fleet's release");
        }
        assertThat(refusal(about().build()).getMessage()).isEqualTo("a step of a move that is not known here");
        assertThat(node.host.status(1).applied()).isEqualTo(index);
    }

    @Test
    void nothingIsWrittenBeforeAllNodesOfTheFleetKnowIt() {
        level = 1;
        long index = node.host.status(1).applied();
        Refusal refusal = refusal(moveOut());
        assertThat(refusal.getKind()).isEqualTo(Refusal.Kind.UNAVAILABLE);
        assertThat(refusal.getMessage())
                .isEqualTo(
                        "the fleet is at feature level 1, such requests are taken from level 2 on: some of its nodes run"
                                + " an older version");
        assertThat(node.host.status(1).applied()).isEqualTo(index);
        level = 2;
        assertThat(reply(moveOut()).getStage()).isEqualTo(Stage.MOVING);
    }

    @Test
    void aNodeThatClosesAnswersWhatItWasAsked() {
        List<Response> before = begin(moveOut().toByteString());
        node.host.close();
        List<Response> after = begin(freeze(1, 0).toByteString());
        node.await(() -> node.host.closed().isDone() && !before.isEmpty() && !after.isEmpty());
        node.run(1_000);
        assertThat(before).hasSize(1);
        assertThat(after).hasSize(1);
        assertThat(after.get(0).hasRefusal()).isTrue();
    }
}
