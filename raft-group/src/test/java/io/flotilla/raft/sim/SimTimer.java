package io.flotilla.raft.sim;

import io.flotilla.raft.runtime.Cancellable;

/** One event in the scheduler's queue. */
final class SimTimer implements Cancellable, Comparable<SimTimer> {
    final long time;
    private final long sequence;
    private Runnable action;

    SimTimer(long time, long sequence, Runnable action) {
        this.time = time;
        this.sequence = sequence;
        this.action = action;
    }

    /** The action, once; null if it was cancelled. */
    Runnable take() {
        Runnable taken = action;
        action = null;
        return taken;
    }

    @Override
    public void cancel() {
        action = null;
    }

    @Override
    public int compareTo(SimTimer other) {
        return time != other.time ? Long.compare(time, other.time) : Long.compare(sequence, other.sequence);
    }
}
