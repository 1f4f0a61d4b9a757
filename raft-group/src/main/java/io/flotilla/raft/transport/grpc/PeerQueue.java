package io.flotilla.raft.transport.grpc;

import io.flotilla.raft.transport.GroupMessage;
import io.flotilla.raft.transport.MessageCodec;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jctools.queues.atomic.MpscUnboundedAtomicArrayQueue;

/** The messages that wait for one peer, bounded in bytes. */
final class PeerQueue implements FrameQueue {
    private final long maxBytes;
    private final AtomicLong bytes = new AtomicLong();
    private final MpscUnboundedAtomicArrayQueue<Batch> queue = new MpscUnboundedAtomicArrayQueue<>(256);
    private volatile boolean closed;

    /** The batch being taken apart, and its next message. Belongs to the taker. */
    private Batch current;

    private int next;

    PeerQueue(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** @return false if the queue is full, or a message is too large for any frame */
    boolean offer(List<GroupMessage> messages) {
        long size = 0;
        for (int i = 0; i < messages.size(); i++) {
            int one = MessageCodec.size(messages.get(i));
            if (one >= MessageCodec.MAX_FRAME_BYTES) {
                return false;
            }
            size += one;
        }
        if (closed || bytes.get() > 0 && bytes.get() + size > maxBytes) {
            return false;
        }
        bytes.addAndGet(size);
        queue.offer(new Batch(messages, size));
        return true;
    }

    @Override
    public byte[] nextFrame() {
        ArrayList<GroupMessage> messages = new ArrayList<>();
        int size = 1;
        while (advance()) {
            GroupMessage message = current.messages.get(next);
            int one = MessageCodec.size(message);
            if (!messages.isEmpty() && size + one > MessageCodec.FRAME_BYTES) {
                break;
            }
            messages.add(message);
            size += one;
            next++;
        }
        if (messages.isEmpty()) {
            return null;
        }
        ByteBuffer frame = ByteBuffer.allocate(size);
        MessageCodec.begin(frame);
        for (int i = 0; i < messages.size(); i++) {
            MessageCodec.write(messages.get(i), frame);
        }
        return frame.array();
    }

    /** Whether {@code current.messages.get(next)} is there to be taken. */
    private boolean advance() {
        while (current == null || next == current.messages.size()) {
            if (current != null) {
                bytes.addAndGet(-current.bytes);
            }
            current = queue.poll();
            next = 0;
            if (current == null) {
                return false;
            }
        }
        return true;
    }

    @Override
    public int clear() {
        int dropped = 0;
        while (advance()) {
            dropped += current.messages.size() - next;
            next = current.messages.size();
        }
        return dropped;
    }

    @Override
    public void close() {
        closed = true;
    }

    private record Batch(List<GroupMessage> messages, long bytes) {}
}
