package io.flotilla.raft.transport.grpc;

import io.flotilla.raft.transport.Frame;
import io.flotilla.raft.transport.GroupMessage;
import io.flotilla.raft.transport.MessageCodec;
import io.flotilla.raft.transport.NodeMessage;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jctools.queues.atomic.MpscAtomicArrayQueue;
import org.jctools.queues.atomic.MpscUnboundedAtomicArrayQueue;

/**
 * The messages that wait for one peer, bounded in bytes; those of the node itself, bounded in number, go first, but never two frames of
 * them one after another while others wait.
 */
final class PeerQueue implements FrameQueue {
    /** What a message takes in memory beside its bytes: many small ones would fill it else. */
    static final int MESSAGE_OVERHEAD = 100;

    private final long maxBytes;
    private final AtomicLong bytes = new AtomicLong();
    private final MpscUnboundedAtomicArrayQueue<Batch> queue = new MpscUnboundedAtomicArrayQueue<>(256);
    private final MpscAtomicArrayQueue<NodeMessage> ofNode = new MpscAtomicArrayQueue<>(64);
    private volatile boolean closed;

    /** The batch being taken apart, and its next message. Belongs to the taker. */
    private Batch current;

    private int next;
    /** Whether the last frame was of the node itself. Belongs to the taker. */
    private boolean wasOfNode;
    /** Of the messages that the next frame takes. Belongs to the taker. */
    private int[] lengths = new int[16];

    PeerQueue(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** @return false if the queue is full, or a message is too large for any frame */
    boolean offer(List<GroupMessage> messages) {
        long size = 0;
        for (int i = 0; i < messages.size(); i++) {
            int one = MessageCodec.size(messages.get(i));
            if (one > MessageCodec.MAX_FRAME_BYTES - MessageCodec.FRAME_HEADER) {
                return false;
            }
            size += one + MESSAGE_OVERHEAD;
        }
        if (closed || bytes.get() > 0 && bytes.get() + size > maxBytes) {
            return false;
        }
        bytes.addAndGet(size);
        queue.offer(new Batch(messages, size));
        return true;
    }

    /** @return false if so many wait already that it is dropped */
    boolean offer(NodeMessage message) {
        return !closed && ofNode.offer(message);
    }

    @Override
    public byte[] nextFrame() {
        if (!ofNode.isEmpty() && !(wasOfNode && advance())) {
            wasOfNode = true;
            return nodeFrame();
        }
        wasOfNode = false;
        ArrayList<GroupMessage> messages = new ArrayList<>();
        int size = MessageCodec.FRAME_HEADER;
        while (advance()) {
            GroupMessage message = current.messages.get(next);
            int length = MessageCodec.length(message);
            int one = MessageCodec.size(length);
            if (!messages.isEmpty() && size + one > MessageCodec.FRAME_BYTES) {
                break;
            }
            if (messages.size() == lengths.length) {
                lengths = Arrays.copyOf(lengths, 2 * lengths.length);
            }
            lengths[messages.size()] = length;
            messages.add(message);
            size += one;
            next++;
        }
        if (messages.isEmpty()) {
            return null;
        }
        ByteBuffer frame = MessageCodec.begin(size);
        for (int i = 0; i < messages.size(); i++) {
            MessageCodec.write(messages.get(i), lengths[i], frame);
        }
        return MessageCodec.end(frame);
    }

    private byte[] nodeFrame() {
        List<NodeMessage> messages = new ArrayList<>();
        int size = MessageCodec.FRAME_HEADER;
        for (NodeMessage next = ofNode.peek(); next != null; next = ofNode.peek()) {
            size += MessageCodec.size(next);
            if (!messages.isEmpty() && size > MessageCodec.FRAME_BYTES) {
                break;
            }
            messages.add(ofNode.poll());
        }
        return MessageCodec.frame(new Frame(messages, List.of()));
    }

    /** What waits, with what it takes in memory. */
    long waitingBytes() {
        return bytes.get();
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
        int dropped = ofNode.drain(message -> {});
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
