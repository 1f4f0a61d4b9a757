package io.flotilla.raft.host;

/** Where a linearizable read is made. */
public enum ReadAt {
    /** At the leader alone; elsewhere it is refused. Asks nobody while the leader holds a lease. */
    LEADER,

    /**
     * At this replica, whatever it is. One that does not lead asks its leader up to where it must have applied first: a
     * message each way, and then perhaps a wait. Refused where no leader is known.
     */
    ANY_REPLICA
}
