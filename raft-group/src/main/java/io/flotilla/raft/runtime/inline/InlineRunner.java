package io.flotilla.raft.runtime.inline;

/** Who runs a non-blocking lane in place of its own thread, while that sleeps. */
public enum InlineRunner {
    NOBODY,
    /** Whoever gave it a task from within {@link InlineRuns}. */
    GIVER,
    /** The {@link Carrier} that the lane was made for. */
    CARRIER
}
