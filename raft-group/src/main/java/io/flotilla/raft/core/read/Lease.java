package io.flotilla.raft.core.read;

import java.util.ArrayDeque;

/**
 * Until when no other replica can have been elected (Raft thesis §6.4.1). A quorum that answered a round of heartbeats
 * heard it after it was sent, and helps nobody to replace the leader for a minimum election timeout from then on: so
 * the lease counts from the sending, on the leader's clock, and is shorter by what clocks may differ. Belongs to the
 * leader; ends with its office. Times are nanoseconds of the node's monotonic clock.
 */
public final class Lease {
    /** Before any time: there is no lease. */
    public static final long NONE = Long.MIN_VALUE;

    private final long length;
    private final ArrayDeque<Round> unanswered = new ArrayDeque<>(4);
    private long until = NONE;

    private record Round(long number, long sentAt) {}

    /** @param length nanoseconds; 0 if there are to be no leases */
    public Lease(long length) {
        this.length = length;
    }

    /** A round is about to leave; rounds are numbered upwards. */
    public void sent(long round, long now) {
        while (!unanswered.isEmpty() && unanswered.peek().sentAt + length <= now) {
            unanswered.remove();
        }
        if (length > 0) {
            unanswered.add(new Round(round, now));
        }
    }

    /** A quorum answered the round, or a later one. */
    public void confirmed(long round) {
        while (!unanswered.isEmpty() && unanswered.peek().number <= round) {
            until = Math.max(until, unanswered.remove().sentAt + length);
        }
    }

    /** Perhaps past already: whoever uses it looks at the clock. {@link #NONE} if no round was ever answered. */
    public long until() {
        return until;
    }
}
