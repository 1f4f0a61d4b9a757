package io.flotilla.raft.core;

/**
 * What a replica believes now; not durable, and one consistent value.
 *
 * @param leader the leader of {@code term} if known, else null
 * @param committed the highest index known committed
 * @param last the index of the last entry in the log
 */
public record SoftState(long term, RoleName role, NodeId leader, long committed, long last) {}
