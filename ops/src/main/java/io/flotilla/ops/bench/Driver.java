package io.flotilla.ops.bench;

import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Keeps operations under way. Without a rate each of a fixed number of slots starts its next operation when the last one
 * has ended. With a rate operation number k is due at the start plus k / rate, whether earlier ones have ended or not, and
 * its time is counted from then: a fleet that stalls for a second makes all operations due in that second late,
 * although most of them could not even be sent.
 *
 * <p>Operations are started on the caller's thread, on a thread of the driver's own, or where others end. Nanoseconds.
 */
final class Driver {
    /** An operation that was started, and what it is about. */
    record Started(CompletableFuture<?> end, Place place) {}

    /** A shard, and the group that had it when the run began; -1 where that is not known. */
    record Place(long group, long shard) {}

    /** Hears of each end, on any thread. */
    interface Listener {
        /** @param since when it was due, or started if there is no rate; {@code failed} is null if it was done */
        void ended(Place place, long since, long now, Throwable failed);
    }

    private final Supplier<Started> operations;
    private final Slot[] slots;
    private final long rate;
    private final LongSupplier nanos;
    private final Listener listener;
    private final BlockingQueue<Slot> free;
    private volatile boolean stopped;
    private Thread pacer;
    private long begun;
    private long paced;

    Driver(Supplier<Started> operations, int inFlight, long rate, LongSupplier nanos, Listener listener) {
        this.operations = operations;
        this.rate = rate;
        this.nanos = nanos;
        this.listener = listener;
        this.slots = new Slot[inFlight];
        this.free = new ArrayBlockingQueue<>(inFlight);
        for (int i = 0; i < inFlight; i++) {
            slots[i] = new Slot();
        }
    }

    void start() {
        begun = nanos.getAsLong();
        if (rate == 0) {
            for (Slot slot : slots) {
                slot.begin(begun);
            }
            return;
        }
        free.addAll(List.of(slots));
        pacer = new Thread(this::pace, "bench-pace");
        pacer.setDaemon(true);
        pacer.start();
    }

    /** When operation k is due. */
    private long due(long k) {
        return begun + (long) (k * (1e9 / rate));
    }

    private void pace() {
        try {
            while (!stopped) {
                long due = due(paced);
                for (long wait = due - nanos.getAsLong(); wait > 0 && !stopped; wait = due - nanos.getAsLong()) {
                    LockSupport.parkNanos(wait);
                }
                Slot slot = stopped ? null : free.take();
                if (slot != null && !stopped) {
                    slot.begin(due);
                    paced++;
                }
            }
        } catch (InterruptedException told) {
            // to stop
        }
    }

    /** Starts nothing any more. What is under way goes on; nobody hears of its end. */
    void stop() throws InterruptedException {
        stopped = true;
        if (pacer != null) {
            pacer.interrupt();
            pacer.join();
        }
    }

    /**
     * Tells, after {@link #stop}, how long each operation had waited by then that was due before and had not ended: those
     * under way and, with a rate, those that could not be started.
     *
     * @param waited takes nanoseconds
     */
    void unfinished(long at, LongConsumer waited) {
        for (Slot slot : slots) {
            long since = slot.since;
            if (slot.busy && since < at) {
                waited.accept(at - since);
            }
        }
        if (rate > 0) {
            for (long k = paced; due(k) < at; k++) {
                waited.accept(at - due(k));
            }
        }
    }

    private final class Slot implements BiConsumer<Object, Throwable> {
        private volatile boolean busy;
        private volatile long since;
        private Place place;

        /** Starts operations one after the other until one is not over at once. */
        void begin(long due) {
            long from = due;
            while (true) {
                since = from;
                busy = true;
                Started started = operations.get();
                place = started.place();
                if (!started.end().isDone()) {
                    started.end().whenComplete(this);
                    return;
                }
                started.end().whenComplete((result, failed) -> report(failed));
                if (rate > 0 || stopped) {
                    release();
                    return;
                }
                from = nanos.getAsLong();
            }
        }

        @Override
        public void accept(Object result, Throwable failed) {
            report(failed);
            if (rate > 0) {
                release();
            } else if (!stopped) {
                begin(nanos.getAsLong());
            }
        }

        private void report(Throwable failed) {
            busy = false;
            if (!stopped) {
                listener.ended(place, since, nanos.getAsLong(), failed);
            }
        }

        private void release() {
            if (rate > 0) {
                free.add(this);
            }
        }
    }
}
