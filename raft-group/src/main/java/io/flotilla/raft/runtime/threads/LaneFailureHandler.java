package io.flotilla.raft.runtime.threads;

import io.flotilla.raft.runtime.Lane;

/** Hears of a task that threw: a defect. Called on the lane's thread; must not throw. */
@FunctionalInterface
public interface LaneFailureHandler {
    void failed(Lane lane, Throwable cause);
}
