package io.flotilla.raft.transfer;

import io.flotilla.raft.runtime.Cancellable;
import io.flotilla.raft.runtime.Lane;
import java.util.function.LongSupplier;

/** Runs each task so many nanoseconds after it was given; with a negative delay never. */
final class DelayedLane implements Lane {
    private final Lane lane;
    private final LongSupplier delay;

    DelayedLane(Lane lane, LongSupplier delay) {
        this.lane = lane;
        this.delay = delay;
    }

    @Override
    public void execute(Runnable task) {
        long nanos = delay.getAsLong();
        if (nanos >= 0) {
            lane.after(nanos, task);
        }
    }

    @Override
    public Cancellable after(long delayNanos, Runnable task) {
        return lane.after(delayNanos, task);
    }

    @Override
    public boolean isCurrent() {
        return lane.isCurrent();
    }

    @Override
    public String name() {
        return lane.name();
    }
}
