package io.flotilla.ops.node.peer;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.flotilla.client.net.Connection;
import io.flotilla.client.net.ConnectionHandler;
import io.flotilla.client.net.Connector;
import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.FleetChangeRequest;
import io.flotilla.client.proto.FoundingRequest;
import io.flotilla.client.proto.HelloReply;
import io.flotilla.client.proto.Mutation;
import io.flotilla.client.proto.PassOnRequest;
import io.flotilla.client.proto.Put;
import io.flotilla.client.proto.ReadRequest;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.ServerFrame;
import io.flotilla.client.proto.ShardRef;
import io.flotilla.client.proto.WatchRequest;
import io.flotilla.client.proto.WriteReply;
import io.flotilla.client.proto.WriteRequest;
import io.flotilla.kv.service.Answers;
import io.flotilla.ops.node.TestTime;
import io.flotilla.raft.core.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class PassedOnRequestsTest {
    private static final NodeId SELF = new NodeId("n2");

    private final TestTime time = new TestTime();
    private final Leader leader = new Leader();
    private final Map<Long, NodeId> leaders = new TreeMap<>(Map.of(1L, new NodeId("n1"), 2L, SELF));
    private final List<Response> answers = new ArrayList<>();
    private boolean hasRoom = true;
    private final PassedOnRequests passedOn = new PassedOnRequests(
            SELF,
            "fleet",
            leader,
            new LaneClientRuntime(time.lane(new boolean[] {true}), time.clock(), 7),
            leaders::get,
            node -> node.value() + ":1");

    private final Answers out = new Answers() {
        @Override
        public void accept(Response response) {
            answers.add(response);
        }

        @Override
        public boolean hasRoom() {
            return hasRoom;
        }
    };

    /** The node that leads: greets, keeps what it is asked. */
    private final class Leader implements Connector {
        final List<Request> asked = new ArrayList<>();
        final List<String> opened = new ArrayList<>();
        String fleet = "fleet";
        boolean greets = true;
        ConnectionHandler handler;
        int closed;

        @Override
        public Connection connect(String address, ConnectionHandler made) {
            opened.add(address);
            handler = made;
            return new Connection() {
                @Override
                public void send(ClientFrame frame) {
                    asked.addAll(frame.getRequestsList());
                    if (frame.hasHello() && greets) {
                        time.at(
                                1_000_000,
                                () -> made.onFrame(ServerFrame.newBuilder()
                                        .setHello(HelloReply.newBuilder()
                                                .setProtocolVersion(2)
                                                .setNodeId("n1")
                                                .setFleetId(fleet)
                                                .setSessionWrites(10)
                                                .setSessionWindowMillis(10))
                                        .build()));
                    }
                }

                @Override
                public void close() {
                    closed++;
                    made.onClosed("closed here");
                }
            };
        }

        void answer(int index) {
            handler.onFrame(ServerFrame.newBuilder()
                    .addResponses(Response.newBuilder()
                            .setId(asked.get(index).getId())
                            .setWrite(WriteReply.newBuilder().setVersion(index + 1)))
                    .build());
            time.runFor(1);
        }

        @Override
        public void close() {}
    }

    private static Request.Builder write(long group) {
        return Request.newBuilder()
                .setWrite(WriteRequest.newBuilder()
                        .setShard(ShardRef.newBuilder().setGroup(group))
                        .setSequence(7)
                        .setNotAfterMillis(12_345)
                        .setMutation(
                                Mutation.newBuilder().setPut(Put.newBuilder().setKey(ByteString.copyFromUtf8("k")))));
    }

    private static Request.Builder read(long group) {
        return Request.newBuilder()
                .setRead(ReadRequest.newBuilder().setShard(ShardRef.newBuilder().setGroup(group)));
    }

    private void ask(long id, Request.Builder request, String named) {
        passedOn.handle(
                Request.newBuilder()
                        .setId(id)
                        .setPassOn(PassOnRequest.newBuilder()
                                .setRequest(request)
                                .setLeader(named)
                                .setTimeoutMillis(2_000))
                        .build(),
                out);
        time.runFor(5);
    }

    private Refusal refusal() {
        assertThat(answers).hasSize(1);
        return answers.remove(0).getRefusal();
    }

    @Test
    void aRequestGoesOnAsItIsOverOneStreamAndItsAnswerComesBack() {
        ask(11, write(1), "n1");
        ask(12, write(1), "n1");
        ask(13, read(1), "n1");

        assertThat(leader.opened).containsExactly("n1:1");
        assertThat(leader.asked).hasSize(3).allMatch(Request::getPassedOn);
        assertThat(leader.asked.get(0).getWrite()).isEqualTo(write(1).getWrite());
        leader.answer(1);
        leader.answer(0);
        assertThat(answers).extracting(Response::getId).containsExactly(12L, 11L);
        assertThat(answers.get(0).getWrite().getVersion()).isEqualTo(2);
    }

    @Test
    void whoKnowsAnotherLeaderOrNoneSaysSo() {
        ask(1, write(1), "n3");
        Refusal other = refusal();
        assertThat(other.getKind()).isEqualTo(Refusal.Kind.NOT_LEADER);
        assertThat(other.getLeader()).isEqualTo("n1");
        assertThat(other.getLeaderAddress()).isEqualTo("n1:1");
        ask(2, write(2), "n2");
        assertThat(refusal().getLeader()).isEqualTo("n2");
        ask(3, write(3), "n1");
        Refusal none = refusal();
        assertThat(none.getKind()).isEqualTo(Refusal.Kind.NOT_LEADER);
        assertThat(none.getLeader()).isEmpty();
        assertThat(leader.opened).isEmpty();
    }

    @Test
    void nothingIsPassedOnTwiceAndWatchesAndFoundingNever() {
        for (Request.Builder never : List.of(
                write(1).setPassedOn(true),
                Request.newBuilder().setWatch(WatchRequest.getDefaultInstance()),
                Request.newBuilder().setFounding(FoundingRequest.getDefaultInstance()),
                Request.newBuilder()
                        .setPassOn(
                                PassOnRequest.newBuilder().setRequest(write(1)).setLeader("n1")),
                Request.newBuilder())) {
            ask(1, never, "n1");
            assertThat(refusal().getKind()).isEqualTo(Refusal.Kind.INVALID);
        }
        passedOn.handle(
                Request.newBuilder()
                        .setPassedOn(true)
                        .setPassOn(
                                PassOnRequest.newBuilder().setRequest(write(1)).setLeader("n1"))
                        .build(),
                out);
        assertThat(refusal().getKind()).isEqualTo(Refusal.Kind.INVALID);
        assertThat(leader.opened).isEmpty();
    }

    @Test
    void whatIsForTheControllerGoesToItsLeader() {
        leaders.put(0L, new NodeId("n3"));
        ask(1, Request.newBuilder().setFleetChange(FleetChangeRequest.getDefaultInstance()), "n3");
        assertThat(leader.opened).containsExactly("n3:1");
    }

    @Test
    void anAnswerThatIsLostLeavesAWriteOpenAndAReadUndone() {
        ask(1, write(1), "n1");
        ask(2, read(1), "n1");
        leader.handler.onClosed("reset");
        time.runFor(1);
        assertThat(answers)
                .extracting(response -> response.getRefusal().getKind())
                .containsExactlyInAnyOrder(Refusal.Kind.INDETERMINATE, Refusal.Kind.UNAVAILABLE);
    }

    @Test
    void aNodeThatCantReachTheLeaderEitherSaysThatNothingWasDone() {
        leader.greets = false;
        ask(1, write(1), "n1");
        leader.handler.onClosed("connection refused");
        time.runFor(1);
        assertThat(refusal().getKind()).isEqualTo(Refusal.Kind.UNAVAILABLE);
        // and one of another fleet at that address gets nothing
        leader.greets = true;
        leader.fleet = "other";
        ask(2, write(1), "n1");
        assertThat(refusal().getKind()).isEqualTo(Refusal.Kind.UNAVAILABLE);
        assertThat(leader.asked).isEmpty();
    }

    @Test
    void nobodyWaitsForANodeThatLeadsNoMoreNorLongerThanTheClient() {
        ask(1, write(1), "n1");
        leaders.put(1L, new NodeId("n3"));
        time.runFor(100);
        assertThat(refusal().getKind()).isEqualTo(Refusal.Kind.INDETERMINATE);
        leader.answer(0);
        assertThat(answers).isEmpty();

        leaders.put(1L, new NodeId("n1"));
        ask(2, read(1), "n1");
        time.runFor(2_100);
        assertThat(refusal().getKind()).isEqualTo(Refusal.Kind.UNAVAILABLE);
    }

    @Test
    void thereIsABoundAndRoomAgainHoweverRequestsEnd() {
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < PassedOnRequests.MOST_REQUESTS; i++) {
                passedOn.handle(
                        Request.newBuilder()
                                .setId(i)
                                .setPassOn(PassOnRequest.newBuilder()
                                        .setRequest(write(1))
                                        .setLeader("n1")
                                        .setTimeoutMillis(1_000))
                                .build(),
                        out);
            }
            time.runFor(5);
            assertThat(answers).isEmpty();
            ask(1, write(1), "n1");
            assertThat(refusal().getKind()).isEqualTo(Refusal.Kind.BUSY);
            if (round == 0) {
                leader.handler.onClosed("reset");
                time.runFor(1);
            } else {
                time.runFor(1_100);
            }
            assertThat(answers).hasSize(PassedOnRequests.MOST_REQUESTS);
            answers.clear();
        }
        hasRoom = false;
        ask(1, read(1), "n1");
        assertThat(refusal().getKind()).isEqualTo(Refusal.Kind.BUSY);
    }

    @Test
    void streamsThatNobodyUsesAreClosedAndNothingIsLeft() {
        ask(1, write(1), "n1");
        leader.answer(0);
        time.runFor(31_000);
        assertThat(leader.closed).isEqualTo(1);
        assertThat(time.waiting()).isZero();
        ask(2, write(1), "n1");
        assertThat(leader.opened).hasSize(2);
        passedOn.stop();
        time.runFor(1_000);
        assertThat(answers).hasSize(2);
        assertThat(answers.get(1).getRefusal().getKind()).isEqualTo(Refusal.Kind.INDETERMINATE);
        answers.clear();
        ask(3, write(1), "n1");
        assertThat(refusal().getKind()).isEqualTo(Refusal.Kind.UNAVAILABLE);
    }
}
