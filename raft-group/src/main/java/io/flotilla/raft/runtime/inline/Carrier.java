package io.flotilla.raft.runtime.inline;

/** A thread that wakes often for reasons of its own, and runs lanes while it is awake. Thread-safe. */
@FunctionalInterface
public interface Carrier {
    /**
     * Has the carrier run the task soon, after those given before it.
     *
     * @return false if it has ended: the task will not run
     */
    boolean offer(Runnable task);
}
