package io.flotilla.raft.core.membership;

/** A membership and the index from which it is in force: its entry's, or that of a log's base or snapshot. */
public record MembershipEntry(long index, Membership membership) {}
