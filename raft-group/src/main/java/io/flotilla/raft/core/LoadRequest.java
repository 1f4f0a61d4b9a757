package io.flotilla.raft.core;

/**
 * Entries that are on disk but no longer in memory are wanted: the host reads {@code [from, to]} up to {@code maxBytes}
 * (at least one entry) and answers with {@link RaftCore#loaded}. At most one per purpose is outstanding.
 *
 * @param purpose the follower they are for, or null if they are to be applied
 */
public record LoadRequest(NodeId purpose, long from, long to, int maxBytes) {}
