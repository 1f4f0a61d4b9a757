package io.flotilla.client.call;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * Timers for many operations at the cost of two list links each: to schedule and to cancel takes constant time and
 * makes no garbage. A timer fires up to one tick (4.2 ms) late, never early; timers of one tick fire in the order in
 * which they were scheduled. Owned by the loop. Times are nanoseconds, never negative.
 */
final class TimerWheel {
    private static final int TICK_SHIFT = 22;
    private static final int SLOTS = 1024;

    private final Timed[] slots = new Timed[SLOTS];
    private final long[] used = new long[SLOTS / 64];
    private final LongConsumer alarm;
    private long current;
    private int size;
    private long armed = Long.MAX_VALUE;
    private boolean firing;
    private RuntimeException failure;

    /** @param alarm told when {@link #advance} should be called next; each time replaces the one before */
    TimerWheel(LongConsumer alarm) {
        this.alarm = alarm;
        for (int i = 0; i < SLOTS; i++) {
            slots[i] = ring();
        }
    }

    /** Schedules, or moves if it is scheduled already. */
    void schedule(Timed timed, long at) {
        cancel(timed);
        timed.tick = Math.max(current + 1, (at + (1L << TICK_SHIFT) - 1) >> TICK_SHIFT);
        insert(timed);
        size++;
        if (!firing && timed.tick < armed) {
            arm(timed.tick);
        }
    }

    void cancel(Timed timed) {
        if (timed.isScheduled()) {
            unlink(timed);
            size--;
        }
    }

    /** All that are scheduled; they stay. */
    List<Timed> all() {
        List<Timed> all = new ArrayList<>(size);
        for (Timed slot : slots) {
            for (Timed timed = slot.next; timed != slot; timed = timed.next) {
                all.add(timed);
            }
        }
        return all;
    }

    /** The first tick that may have a timer, not later than the first that has. Not if empty. */
    private long nextTick() {
        for (int ahead = 1; ahead <= SLOTS; ) {
            int slot = (int) ((current + ahead) & (SLOTS - 1));
            long word = used[slot >> 6] >>> (slot & 63);
            if (word != 0) {
                int skip = Long.numberOfTrailingZeros(word);
                Timed ring = slots[slot + skip];
                if (ring.next != ring) {
                    return current + ahead + skip;
                }
                used[(slot + skip) >> 6] &= ~(1L << ((slot + skip) & 63));
            } else {
                ahead += 64 - (slot & 63);
            }
        }
        return current + SLOTS;
    }

    /**
     * Wakes all whose time has come. They may schedule and cancel others. If one throws, the others are woken all the
     * same; the first failure is thrown at the end, with the later ones attached.
     */
    void advance(long now) {
        armed = Long.MAX_VALUE;
        firing = true;
        long target = now >> TICK_SHIFT;
        failure = null;
        try {
            for (long tick = Math.max(current + 1, target - SLOTS + 1); tick <= target; tick++) {
                current = tick;
                Timed slot = slots[(int) (tick & (SLOTS - 1))];
                if (slot.next != slot) {
                    fire(slot, target, now);
                }
            }
            current = Math.max(current, target);
        } finally {
            firing = false;
            if (size > 0) {
                arm(nextTick());
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    private void arm(long tick) {
        armed = tick;
        alarm.accept(tick << TICK_SHIFT);
    }

    private void fire(Timed slot, long target, long now) {
        Timed due = ring();
        due.next = slot.next;
        due.previous = slot.previous;
        due.next.previous = due;
        due.previous.next = due;
        slot.next = slot;
        slot.previous = slot;
        while (due.next != due) {
            Timed timed = due.next;
            unlink(timed);
            if (timed.tick > target) {
                insert(timed);
            } else {
                size--;
                wake(timed, now);
            }
        }
    }

    private void wake(Timed timed, long now) {
        try {
            timed.wake(now);
        } catch (RuntimeException e) {
            if (failure == null) {
                failure = e;
            } else if (failure != e) {
                failure.addSuppressed(e);
            }
        }
    }

    private void insert(Timed timed) {
        int slot = (int) (timed.tick & (SLOTS - 1));
        Timed ring = slots[slot];
        timed.previous = ring.previous;
        timed.next = ring;
        ring.previous.next = timed;
        ring.previous = timed;
        used[slot >> 6] |= 1L << (slot & 63);
    }

    private static void unlink(Timed timed) {
        timed.previous.next = timed.next;
        timed.next.previous = timed.previous;
        timed.previous = null;
        timed.next = null;
    }

    private static Timed ring() {
        Timed ring = new Timed() {
            @Override
            void wake(long now) {
                throw new IllegalStateException("the head of a list is no timer");
            }
        };
        ring.next = ring;
        ring.previous = ring;
        return ring;
    }
}
