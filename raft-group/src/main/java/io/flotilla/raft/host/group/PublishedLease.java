package io.flotilla.raft.host.group;

import io.flotilla.raft.core.RaftCore;
import io.flotilla.raft.core.read.Lease;
import io.flotilla.raft.host.apply.HeldLease;

/**
 * The lease of a replica as other lanes see it. The replica's worker writes it, after the status; any lane reads it, before the
 * status.
 */
final class PublishedLease {
    /** Null while there is none. */
    private volatile HeldLease held;

    /** Null while there is none. Any lane. */
    HeldLease held() {
        return held;
    }

    /** @param term the one in which the replica leads, if it leads */
    void publish(RaftCore core, long term) {
        HeldLease before = held;
        long until = core.leaseUntil();
        if (until == Lease.NONE) {
            revoke();
        } else if (before != null && before.term() == term) {
            before.extendTo(until);
        } else {
            revoke();
            held = new HeldLease(term, until);
        }
    }

    void revoke() {
        HeldLease before = held;
        if (before != null) {
            before.revoke();
            held = null;
        }
    }
}
