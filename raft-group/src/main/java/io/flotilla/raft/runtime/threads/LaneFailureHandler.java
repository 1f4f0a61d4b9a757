package io.flotilla.raft.runtime.threads;

import io.flotilla.raft.runtime.Lane;

/** Hears of tasks that threw: defects. Called on the thread that ran them; must not throw. */
@FunctionalInterface
public interface LaneFailureHandler {
    /** @param cause what the task threw; the lane goes on with the next one */
    void failed(Lane lane, Throwable cause);

    /**
     * The lane's thread has ended before its time, or what should have been told of a task could not be: nothing will run there
     * any more, or nobody knows.
     *
     * @param cause null if that is unknown
     */
    default void ended(Lane lane, Throwable cause) {}
}
