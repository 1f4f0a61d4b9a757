package io.flotilla.raft.host.shared;

import io.flotilla.raft.runtime.Clock;
import io.flotilla.raft.runtime.Held;
import io.flotilla.raft.runtime.Lane;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongUnaryOperator;
import org.jctools.queues.atomic.MpscUnboundedAtomicArrayQueue;

/**
 * What waits for one lane, and the one task that serves it: the task is given to the lane when the inbox turns
 * non-empty, and gives itself again while it is not. Any thread puts; the lane takes.
 *
 * <p>A lane that carries much while the node lets work gather ({@link Pace}) runs its turns some time apart.
 *
 * <p>Requests from outside are bounded by weight and bytes; answers to the lane's own requests are bounded by those.
 */
public final class Inbox<T> {
    /** What a lane carries is forgotten over this time. */
    private static final long MEMORY_NANOS = 4_000_000L;
    /** What an item counts for besides its bytes. */
    private static final long ITEM_BYTES = 64;

    private final Lane lane;
    /** How far apart turns begin after so many bytes; null: nothing ever gathers. */
    private final LongUnaryOperator apart;

    private final Clock clock;
    private final int maxWeight;
    private final long maxBytes;
    private final Runnable turn;
    private final Runnable task = this::run;
    private final MpscUnboundedAtomicArrayQueue<T> queue = new MpscUnboundedAtomicArrayQueue<>(256);
    private final AtomicInteger weight = new AtomicInteger();
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicBoolean scheduled = new AtomicBoolean();

    // the lane's own
    private long turnBegun;
    private long carriedLately;

    /** @param turn takes some of what waits; run on the lane */
    public Inbox(Lane lane, int maxWeight, long maxBytes, Runnable turn) {
        this(lane, null, null, maxWeight, maxBytes, turn);
    }

    /**
     * One whose lane may let work gather; the turn then tells what it {@link #carried}.
     *
     * @param apart the nanoseconds between the beginnings of two turns, by what was carried lately; see {@link Pace}
     */
    public Inbox(Lane lane, Clock clock, LongUnaryOperator apart, int maxWeight, long maxBytes, Runnable turn) {
        this.lane = lane;
        this.clock = clock;
        this.apart = apart;
        this.maxWeight = maxWeight;
        this.maxBytes = maxBytes;
        this.turn = turn;
    }

    /** @return false if too much waits already */
    public boolean offer(T item, int itemWeight, long itemBytes) {
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
    public void put(T item) {
        queue.offer(item);
        schedule();
    }

    private void schedule() {
        if (!scheduled.get() && scheduled.compareAndSet(false, true)) {
            lane.execute(task);
        }
    }

    /** What was offered and not taken. Any thread. */
    public void held(String what, Held held) {
        held.add(what, weight.get());
        held.add(what + " bytes", bytes.get());
    }

    /** The next item, or null. By the turn. */
    public T take() {
        return queue.poll();
    }

    /** An item that was offered (not put) has been taken. */
    public void taken(int itemWeight, long itemBytes) {
        weight.addAndGet(-itemWeight);
        if (itemBytes > 0) {
            bytes.addAndGet(-itemBytes);
        }
    }

    /** The turn has carried so much. By the turn. */
    public void carried(int items, long itemBytes) {
        carriedLately += ITEM_BYTES * items + itemBytes;
    }

    /** Whether the turns are some time apart now. On the lane. */
    public boolean gathers() {
        return apart != null && apart.applyAsLong(carriedLately) > 0;
    }

    private void run() {
        if (apart != null) {
            forget();
        }
        long before = carriedLately;
        try {
            turn.run();
        } finally {
            // a turn that found nothing is the last one for now
            long wait = carriedLately == before ? 0 : untilNextTurn();
            if (wait > 0) {
                lane.after(wait, task);
            } else if (queue.isEmpty()) {
                scheduled.set(false);
                if (!queue.isEmpty()) {
                    schedule();
                }
            } else {
                lane.execute(task);
            }
        }
    }

    private void forget() {
        long now = clock.nanos();
        long passed = now - turnBegun;
        turnBegun = now;
        carriedLately = passed >= MEMORY_NANOS ? 0 : carriedLately - carriedLately * passed / MEMORY_NANOS;
    }

    private long untilNextTurn() {
        long nanos = apart.applyAsLong(carriedLately);
        return nanos == 0 ? 0 : turnBegun + nanos - clock.nanos();
    }
}
