package io.flotilla.raft.host;

import io.flotilla.raft.runtime.Lane;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jctools.queues.atomic.MpscUnboundedAtomicArrayQueue;

/**
 * What waits for one lane, and the one task that serves it: the task is given to the lane when the inbox turns
 * non-empty, and gives itself again while it is not. Any thread puts; the lane takes.
 *
 * <p>Requests from outside are bounded by weight and bytes; answers to the lane's own requests are bounded by those.
 */
final class Inbox<T> {
    private final Lane lane;
    private final int maxWeight;
    private final long maxBytes;
    private final Runnable turn;
    private final Runnable task = this::run;
    private final MpscUnboundedAtomicArrayQueue<T> queue = new MpscUnboundedAtomicArrayQueue<>(256);
    private final AtomicInteger weight = new AtomicInteger();
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicBoolean scheduled = new AtomicBoolean();

    /** @param turn takes some of what waits; run on the lane */
    Inbox(Lane lane, int maxWeight, long maxBytes, Runnable turn) {
        this.lane = lane;
        this.maxWeight = maxWeight;
        this.maxBytes = maxBytes;
        this.turn = turn;
    }

    /** @return false if too much waits already */
    boolean offer(T item, int itemWeight, long itemBytes) {
        if (weight.get() > 0
                && (weight.get() + itemWeight > maxWeight || itemBytes > 0 && bytes.get() + itemBytes > maxBytes)) {
            return false;
        }
        weight.addAndGet(itemWeight);
        if (itemBytes > 0) {
            bytes.addAndGet(itemBytes);
        }
        put(item);
        return true;
    }

    /** Puts without asking; nothing is counted. */
    void put(T item) {
        queue.offer(item);
        schedule();
    }

    private void schedule() {
        if (!scheduled.get() && scheduled.compareAndSet(false, true)) {
            lane.execute(task);
        }
    }

    /** The next item, or null. By the turn. */
    T take() {
        return queue.poll();
    }

    /** An item that was offered (not put) has been taken. */
    void taken(int itemWeight, long itemBytes) {
        weight.addAndGet(-itemWeight);
        if (itemBytes > 0) {
            bytes.addAndGet(-itemBytes);
        }
    }

    private void run() {
        try {
            turn.run();
        } finally {
            if (queue.isEmpty()) {
                scheduled.set(false);
                if (!queue.isEmpty()) {
                    schedule();
                }
            } else {
                lane.execute(task);
            }
        }
    }
}
