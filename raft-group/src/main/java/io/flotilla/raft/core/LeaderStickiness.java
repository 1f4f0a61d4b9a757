package io.flotilla.raft.core;

/**
 * What this replica owes the leader it last heard from: for a minimum election timeout it helps nobody to replace it,
 * itself included (Raft thesis §4.2.3 and §6.4.1). Leases rest on it, so it counts the node's monotonic clock and not
 * ticks, which are made up for after a stall; and it outlives roles and terms, for a larger term alone proves nothing
 * about the leader's lease. Whom a replica heard before a restart nobody knows: then it owes it to everyone, unless its
 * term is 0 and there never was a leader.
 */
final class LeaderStickiness {
    private final long length;
    private NodeId leader;
    private long until;

    /** @param now when the replica starts */
    LeaderStickiness(long length, boolean wasEverLed, long now) {
        this.length = length;
        this.until = wasEverLed ? now + length : now;
    }

    /** The leader of the current term spoke; what it said was taken from the network before {@code now}. */
    void heard(NodeId from, long now) {
        leader = from;
        until = Math.max(until, now + length);
    }

    /** A leader that asks for votes leads no more, so it is no reason to refuse itself. */
    boolean forbids(NodeId candidate, long now) {
        return now < until && !candidate.equals(leader);
    }
}
