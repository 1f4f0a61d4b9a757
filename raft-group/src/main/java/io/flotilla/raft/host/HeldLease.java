package io.flotilla.raft.host;

import io.flotilla.raft.core.read.Lease;

/**
 * The lease of one leadership of a replica, as it is told beyond the replica's worker: that alone writes it, and revokes
 * it before anything leaves by which another could come to lead. Any thread.
 */
final class HeldLease {
    private final long term;
    private volatile long until;

    HeldLease(long term, long until) {
        this.term = term;
        this.until = until;
    }

    long term() {
        return term;
    }

    void extendTo(long nanos) {
        until = nanos;
    }

    void revoke() {
        until = Lease.NONE;
    }

    /** Whether nobody else led up to now, by a clock looked at now. */
    boolean holds(HostState state) {
        return state.nanos() < until;
    }
}
