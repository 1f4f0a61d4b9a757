package io.flotilla.raft.core.read;

/**
 * Whether leaders answer reads under a lease, and how far clocks are trusted. What makes leases sound, that followers
 * help nobody to replace a leader they heard from within the minimum election timeout, is always on; so nodes may differ
 * in this, but never in the election timeout.
 *
 * @param enabled whether leases are used; reads take a round of messages without
 * @param driftPercent by how much the rates of two nodes' monotonic clocks may differ at most
 */
public record LeaseConfig(boolean enabled, int driftPercent) {
    public LeaseConfig {
        if (driftPercent < 0 || driftPercent > 50) {
            throw new IllegalArgumentException("a clock drift of " + driftPercent
                    + " % is out of range: leases need clocks that differ by 0 to 50 %");
        }
    }

    /** Leases, with clocks that differ by up to 10 %: a hundred times what crystals do. */
    public static LeaseConfig defaults() {
        return new LeaseConfig(true, 10);
    }

    /** No leases. */
    public static LeaseConfig off() {
        return new LeaseConfig(false, 0);
    }

    /**
     * How long a lease lasts from the moment at which the messages left that a quorum answered: the time for which
     * followers stick to their leader, less the drift and one tick. 0 if there are none.
     */
    public long nanos(long electionNanos, long tickNanos) {
        return enabled ? Math.max(0, electionNanos / 100 * (100 - driftPercent) - tickNanos) : 0;
    }
}
