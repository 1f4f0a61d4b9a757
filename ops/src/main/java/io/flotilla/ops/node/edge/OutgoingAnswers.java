package io.flotilla.ops.node.edge;

import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.ServerFrame;
import io.flotilla.raft.runtime.Lane;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The answers that wait for one client, on their way out as frames. They leave only while the client takes them, in the order in
 * which they were added. Thread-safe; frames leave one at a time, on any lane.
 */
final class OutgoingAnswers {
    /** So much may wait for the client while news is still sent to it as it comes. */
    static final long DRAINED_BYTES = 64 << 10;

    private static final int FRAME_BYTES = 256 << 10;

    private final EdgeSink sink;
    private final AnswerBudget budget;
    private final Lane lane;
    private final Runnable drained;
    private final Runnable stalled;

    private final Queue<Response> queue = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean flushing = new AtomicBoolean();
    /** How often somebody wanted to send since the one who sends began. */
    private final AtomicInteger senders = new AtomicInteger();
    /** Of the answers in the queue, and of those sent that the client has not taken. */
    private final AtomicLong waitingBytes = new AtomicLong();
    /** Frames sent: whether there was any progress. */
    private final AtomicLong framesSent = new AtomicLong();

    private final AtomicBoolean stallWatched = new AtomicBoolean();
    /** Somebody waits to be told that the client took its answers. */
    private final AtomicBoolean drainAwaited = new AtomicBoolean();

    private volatile boolean closed;
    /** Bytes sent that the client has not taken; the sender's. */
    private long held;

    /**
     * @param lane sends what is not sent on the lane that gave it
     * @param drained called once after {@link #isDrained} said no, when it would say yes. Any lane
     * @param stalled called when the client took nothing for {@link EdgeStream#STALL_NANOS}. On the lane
     */
    OutgoingAnswers(EdgeSink sink, AnswerBudget budget, Lane lane, Runnable drained, Runnable stalled) {
        this.sink = sink;
        this.budget = budget;
        this.lane = lane;
        this.drained = drained;
        this.stalled = stalled;
    }

    void add(Response response) {
        int size = response.getSerializedSize();
        waitingBytes.addAndGet(size);
        budget.add(size);
        queue.add(response);
    }

    private void taken(long size) {
        long left = waitingBytes.addAndGet(-size);
        budget.add(-size);
        if (left <= DRAINED_BYTES && drainAwaited.get() && drainAwaited.compareAndSet(true, false)) {
            drained.run();
        }
    }

    /** Whether a read may be done for this client. */
    boolean hasRoom() {
        return budget.hasRoom(waitingBytes.get());
    }

    boolean isDrained() {
        if (waitingBytes.get() <= DRAINED_BYTES) {
            return true;
        }
        drainAwaited.set(true);
        return waitingBytes.get() <= DRAINED_BYTES && drainAwaited.compareAndSet(true, false);
    }

    /** The client takes answers again. */
    void clientTakes() {
        if (waitingBytes.get() > 0) {
            lane.execute(this::send);
        }
    }

    /** What waits is dropped, and nothing leaves any more. */
    void close() {
        closed = true;
        send();
    }

    /** On the lane, with what others add until then. */
    void sendSoon() {
        if (!flushing.get() && flushing.compareAndSet(false, true)) {
            lane.execute(() -> {
                flushing.set(false);
                send();
            });
        }
    }

    /** Sends all that has gathered. Whoever comes while another one is at it leaves the rest to that one. */
    void send() {
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
        boolean ready = !closed && sink.isReady();
        if ((ready || closed) && held > 0) {
            taken(held);
            held = 0;
        }
        while (ready && sendFrame()) {
            ready = !closed && sink.isReady();
        }
        if (closed) {
            for (Response response = queue.poll(); response != null; response = queue.poll()) {
                taken(response.getSerializedSize());
            }
        } else if (!ready) {
            watchForStall();
        }
    }

    /** @return false if nothing was there to send */
    private boolean sendFrame() {
        Response response = queue.peek();
        if (response == null) {
            return false;
        }
        ServerFrame.Builder frame = ServerFrame.newBuilder();
        long bytes = 0;
        while (response != null && (bytes == 0 || bytes + response.getSerializedSize() <= FRAME_BYTES)) {
            queue.poll();
            frame.addResponses(response);
            bytes += response.getSerializedSize();
            response = queue.peek();
        }
        sink.send(frame.build());
        framesSent.incrementAndGet();
        if (sink.isReady()) {
            taken(bytes);
        } else {
            held += bytes;
        }
        return true;
    }

    /** The client does not take what it gets: it had better begin soon. */
    private void watchForStall() {
        if (!stallWatched.compareAndSet(false, true)) {
            return;
        }
        long before = framesSent.get();
        lane.after(EdgeStream.STALL_NANOS, () -> {
            stallWatched.set(false);
            if (closed || waitingBytes.get() == 0) {
                return;
            }
            if (framesSent.get() == before) {
                stalled.run();
            } else {
                send();
            }
        });
    }
}
