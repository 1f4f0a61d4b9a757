package io.flotilla.ops.node;

import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.HelloReply;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.ServerFrame;
import io.flotilla.kv.service.Answers;
import io.flotilla.raft.runtime.Lane;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * One client's stream at a node. Answers gather in a queue. Those of an applier leave as one frame, on its lane, when it
 * has given all that it had to give at once; the edge lane sends all others. Requests that wait for their answer are bounded in number and bytes: beyond it they are refused as
 * busy.
 *
 * <p>{@link #onFrame} and {@link #onClosed} are called by the network, one at a time; the queue and the counts are
 * thread-safe; frames leave one at a time, after the first one on any lane.
 */
final class EdgeStream implements EdgeSession {
    static final int MAX_UNANSWERED = 16_384;
    static final long MAX_UNANSWERED_BYTES = 64L << 20;
    private static final int FRAME_BYTES = 256 << 10;
    private static final long RETRY_MILLIS = 20;

    /** What a stream asks of its node. Thread-safe; no call blocks. */
    interface Services {
        HelloReply hello();

        /** Reads and writes. Each is answered once. */
        void data(List<Request> requests, Answers out);

        /** Anything else. Each is answered once, a watch as often as there is news. */
        void other(EdgeStream stream, Request request, Consumer<Response> out);

        void closed(EdgeStream stream);
    }

    private final Services services;
    private final GatheredAnswers gathered;
    private final Lane lane;
    private final Consumer<ServerFrame> out;
    private final Runnable closer;

    private final Queue<Response> queue = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean flushing = new AtomicBoolean();
    private final AtomicBoolean gathering = new AtomicBoolean();
    /** How often somebody wanted to send since the one who sends began. */
    private final AtomicInteger senders = new AtomicInteger();

    private final AtomicInteger unanswered = new AtomicInteger();
    private final AtomicLong unansweredBytes = new AtomicLong();
    private volatile boolean closed;
    /** The first frame has left: others may. */
    private volatile boolean helloSent;
    /** Of the network's calls alone. */
    private boolean greeted;

    EdgeStream(Services services, GatheredAnswers gathered, Lane lane, Consumer<ServerFrame> out, Runnable closer) {
        this.services = services;
        this.gathered = gathered;
        this.lane = lane;
        this.out = out;
        this.closer = closer;
    }

    @Override
    public void onFrame(ClientFrame frame) {
        if (closed) {
            return;
        }
        if (!greeted && !greet(frame)) {
            return;
        }
        int count = frame.getRequestsCount();
        if (count == 0) {
            return;
        }
        int bytes = frame.getSerializedSize();
        int waiting = unanswered.get();
        if (waiting > 0 && (waiting + count > MAX_UNANSWERED || unansweredBytes.get() + bytes > MAX_UNANSWERED_BYTES)) {
            frame.getRequestsList().forEach(request -> enqueue(busy(request.getId())));
            return;
        }
        unanswered.addAndGet(count);
        unansweredBytes.addAndGet(bytes);
        InFlight inFlight = new InFlight(count, bytes);
        List<Request> data = new ArrayList<>(count);
        for (Request request : frame.getRequestsList()) {
            switch (request.getBodyCase()) {
                case READ, WRITE -> data.add(request);
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
        HelloReply hello = services.hello();
        if (!frame.hasHello()) {
            hello = hello.toBuilder()
                    .setError("the first frame of a stream must say hello")
                    .build();
        } else if (frame.getHello().getProtocolVersion() != PeerCalls.PROTOCOL_VERSION) {
            hello = hello.toBuilder()
                    .setError("node " + hello.getNodeId() + " speaks version " + PeerCalls.PROTOCOL_VERSION
                            + " of the client protocol, not "
                            + frame.getHello().getProtocolVersion() + ": use a client of the same release")
                    .build();
        }
        greeted = true;
        ServerFrame first = ServerFrame.newBuilder().setHello(hello).build();
        boolean refused = !hello.getError().isEmpty();
        lane.execute(() -> {
            out.accept(first);
            helloSent = true;
            if (refused) {
                closer.run();
            }
        });
        if (refused) {
            onClosed();
        }
        return !refused;
    }

    @Override
    public void onClosed() {
        if (!closed) {
            closed = true;
            queue.clear();
            services.closed(this);
        }
    }

    boolean isOpen() {
        return !closed;
    }

    /** Ends the stream from this side. */
    void close() {
        if (!closed) {
            onClosed();
            lane.execute(closer);
        }
    }

    private void enqueue(Response response) {
        if (closed) {
            return;
        }
        queue.add(response);
        if (!flushing.get() && flushing.compareAndSet(false, true)) {
            lane.execute(this::flush);
        }
    }

    private void gather(Response response) {
        if (!helloSent) {
            enqueue(response);
        } else if (!closed) {
            queue.add(response);
            if (!gathering.get() && gathering.compareAndSet(false, true)) {
                gathered.waiting(this);
            }
        }
    }

    /** On the lane that gave the answers. */
    void sendGathered() {
        gathering.set(false);
        send();
    }

    private void flush() {
        flushing.set(false);
        send();
    }

    /** Sends all that has gathered. Whoever comes while another one is at it leaves the rest to that one. */
    private void send() {
        if (senders.getAndIncrement() != 0) {
            return;
        }
        int seen = 1;
        do {
            sendQueued();
            seen = senders.addAndGet(-seen);
        } while (seen != 0);
    }

    private void sendQueued() {
        ServerFrame.Builder frame = null;
        int bytes = 0;
        for (Response response = queue.poll(); response != null; response = queue.poll()) {
            if (closed) {
                return;
            }
            int size = response.getSerializedSize();
            if (frame != null && bytes + size > FRAME_BYTES) {
                out.accept(frame.build());
                frame = null;
                bytes = 0;
            }
            if (frame == null) {
                frame = ServerFrame.newBuilder();
            }
            frame.addResponses(response);
            bytes += size;
        }
        if (frame != null && !closed) {
            out.accept(frame.build());
        }
    }

    private static Response busy(long id) {
        return Response.newBuilder()
                .setId(id)
                .setRefusal(Refusal.newBuilder()
                        .setKind(Refusal.Kind.BUSY)
                        .setMessage("too many requests of this stream wait for their answers")
                        .setRetryAfterMillis(RETRY_MILLIS))
                .build();
    }

    /** The requests of one frame that wait for their answers. */
    private final class InFlight implements Answers {
        private final AtomicInteger left;
        private final int bytes;

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

        void answered() {
            unanswered.decrementAndGet();
            if (left.decrementAndGet() == 0) {
                unansweredBytes.addAndGet(-bytes);
            }
        }
    }
}
