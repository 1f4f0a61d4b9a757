package io.flotilla.raft.core.replication;

/** How a leader sends entries to one follower. */
sealed interface Flow permits HoldingBack, Probing, Replicating, Snapshotting {
    /** Whether one more message of up to {@code bytes} may leave. */
    boolean hasRoomFor(int bytes);

    /** A message ending at {@code lastIndex} left at tick {@code now}. */
    void sent(long lastIndex, int bytes, long now);
}
