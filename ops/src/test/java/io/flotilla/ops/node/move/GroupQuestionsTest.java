package io.flotilla.ops.node.move;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.flotilla.client.proto.Response;
import io.flotilla.kv.move.MoveActions;
import io.flotilla.kv.proto.AskFence;
import io.flotilla.kv.proto.AskLag;
import io.flotilla.kv.proto.MoveReply;
import io.flotilla.kv.proto.MoveReply.Stage;
import io.flotilla.kv.proto.MoveRequest;
import io.flotilla.kv.service.OutrunShards;
import io.flotilla.ops.node.peer.PeerLinks;
import io.flotilla.raft.core.NodeId;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class GroupQuestionsTest {
    private static final long TIMEOUT = 1_000 * OneNode.MILLI;
    private static final MoveReply MOVING =
            MoveReply.newBuilder().setStage(Stage.MOVING).build();

    private final OneNode node = new OneNode();
    private final PeerLinks links = new PeerLinks(node.lane, node.calls);
    private final GroupQuestions questions = new GroupQuestions(
            OneNode.SELF,
            node.lane,
            node.host,
            new MoveRequests(
                    node.host, node.machines, id -> id.value() + ":1", () -> 2, new OutrunShards(node.runtime.clock())),
            links,
            node.addresses,
            () -> node.newest);
    private final List<String> heard = new ArrayList<>();

    private final MoveActions.Answer answer = new MoveActions.Answer() {
        @Override
        public void replied(MoveReply reply) {
            heard.add(reply.getStage().name());
        }

        @Override
        public void failed(String why) {
            heard.add(why);
        }
    };

    private static MoveRequest about(long group) {
        return MoveRequest.newBuilder()
                .setGroup(group)
                .setShard(OneNode.SHARD)
                .setMove(4)
                .setLag(AskLag.getDefaultInstance())
                .build();
    }

    /** On the node's lane. */
    private void askLeader(long group) {
        node.lane.execute(() -> questions.askLeader(about(group), TIMEOUT, answer));
        node.run(10);
    }

    private List<String> addresses() {
        return node.others.asked.stream().map(OneNode.Others.Asked::address).toList();
    }

    @Test
    void aLeaderThatIsNotKnownIsLookedForAmongTheReplicasAndRemembered() {
        askLeader(2);
        assertThat(addresses()).hasSize(1);
        String first = addresses().get(0);
        String other = first.equals("n2:1") ? "n3:1" : "n2:1";
        node.others.last().notLeader(other.substring(0, 2));
        node.run(10);
        assertThat(heard).as("whom it names is asked at once").isEmpty();
        assertThat(addresses()).containsExactly(first, other);
        node.others.last().answer(MOVING);
        node.run(10);
        assertThat(heard).containsExactly("MOVING");
        askLeader(2);
        assertThat(addresses()).containsExactly(first, other, other);
    }

    @Test
    void oneRefusalIsFollowedAndNotASecond() {
        askLeader(2);
        node.others.last().notLeader(addresses().get(0).equals("n2:1") ? "n3" : "n2");
        node.run(10);
        node.others.last().notLeader("n2");
        node.run(10);
        assertThat(heard).containsExactly("not the leader");
        assertThat(addresses()).hasSize(2);
    }

    @Test
    void whoNamesNobodyOrItselfIsNotFollowed() {
        for (String named : List.of("", "n2", "n3")) {
            heard.clear();
            node.others.asked.clear();
            askLeader(2);
            String asked = addresses().get(0).substring(0, 2);
            node.others.last().notLeader(named.isEmpty() ? "" : asked);
            node.run(10);
            assertThat(heard).containsExactly("not the leader");
            assertThat(addresses()).hasSize(1);
        }
    }

    @Test
    void aPeerThatNeverAnswersIsGivenUpAndAnotherOneIsAskedNext() {
        askLeader(2);
        node.run(2_000);
        assertThat(heard).containsExactly("no answer from " + addresses().get(0));
        askLeader(2);
        assertThat(addresses()).doesNotHaveDuplicates().hasSize(2);
    }

    @Test
    void anAnswerThatComesTooLateIsNotHeard() {
        askLeader(2);
        OneNode.Others.Asked late = node.others.last();
        node.run(2_000);
        late.answer(MOVING);
        late.answer(MOVING);
        node.run(100);
        assertThat(heard).hasSize(1).noneMatch("MOVING"::equals);
    }

    @Test
    void aLeaderThatStopsAnsweringIsNotTakenForTheLeaderAnyMore() {
        askLeader(2);
        node.others.last().answer(MOVING);
        node.run(10);
        askLeader(2);
        node.run(2_000);
        node.others.asked.clear();
        askLeader(2);
        node.run(2_000);
        askLeader(2);
        assertThat(addresses()).as("all are asked in turn").contains("n2:1", "n3:1");
        assertThat(heard).filteredOn("MOVING"::equals).hasSize(1);
    }

    @Test
    void whatIsNotKnownHereFailsWithoutAQuestion() {
        askLeader(88);
        assertThat(heard).containsExactly("group 88 has no replica that is known here");
        node.lane.execute(() -> questions.askNode(new NodeId("n8"), about(2), TIMEOUT, answer));
        node.run(10);
        assertThat(heard.get(1)).isEqualTo("where n8 is, is not known");
        node.newest = null;
        askLeader(2);
        assertThat(heard.get(2)).isEqualTo("group 2 has no replica that is known here");
        assertThat(node.others.asked).isEmpty();
    }

    @Test
    void questionsToItselfTakeNoStream() {
        askLeader(1);
        node.await(() -> !heard.isEmpty());
        assertThat(heard).containsExactly("NOT_YET");
        MoveRequest fence = about(3).toBuilder()
                .clearLag()
                .setFence(AskFence.getDefaultInstance())
                .build();
        node.lane.execute(() -> questions.askNode(OneNode.SELF, fence, TIMEOUT, answer));
        node.await(() -> heard.size() == 2);
        assertThat(node.others.open).isZero();
    }

    @Test
    void aNodeThatClosesHearsOneAnswerOfItsOwn() {
        node.host.close();
        askLeader(1);
        node.run(3_000);
        assertThat(heard).hasSize(1);
    }

    @Test
    void anAnswerThatIsNotUnderstoodWholeIsNone() {
        UnknownFieldSet later = UnknownFieldSet.newBuilder()
                .addField(99, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
                .build();
        List<Response.Builder> wrong = List.of(
                Response.newBuilder().setMove(ByteString.copyFromUtf8("\u0001")),
                Response.newBuilder()
                        .setMove(MOVING.toBuilder()
                                .setUnknownFields(later)
                                .build()
                                .toByteString()),
                Response.newBuilder()
                        .setMove(MoveReply.newBuilder().setStageValue(9).build().toByteString()));
        for (Response.Builder response : wrong) {
            askLeader(2);
            node.others.last().answer(response);
            node.run(10);
        }
        assertThat(heard).hasSize(3);
        assertThat(heard.get(0)).startsWith("an answer that can't be read: ");
        assertThat(heard.get(1)).isEqualTo("an answer that this node does not know: field 99 of MoveReply");
        assertThat(heard.get(2)).isEqualTo("an answer that this node does not know: stage 9");
    }

    @Test
    void questionsThatWaitAreBounded() {
        node.lane.execute(() -> {
            for (int i = 0; i < 1_100; i++) {
                questions.askNode(new NodeId("n2"), about(2), TIMEOUT, answer);
            }
        });
        node.run(10);
        assertThat(node.others.asked).hasSize(1_024);
        assertThat(heard).hasSize(76).allMatch("n2:1 has 1024 questions to answer first"::equals);
        node.run(2_000);
        assertThat(heard).hasSize(1_100);
    }

    @Test
    void afterTheEndNothingIsHeard() {
        askLeader(2);
        node.lane.execute(links::stop);
        node.run(10);
        node.others.last().answer(MOVING);
        node.run(3_000);
        assertThat(heard).isEmpty();
        assertThat(node.others.open).isZero();
    }
}
