package io.flotilla.raft.host.apply;

import io.flotilla.raft.core.read.Lease;
import io.flotilla.raft.host.shared.HostState;

/**
 * The lease of one leadership of a replica, as it is told beyond the replica's worker: that alone writes it, and revokes
 * it before anything leaves by which another could come to lead. Any thread.
 */
public final class HeldLease {
    private final long term;
    private volatile long until;

    public HeldLease(long term, long until) {
        this.term = term;
        this.until = until;
    }

    public long term() {
        return term;
    }

    public void extendTo(long nanos) {
        until = nanos;
    }

    public void revoke() {
        until = Lease.NONE;
    }

    /** Whether nobody else led up to now, by a clock looked at now. */
    boolean holds(HostState state) {
        return state.nanos() < until;
    }
}
