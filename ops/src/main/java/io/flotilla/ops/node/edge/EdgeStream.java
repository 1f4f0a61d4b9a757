package io.flotilla.ops.node.edge;

import com.google.protobuf.InvalidProtocolBufferException;
import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.HelloReply;
import io.flotilla.client.proto.Proceed;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.RequestPart;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.ServerFrame;
import io.flotilla.kv.service.Answers;
import io.flotilla.raft.runtime.Cancellable;
import io.flotilla.raft.runtime.Clock;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.runtime.LogPace;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's stream at a node. Answers gather in a queue. Those of an applier leave as one frame, on its lane, when it
 * has given all that it had to give at once; the edge lane sends all others. Requests that wait for their answer are
 * bounded in number and bytes, of this stream and of all: beyond it they are refused as busy. Answers leave only while
 * the client takes them; what waits for it is bounded, too, and a client that takes nothing for long is cut off.
 *
 * <p>{@link #onFrame} and {@link #onClosed} are called by the network, one at a time; the queue and the counts are
 * thread-safe; frames leave one at a time, after the first one on any lane.
 */
public final class EdgeStream implements EdgeSession {
    private static final Logger LOG = LoggerFactory.getLogger(EdgeStream.class);
    static final int MAX_UNANSWERED = 16_384;
    /** Larger frames are a client's mistake: its large requests come in parts. */
    static final int MAX_FRAME_BYTES = 1 << 20;
    /** A client that takes none of its answers for this long is cut off. */
    static final long STALL_NANOS = 30_000_000_000L;
    /** A stream on which nothing is said for this long at its beginning is closed. */
    static final long SILENCE_NANOS = 10_000_000_000L;

    /** What a stream asks of its node. Thread-safe; no call blocks. */
    public interface Services {
        HelloReply hello();

        /** Reads, writes and goodbyes. Each is answered once. */
        void data(List<Request> requests, Answers out);

        /** A request that the client asks to pass on. It is answered once. */
        void passOn(Request request, Answers out);

        /** The client has taken what it was answered, after {@link EdgeStream#isDrained} said that it had not. */
        void drained(EdgeStream stream);

        /** Anything else. Each is answered once, a watch as often as there is news. */
        void other(EdgeStream stream, Request request, Consumer<Response> out);

        void closed(EdgeStream stream);
    }

    private final Services services;
    private final GatheredAnswers gathered;
    private final IntakeBudget intake;
    private final Clock clock;
    private final Lane lane;
    private final LogPace lines;
    private final Cancellable silence;
    private final EdgeSink sink;
    /** Why this stream is not taken, or null. */
    private final String objection;

    private final OutgoingAnswers outgoing;
    private final AtomicBoolean gathering = new AtomicBoolean();

    private final AtomicInteger unanswered = new AtomicInteger();
    private final AtomicLong unansweredBytes = new AtomicLong();
    /** Large requests that come in parts, by id. */
    private final ConcurrentSkipListMap<Long, RequestAssembly> assemblies = new ConcurrentSkipListMap<>();

    private final AtomicBoolean stallWatched = new AtomicBoolean();

    private final AtomicBoolean closed = new AtomicBoolean();
    /** The first frame has left: others may. */
    private volatile boolean helloSent;
    /** Of the network's calls alone. */
    private boolean greeted;

    /** What all streams of a node share. */
    public record Common(
            Services services,
            GatheredAnswers gathered,
            IntakeBudget intake,
            AnswerBudget answers,
            Clock clock,
            Lane lane,
            LogPace lines) {}

    /** @param objection why the stream is closed at once, or null */
    public EdgeStream(Common common, EdgeSink sink, String objection) {
        this.services = common.services();
        this.gathered = common.gathered();
        this.intake = common.intake();
        this.clock = common.clock();
        this.lane = common.lane();
        this.sink = sink;
        this.objection = objection;
        this.lines = common.lines();
        this.outgoing =
                new OutgoingAnswers(sink, common.answers(), lane, () -> services.drained(this), this::takesNothing);
        this.silence = lane.after(SILENCE_NANOS, () -> end("it said nothing for 10 s"));
    }

    @Override
    public void onFrame(ClientFrame frame) {
        if (closed.get()) {
            return;
        }
        if (!greeted && !greet(frame)) {
            return;
        }
        if (frame.hasPart()) {
            onPart(frame.getPart());
            return;
        }
        int count = frame.getRequestsCount();
        if (count == 0) {
            return;
        }
        int bytes = frame.getSerializedSize();
        if (bytes > MAX_FRAME_BYTES) {
            misspoken();
        } else if (enter(count, bytes)) {
            ask(frame.getRequestsList(), new InFlight(count, bytes));
        } else {
            frame.getRequestsList().forEach(request -> enqueue(busy(request.getId())));
        }
    }

    private void onPart(RequestPart part) {
        RequestAssembly coming = assemblies.get(part.getId());
        if (coming == null) {
            coming = begin(part);
        }
        if (coming == null) {
            return;
        }
        if (!coming.add(part)) {
            misspoken();
        } else if (coming.isWhole() && assemblies.remove(part.getId()) != null) {
            InFlight inFlight = new InFlight(1, coming.total());
            try {
                Request request = coming.request();
                if (request.getId() != part.getId()) {
                    throw new InvalidProtocolBufferException("the parts are of another request");
                }
                ask(List.of(request), inFlight);
            } catch (InvalidProtocolBufferException e) {
                inFlight.answered();
                misspoken();
            }
        }
    }

    /** @return null if there is no room, or the part is wrong */
    private RequestAssembly begin(RequestPart first) {
        int total = first.getTotalBytes();
        if (total < IntakeBudget.LARGE_BYTES || total > IntakeBudget.MAX_REQUEST_BYTES) {
            misspoken();
            return null;
        }
        if (!enter(1, total)) {
            enqueue(busy(first.getId()));
            return null;
        }
        RequestAssembly begun = new RequestAssembly(total);
        assemblies.put(first.getId(), begun);
        if (closed.get()) {
            dropAssemblies();
            return null;
        }
        watchForStall();
        enqueue(Response.newBuilder()
                .setId(first.getId())
                .setProceed(Proceed.getDefaultInstance())
                .build());
        return begun;
    }

    /**
     * Whoever has got room for a large request must use it: one that does not go on for 30 s, seen every 30 s, ends the
     * stream. One look for all that come; it holds nothing of those that are whole.
     */
    private void watchForStall() {
        if (!stallWatched.compareAndSet(false, true)) {
            return;
        }
        lane.after(STALL_NANOS, () -> {
            stallWatched.set(false);
            if (assemblies.isEmpty()) {
                return;
            }
            for (RequestAssembly coming : assemblies.values()) {
                if (!coming.wentOn()) {
                    end("a large request did not go on for 30 s");
                    return;
                }
            }
            watchForStall();
        });
    }

    private void dropAssemblies() {
        for (Long id : assemblies.keySet()) {
            RequestAssembly dropped = assemblies.remove(id);
            if (dropped != null) {
                leave(1, dropped.total(), 0);
            }
        }
    }

    /** The client does not keep to the protocol, and nothing it says can be trusted. */
    private void misspoken() {
        end("it does not keep to the protocol");
    }

    /** Takes room for requests, here and on the node. @return false if there is none */
    private boolean enter(int count, int bytes) {
        int waiting = unanswered.get();
        if (waiting > 0 && (waiting + count > MAX_UNANSWERED || unansweredBytes.get() + bytes > intake.streamBytes())) {
            return false;
        }
        if (!intake.enter(bytes)) {
            return false;
        }
        unanswered.addAndGet(count);
        unansweredBytes.addAndGet(bytes);
        return true;
    }

    private void leave(int count, int bytes, long nanos) {
        unanswered.addAndGet(-count);
        unansweredBytes.addAndGet(-bytes);
        intake.leave(bytes, nanos);
    }

    private void ask(List<Request> requests, InFlight inFlight) {
        try {
            share(requests, inFlight);
        } catch (RuntimeException | Error e) {
            // nobody answers what nobody took
            inFlight.abandoned();
            throw e;
        }
    }

    private void share(List<Request> requests, InFlight inFlight) {
        List<Request> data = new ArrayList<>(requests.size());
        for (Request request : requests) {
            switch (request.getBodyCase()) {
                case READ, WRITE, GOODBYE -> data.add(request);
                case PASS_ON -> services.passOn(request, inFlight);
                case WATCH -> {
                    // It stays open as long as the stream: nobody waits for it.
                    inFlight.answered();
                    services.other(this, request, this::enqueue);
                }
                default -> services.other(this, request, inFlight);
            }
        }
        if (!data.isEmpty()) {
            services.data(data, inFlight);
        }
    }

    private boolean greet(ClientFrame frame) {
        HelloReply hello = ClientGreeting.answer(services.hello(), frame, objection);
        greeted = true;
        silence.cancel();
        ServerFrame first = ServerFrame.newBuilder().setHello(hello).build();
        boolean refused = !hello.getError().isEmpty();
        if (refused) {
            log("a client's stream was refused: " + hello.getError());
        }
        lane.execute(() -> {
            sink.send(first);
            helloSent = true;
            if (refused) {
                sink.close();
            }
        });
        if (refused) {
            onClosed();
        }
        return !refused;
    }

    @Override
    public void onClosed() {
        if (closed.compareAndSet(false, true)) {
            silence.cancel();
            dropAssemblies();
            outgoing.close();
            services.closed(this);
        }
    }

    @Override
    public void onReady() {
        outgoing.clientTakes();
    }

    public boolean isOpen() {
        return !closed.get();
    }

    /** Ends the stream from this side. */
    void close() {
        if (!closed.get()) {
            onClosed();
            lane.execute(sink::close);
        }
    }

    private void enqueue(Response response) {
        if (!closed.get()) {
            outgoing.add(response);
            outgoing.sendSoon();
        }
    }

    private void gather(Response response) {
        if (!helloSent) {
            enqueue(response);
        } else if (!closed.get()) {
            outgoing.add(response);
            if (!gathering.get() && gathering.compareAndSet(false, true)) {
                gathered.waiting(this);
            }
        }
    }

    /** On the lane that gave the answers. */
    void sendGathered() {
        gathering.set(false);
        outgoing.send();
    }

    /**
     * Whether the client has taken what it was answered, but for a little; if not, {@link Services#drained} is called once
     * when it has. Any thread.
     */
    public boolean isDrained() {
        return outgoing.isDrained();
    }

    private void takesNothing() {
        end("it took none of its answers for 30 s");
    }

    private void end(String why) {
        if (!closed.get()) {
            log("a client's stream was closed: " + why);
            close();
        }
    }

    private void log(String text) {
        String line = lines.pace(text);
        if (line != null) {
            LOG.warn(line);
        }
    }

    private Response busy(long id) {
        return Response.newBuilder()
                .setId(id)
                .setRefusal(Refusal.newBuilder()
                        .setKind(Refusal.Kind.BUSY)
                        .setMessage("too many requests wait for their answers")
                        .setRetryAfterMillis(intake.retryMillis()))
                .build();
    }

    /** The requests of one frame that wait for their answers. */
    private final class InFlight implements Answers {
        private final AtomicInteger left;
        private final int bytes;
        private final long since = clock.nanos();

        InFlight(int count, int bytes) {
            this.left = new AtomicInteger(count);
            this.bytes = bytes;
        }

        @Override
        public void accept(Response response) {
            answered();
            enqueue(response);
        }

        @Override
        public void gather(Response response) {
            answered();
            EdgeStream.this.gather(response);
        }

        @Override
        public boolean hasRoom() {
            return outgoing.hasRoom();
        }

        void answered() {
            give(1);
        }

        /** The rest will never be answered. */
        void abandoned() {
            give(Integer.MAX_VALUE);
        }

        private void give(int most) {
            int before = left.getAndUpdate(now -> now - Math.min(now, most));
            int given = Math.min(before, most);
            unanswered.addAndGet(-given);
            if (given > 0 && given == before) {
                unansweredBytes.addAndGet(-bytes);
                intake.leave(bytes, clock.nanos() - since);
            }
        }
    }
}
