package io.flotilla.ops.node.edge;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Hello;
import io.flotilla.client.proto.HelloReply;
import io.flotilla.client.proto.Mutation;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.client.proto.NodeStatusRequest;
import io.flotilla.client.proto.Put;
import io.flotilla.client.proto.ReadReply;
import io.flotilla.client.proto.ReadRequest;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.RequestPart;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.ServerFrame;
import io.flotilla.client.proto.Value;
import io.flotilla.client.proto.WatchRequest;
import io.flotilla.client.proto.WriteRequest;
import io.flotilla.kv.service.Answers;
import io.flotilla.ops.node.TestTime;
import io.flotilla.raft.runtime.LogPace;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
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
    private int toldDrained;

    private final EdgeStream.Services services = new EdgeStream.Services() {
        @Override
        public HelloReply hello() {
            return HelloReply.newBuilder().setProtocolVersion(2).setNodeId("n1").build();
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
        public void passOn(Request request, Answers out) {
            asked.add(request);
            outs.add(out);
        }

        @Override
        public void drained(EdgeStream self) {
            toldDrained++;
        }

        @Override
        public void closed(EdgeStream self) {
            toldClosed++;
        }
    };

    private final IntakeBudget intake = new IntakeBudget(64L << 20);
    private final AnswerBudget answers = new AnswerBudget(64L << 20);
    private final EdgeStream stream = open(null);

    /** Whether the client takes what it gets. */
    private boolean takes = true;

    private EdgeStream open(String objection) {
        return new EdgeStream(
                new EdgeStream.Common(
                        services,
                        gathered,
                        intake,
                        answers,
                        time.clock(),
                        time.lane(new boolean[] {true}),
                        new LogPace(time.clock()::nanos)),
                new EdgeSink() {
                    @Override
                    public boolean isReady() {
                        return takes;
                    }

                    @Override
                    public void send(ServerFrame frame) {
                        sent.add(frame);
                    }

                    @Override
                    public void close() {
                        closedHere++;
                    }
                },
                objection);
    }

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
        hello(2);
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
        hello(2);
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
                .setHello(Hello.newBuilder().setProtocolVersion(2))
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
        hello(1);
        assertThat(sent.get(0).getHello().getError())
                .isEqualTo(
                        "node n1 speaks version 2 of the client protocol, the client version 1: use a client of the same"
                                + " release");
        assertThat(sent.get(0).getHello().getProtocolVersion()).isEqualTo(2);
        assertThat(sent.get(0).getHello().getOldestProtocolVersion()).isEqualTo(2);
        assertThat(closedHere).isEqualTo(1);
        assertThat(toldClosed).isEqualTo(1);
        stream.onFrame(ClientFrame.newBuilder().addRequests(read(1)).build());
        assertThat(asked).isEmpty();
    }

    @Test
    void theVersionThatBothSpeakIsUsed() {
        Hello newer = Hello.newBuilder()
                .setProtocolVersion(5)
                .setOldestProtocolVersion(2)
                .build();
        HelloReply node = HelloReply.newBuilder().setNodeId("n1").build();
        ClientFrame.Builder first = ClientFrame.newBuilder().setHello(newer);
        HelloReply agreed = ClientGreeting.answer(node, first.build(), null);
        assertThat(agreed.getError()).isEmpty();
        assertThat(agreed.getProtocolVersion()).isEqualTo(2);
        first.getHelloBuilder().setOldestProtocolVersion(3);
        assertThat(ClientGreeting.answer(node, first.build(), null).getError()).contains("the client versions 3 to 5");
        assertThat(ClientGreeting.answer(node, first.build(), "no room").getError())
                .isEqualTo("no room");
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
        hello(2);
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

    private static RequestPart part(long id, ByteString whole, int from, int to) {
        return RequestPart.newBuilder()
                .setId(id)
                .setTotalBytes(whole.size())
                .setBytes(whole.substring(from, to))
                .build();
    }

    private static ByteString largeWrite(long id, int bytes) {
        return Request.newBuilder()
                .setId(id)
                .setWrite(WriteRequest.newBuilder()
                        .setMutation(Mutation.newBuilder()
                                .setPut(Put.newBuilder().setValue(ByteString.copyFrom(new byte[bytes])))))
                .build()
                .toByteString();
    }

    private void sendInParts(EdgeStream to, long id, ByteString whole) {
        for (int from = 0; from < whole.size(); from += 100_000) {
            to.onFrame(ClientFrame.newBuilder()
                    .setPart(part(id, whole, from, Math.min(whole.size(), from + 100_000)))
                    .build());
        }
    }

    @Test
    void aLargeRequestComesInPartsAndItsRoomIsGivenBackWithTheAnswer() {
        hello(2);
        ByteString whole = largeWrite(7, 1_000_000);
        sendInParts(stream, 7, whole);
        assertThat(asked).hasSize(1);
        assertThat(asked.get(0).toByteString()).isEqualTo(whole);
        time.runFor(1);
        assertThat(sent.get(1).getResponses(0).hasProceed()).isTrue();
        assertThat(intake.bytes()).isEqualTo(whole.size());
        answer(0);
        assertThat(intake.bytes()).isZero();
    }

    @Test
    void nothingIsKeptOfALargeRequestThatWasAnswered() {
        hello(2);
        int before = time.waiting();
        for (int i = 0; i < 1_000; i++) {
            sendInParts(stream, i, largeWrite(i, 100_000));
            time.runFor(1);
            answer(i);
        }
        time.runFor(1);
        assertThat(intake.bytes()).isZero();
        assertThat(time.waiting() - before).as("timers of the stream").isLessThanOrEqualTo(1);
    }

    @Test
    void aLargeRequestThatDoesNotGoOnEndsTheStreamAndOneThatDoesDoesNot() {
        hello(2);
        ByteString whole = largeWrite(1, 1_000_000);
        for (int from = 0; from < 900_000; from += 100_000) {
            stream.onFrame(ClientFrame.newBuilder()
                    .setPart(part(1, whole, from, from + 100_000))
                    .build());
            time.runFor(EdgeStream.STALL_NANOS / 1_000_000 - 1_000);
            assertThat(stream.isOpen()).isTrue();
        }
        time.runFor(2 * EdgeStream.STALL_NANOS / 1_000_000);
        assertThat(stream.isOpen()).isFalse();
        assertThat(intake.bytes()).isZero();
        assertThat(time.waiting()).isZero();
    }

    @Test
    void aLargeRequestIsRefusedAtItsFirstPartAndTheStreamGoesOn() {
        ByteString whole = largeWrite(1, 4_000_000);
        for (int i = 0; i < 3; i++) {
            sendInParts(greeted(), 1, whole);
        }
        assertThat(asked).hasSize(3);
        EdgeStream other = greeted();
        sent.clear();
        other.onFrame(
                ClientFrame.newBuilder().setPart(part(1, whole, 0, 100_000)).build());
        time.runFor(1);
        assertThat(sent).hasSize(1);
        Response busy = sent.get(0).getResponses(0);
        assertThat(busy.getId()).isEqualTo(1);
        assertThat(busy.getRefusal().getKind()).isEqualTo(Refusal.Kind.BUSY);
        assertThat(busy.getRefusal().getRetryAfterMillis()).isPositive();
        // what is small finds room all the same
        other.onFrame(ClientFrame.newBuilder().addRequests(read(2)).build());
        assertThat(asked).hasSize(4);
        answer(0);
        sendInParts(other, 3, largeWrite(3, 4_000_000));
        assertThat(asked).hasSize(5);
    }

    private EdgeStream greeted() {
        EdgeStream other = open(null);
        other.onFrame(ClientFrame.newBuilder()
                .setHello(Hello.newBuilder().setProtocolVersion(2))
                .build());
        time.runFor(1);
        return other;
    }

    @Test
    void aStreamThatEndsInTheMiddleOfALargeRequestGivesItsRoomBack() {
        hello(2);
        ByteString whole = largeWrite(1, 1_000_000);
        stream.onFrame(
                ClientFrame.newBuilder().setPart(part(1, whole, 0, 100_000)).build());
        assertThat(intake.bytes()).isEqualTo(whole.size());
        stream.onClosed();
        assertThat(intake.bytes()).isZero();
    }

    /** Large requests in parts and frames of many small ones, mixed by chance: each is answered once, and no room stays taken. */
    @Test
    void partsAndSmallRequestsMixedByChanceAreEachAnsweredOnce() {
        for (int seed = 0; seed < 40; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            asked.clear();
            outs.clear();
            sent.clear();
            EdgeStream mixed = open(null);
            mixed.onFrame(ClientFrame.newBuilder()
                    .setHello(Hello.newBuilder().setProtocolVersion(2))
                    .build());
            TreeMap<Long, ByteString> coming = new TreeMap<>();
            TreeMap<Long, Integer> at = new TreeMap<>();
            Set<Long> open = new TreeSet<>();
            int answered = 0;
            long id = 0;
            for (int step = 0; step < 400; step++) {
                int choice = random.nextInt(10);
                if (choice == 0) {
                    ByteString whole = largeWrite(++id, 70_000 + random.nextInt(4_000_000));
                    coming.put(id, whole);
                    at.put(id, 0);
                    open.add(id);
                }
                if (choice < 6 && !coming.isEmpty()) {
                    Long next = new ArrayList<>(coming.keySet()).get(random.nextInt(coming.size()));
                    int from = at.get(next);
                    int to = Math.min(coming.get(next).size(), from + 1 + random.nextInt(900_000));
                    mixed.onFrame(ClientFrame.newBuilder()
                            .setPart(part(next, coming.get(next), from, to))
                            .build());
                    at.put(next, to);
                    // whose first part is refused sends no more
                    boolean refused = from == 0 && lastAnswer(mixed, next).hasRefusal();
                    if (refused || to == coming.get(next).size()) {
                        coming.remove(next);
                    }
                } else if (choice < 8) {
                    ClientFrame.Builder frame = ClientFrame.newBuilder();
                    for (int i = random.nextInt(300); i >= 0; i--) {
                        frame.addRequests(read(++id));
                        open.add(id);
                    }
                    mixed.onFrame(frame.build());
                } else {
                    for (int i = random.nextInt(200); i >= 0 && answered < asked.size(); i--) {
                        answer(answered++);
                    }
                }
            }
            boolean closes = seed % 2 == 0;
            if (closes) {
                mixed.onClosed();
            } else {
                coming.forEach((one, whole) -> mixed.onFrame(ClientFrame.newBuilder()
                        .setPart(part(one, whole, at.get(one), whole.size()))
                        .build()));
            }
            while (answered < asked.size()) {
                answer(answered++);
            }
            time.runFor(100);
            assertThat(intake.bytes()).as("seed %d, closed %s", seed, closes).isZero();
            if (!closes) {
                List<Long> answers = sent.stream()
                        .flatMap(frame -> frame.getResponsesList().stream())
                        .filter(response -> !response.hasProceed())
                        .map(Response::getId)
                        .toList();
                assertThat(answers).as("seed %d", seed).doesNotHaveDuplicates();
                assertThat(new TreeSet<>(answers)).as("seed %d", seed).isEqualTo(open);
            }
        }
    }

    /** What came back for a request so far. */
    private Response lastAnswer(EdgeStream from, long id) {
        time.runFor(1);
        return sent.stream()
                .flatMap(frame -> frame.getResponsesList().stream())
                .filter(response -> response.getId() == id)
                .reduce((before, after) -> after)
                .orElseThrow(() -> new AssertionError("no answer of " + from));
    }

    @Test
    void partsThatDoNotBelongTogetherAndFramesTooLargeEndTheStream() {
        hello(2);
        ByteString whole = largeWrite(1, 1_000_000);
        stream.onFrame(
                ClientFrame.newBuilder().setPart(part(1, whole, 0, 100_000)).build());
        stream.onFrame(ClientFrame.newBuilder()
                .setPart(part(1, whole, 0, 100_000).toBuilder().setTotalBytes(900_000))
                .build());
        assertThat(toldClosed).isEqualTo(1);
        assertThat(intake.bytes()).isZero();
        EdgeStream other = open(null);
        other.onFrame(ClientFrame.newBuilder()
                .setHello(Hello.newBuilder().setProtocolVersion(2))
                .addRequests(Request.newBuilder()
                        .setId(3)
                        .setWrite(WriteRequest.newBuilder()
                                .setMutation(Mutation.newBuilder()
                                        .setPut(Put.newBuilder()
                                                .setValue(ByteString.copyFrom(new byte[EdgeStream.MAX_FRAME_BYTES]))))))
                .build());
        assertThat(toldClosed).isEqualTo(2);
        time.runFor(1);
        assertThat(closedHere).isEqualTo(2);
        assertThat(asked).isEmpty();
    }

    @Test
    void whatAClientDoesNotTakeWaitsWithinBoundsAndInTheEndTheStreamIsClosed() {
        hello(2);
        takes = false;
        byte[] value = new byte[100_000];
        int answered = 0;
        do {
            stream.onFrame(
                    ClientFrame.newBuilder().addRequests(read(answered + 1)).build());
            outs.get(answered)
                    .accept(Response.newBuilder()
                            .setId(answered + 1)
                            .setRead(ReadReply.newBuilder()
                                    .setGet(Value.newBuilder().setValue(ByteString.copyFrom(value))))
                            .build());
            answered++;
        } while (((Answers) outs.get(answered - 1)).hasRoom());
        assertThat(answers.bytes()).isBetween(answers.streamBytes(), answers.streamBytes() + 101_000);
        time.runFor(1);
        assertThat(sent).hasSize(1);
        takes = true;
        stream.onReady();
        time.runFor(1);
        assertThat(sent.stream().mapToInt(ServerFrame::getResponsesCount).sum()).isEqualTo(answered);
        assertThat(answers.bytes()).isZero();

        takes = false;
        stream.onFrame(ClientFrame.newBuilder().addRequests(read(500)).build());
        answer(answered);
        time.runFor(2 * EdgeStream.STALL_NANOS / 1_000_000 + 1_000);
        assertThat(closedHere).isEqualTo(1);
        assertThat(answers.bytes()).isZero();
    }

    @Test
    void whoHasNewsForAClientIsToldOnceWhenItTookWhatCameBefore() {
        hello(2);
        assertThat(stream.isDrained()).isTrue();
        takes = false;
        stream.onFrame(ClientFrame.newBuilder().addRequests(read(1)).build());
        outs.get(0)
                .accept(Response.newBuilder()
                        .setId(1)
                        .setRead(ReadReply.newBuilder()
                                .setGet(Value.newBuilder().setValue(ByteString.copyFrom(new byte[100_000]))))
                        .build());
        time.runFor(1);
        assertThat(stream.isDrained()).isFalse();
        assertThat(stream.isDrained()).isFalse();
        assertThat(toldDrained).isZero();
        takes = true;
        stream.onReady();
        time.runFor(1);
        assertThat(toldDrained).isEqualTo(1);
        assertThat(stream.isDrained()).isTrue();
        time.runFor(1_000);
        assertThat(toldDrained).as("only who asked is told").isEqualTo(1);
    }

    @Test
    void aStreamTooManyIsToldSo() {
        EdgeStream other = open("no more");
        other.onFrame(ClientFrame.newBuilder()
                .setHello(Hello.newBuilder().setProtocolVersion(2))
                .build());
        time.runFor(1);
        assertThat(sent.get(0).getHello().getError()).isEqualTo("no more");
        assertThat(closedHere).isEqualTo(1);
    }

    @Test
    void aWatchWaitsForNobodyAndMayBeAnsweredAgainAndAgain() {
        hello(2);
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
        hello(2);
        stream.onFrame(ClientFrame.newBuilder().addRequests(read(1)).build());
        stream.onClosed();
        answer(0);
        time.runFor(1);
        assertThat(sent).hasSize(1);
        assertThat(toldClosed).isEqualTo(1);
    }

    @Test
    void aLargeAnswerSplitsTheFrame() {
        hello(2);
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
