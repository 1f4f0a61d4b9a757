package io.flotilla.raft.core;

/** The read {@code readId} is linearizable once the state machine has applied {@code index}. */
public record ReadGrant(long readId, long index) {}
