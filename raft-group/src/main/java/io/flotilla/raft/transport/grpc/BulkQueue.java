package io.flotilla.raft.transport.grpc;

import io.flotilla.raft.transport.BulkCodec;
import io.flotilla.raft.transport.BulkMessage;
import java.util.concurrent.atomic.AtomicLong;
import org.jctools.queues.atomic.MpscUnboundedAtomicArrayQueue;

/** The bulk that waits for one peer, bounded in bytes; one message is one frame. */
final class BulkQueue implements FrameQueue {
    private final long maxBytes;
    private final AtomicLong bytes = new AtomicLong();
    private final MpscUnboundedAtomicArrayQueue<BulkMessage> queue = new MpscUnboundedAtomicArrayQueue<>(64);
    private volatile boolean closed;

    BulkQueue(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** @return false if the queue is full */
    boolean offer(BulkMessage message) {
        int weight = BulkCodec.weight(message);
        if (closed || (bytes.get() > 0 && bytes.get() + weight > maxBytes)) {
            return false;
        }
        bytes.addAndGet(weight);
        queue.offer(message);
        return true;
    }

    private BulkMessage take() {
        BulkMessage message = queue.poll();
        if (message != null) {
            bytes.addAndGet(-BulkCodec.weight(message));
        }
        return message;
    }

    @Override
    public byte[] nextFrame() {
        BulkMessage message = take();
        return message == null ? null : BulkCodec.encode(message);
    }

    @Override
    public int clear() {
        int dropped = 0;
        while (take() != null) {
            dropped++;
        }
        return dropped;
    }

    @Override
    public void close() {
        closed = true;
    }
}
