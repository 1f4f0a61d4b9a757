package io.flotilla.raft.runtime;

/** A delayed task that has not run yet. Thread-safe. */
public interface Cancellable {
    /** Keeps the task from running if it has not started. Calling it again, or too late, does nothing. */
    void cancel();
}
