package io.flotilla.raft.runtime.threads;

import io.flotilla.raft.runtime.Lane;

/** Hears of a task that threw: a defect. Called on the thread that ran it; must not throw. */
@FunctionalInterface
public interface LaneFailureHandler {
    /** @param cause what the task threw; the lane goes on with the next one */
    void failed(Lane lane, Throwable cause);
}
