package io.flotilla.ops.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Hello;
import io.flotilla.client.proto.HelloReply;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.client.proto.NodeStatusRequest;
import io.flotilla.client.proto.ReadRequest;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.ServerFrame;
import io.flotilla.client.proto.WatchRequest;
import io.flotilla.kv.service.Answers;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class EdgeStreamTest {
    private final TestTime time = new TestTime();
    private final List<ServerFrame> sent = new ArrayList<>();
    private final List<Request> asked = new ArrayList<>();
    private final List<Consumer<Response>> outs = new ArrayList<>();
    private final GatheredAnswers gathered = new GatheredAnswers();
    private int closedHere;
    private int toldClosed;

    private final EdgeStream stream = new EdgeStream(
            new EdgeStream.Services() {
                @Override
                public HelloReply hello() {
                    return HelloReply.newBuilder()
                            .setProtocolVersion(1)
                            .setNodeId("n1")
                            .build();
                }

                @Override
                public void data(List<Request> requests, Answers out) {
                    for (Request request : requests) {
                        asked.add(request);
                        outs.add(out);
                    }
                }

                @Override
                public void other(EdgeStream self, Request request, Consumer<Response> out) {
                    asked.add(request);
                    outs.add(out);
                }

                @Override
                public void closed(EdgeStream self) {
                    toldClosed++;
                }
            },
            gathered,
            time.lane(new boolean[] {true}),
            sent::add,
            () -> closedHere++);

    private static Request.Builder read(long id) {
        return Request.newBuilder().setId(id).setRead(ReadRequest.getDefaultInstance());
    }

    private void hello(int version) {
        stream.onFrame(ClientFrame.newBuilder()
                .setHello(Hello.newBuilder().setProtocolVersion(version))
                .build());
        time.runFor(1);
    }

    private void answer(int index) {
        outs.get(index)
                .accept(Response.newBuilder()
                        .setId(asked.get(index).getId())
                        .setNodeStatus(NodeStatus.getDefaultInstance())
                        .build());
    }

    @Test
    void answersThatComeTogetherLeaveInOneFrame() {
        hello(1);
        assertThat(sent).hasSize(1);
        assertThat(sent.get(0).getHello().getNodeId()).isEqualTo("n1");
        ClientFrame.Builder frame = ClientFrame.newBuilder();
        for (int i = 1; i <= 10; i++) {
            frame.addRequests(read(i));
        }
        stream.onFrame(frame.build());
        assertThat(asked).hasSize(10);
        for (int i = 9; i >= 0; i--) {
            answer(i);
        }
        time.runFor(1);
        assertThat(sent).hasSize(2);
        assertThat(sent.get(1).getResponsesList())
                .extracting(Response::getId)
                .containsExactly(10L, 9L, 8L, 7L, 6L, 5L, 4L, 3L, 2L, 1L);
    }

    /** What an applier gives leaves in one frame, on its own lane and not before it says so. */
    @Test
    void anAppliersAnswersWaitForEachOther() {
        hello(1);
        ClientFrame.Builder frame = ClientFrame.newBuilder();
        for (int i = 1; i <= 3; i++) {
            frame.addRequests(read(i));
        }
        stream.onFrame(frame.build());
        for (int i = 1; i <= 3; i++) {
            ((Answers) outs.get(0)).gather(Response.newBuilder().setId(i).build());
        }
        time.runFor(1);
        assertThat(sent).hasSize(1);

        gathered.send();
        assertThat(sent).hasSize(2);
        assertThat(sent.get(1).getResponsesList()).extracting(Response::getId).containsExactly(1L, 2L, 3L);
        gathered.send();
        assertThat(sent).hasSize(2);
    }

    @Test
    void noAnswerOvertakesTheHello() {
        stream.onFrame(ClientFrame.newBuilder()
                .setHello(Hello.newBuilder().setProtocolVersion(1))
                .addRequests(read(1))
                .build());
        ((Answers) outs.get(0)).gather(Response.newBuilder().setId(1).build());
        gathered.send();
        time.runFor(1);
        assertThat(sent).hasSize(2);
        assertThat(sent.get(0).hasHello()).isTrue();
        assertThat(sent.get(1).getResponses(0).getId()).isEqualTo(1);
    }

    @Test
    void anotherVersionIsRefusedAndTheStreamClosed() {
        hello(2);
        assertThat(sent.get(0).getHello().getError()).contains("version 1");
        assertThat(closedHere).isEqualTo(1);
        assertThat(toldClosed).isEqualTo(1);
        stream.onFrame(ClientFrame.newBuilder().addRequests(read(1)).build());
        assertThat(asked).isEmpty();
    }

    @Test
    void aFrameWithoutHelloIsRefused() {
        stream.onFrame(ClientFrame.newBuilder().addRequests(read(1)).build());
        time.runFor(1);
        assertThat(sent.get(0).getHello().getError()).isNotEmpty();
        assertThat(asked).isEmpty();
    }

    @Test
    void tooManyUnansweredRequestsAreRefusedAsBusyUntilSomeAreAnswered() {
        hello(1);
        int perFrame = 1024;
        long id = 0;
        for (int f = 0; f < EdgeStream.MAX_UNANSWERED / perFrame; f++) {
            ClientFrame.Builder frame = ClientFrame.newBuilder();
            for (int i = 0; i < perFrame; i++) {
                frame.addRequests(read(++id));
            }
            stream.onFrame(frame.build());
        }
        assertThat(asked).hasSize(EdgeStream.MAX_UNANSWERED);

        stream.onFrame(ClientFrame.newBuilder().addRequests(read(++id)).build());
        time.runFor(1);
        Response busy = sent.get(1).getResponses(0);
        assertThat(busy.getId()).isEqualTo(id);
        assertThat(busy.getRefusal().getKind()).isEqualTo(Refusal.Kind.BUSY);
        assertThat(busy.getRefusal().getRetryAfterMillis()).isPositive();

        answer(0);
        stream.onFrame(ClientFrame.newBuilder().addRequests(read(++id)).build());
        assertThat(asked).hasSize(EdgeStream.MAX_UNANSWERED + 1);
    }

    @Test
    void aWatchWaitsForNobodyAndMayBeAnsweredAgainAndAgain() {
        hello(1);
        for (int f = 0; f < EdgeStream.MAX_UNANSWERED; f += 1024) {
            ClientFrame.Builder frame = ClientFrame.newBuilder();
            for (int i = 0; i < 1024; i++) {
                frame.addRequests(Request.newBuilder().setId(1).setWatch(WatchRequest.getDefaultInstance()));
            }
            stream.onFrame(frame.build());
        }
        stream.onFrame(ClientFrame.newBuilder()
                .addRequests(Request.newBuilder().setId(2).setNodeStatus(NodeStatusRequest.getDefaultInstance()))
                .build());
        assertThat(asked.get(asked.size() - 1).getId()).isEqualTo(2);
        for (int number = 1; number <= 3; number++) {
            outs.get(0)
                    .accept(Response.newBuilder()
                            .setId(1)
                            .setConfiguration(Configuration.newBuilder().setNumber(number))
                            .build());
            time.runFor(1);
        }
        assertThat(sent.subList(1, 4))
                .extracting(frame -> frame.getResponses(0).getConfiguration().getNumber())
                .containsExactly(1L, 2L, 3L);
    }

    @Test
    void nothingLeavesAClosedStream() {
        hello(1);
        stream.onFrame(ClientFrame.newBuilder().addRequests(read(1)).build());
        stream.onClosed();
        answer(0);
        time.runFor(1);
        assertThat(sent).hasSize(1);
        assertThat(toldClosed).isEqualTo(1);
    }

    @Test
    void aLargeAnswerSplitsTheFrame() {
        hello(1);
        stream.onFrame(ClientFrame.newBuilder()
                .addRequests(read(1))
                .addRequests(read(2))
                .addRequests(read(3))
                .build());
        for (int i = 0; i < 3; i++) {
            outs.get(i)
                    .accept(Response.newBuilder()
                            .setId(i + 1)
                            .setRefusal(Refusal.newBuilder().setMessage("x".repeat(200 << 10)))
                            .build());
        }
        time.runFor(1);
        assertThat(sent).hasSize(4);
    }
}
