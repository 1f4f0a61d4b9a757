package io.flotilla.raft.runtime.threads;

/** Who runs a lane in place of its own thread, while that sleeps. */
enum Borrowers {
    NOBODY,
    /** Whoever gave it a task and has lent himself. */
    GIVERS,
    /** The one thread of the runtime's {@link Carriers} that the lane was made for. */
    CARRIERS
}
