package io.flotilla.raft.core;

import io.flotilla.raft.core.read.LeaseConfig;

/**
 * The limits and timings of one replica. Times are in ticks; the host decides what a tick is (50 ms by default).
 *
 * @param electionTicks a follower that heard from no leader for a random time in {@code [electionTicks, 2 *
 *     electionTicks)} campaigns; a leader that heard from no quorum for {@code electionTicks} steps down
 * @param heartbeatTicks a leader sends heartbeats on each tick number divisible by this; less than a third of {@code
 *     electionTicks}
 * @param maxAppendBytes entries per append message (one entry may exceed it alone)
 * @param maxInflightMessages append messages on their way to one follower
 * @param maxInflightBytes bytes of entries on their way to one follower
 * @param maxUncommittedBytes of entries that the leader has not committed and applied yet; proposals beyond it answer
 *     busy
 * @param maxApplyBytes committed entries handed to the state machine at once
 * @param maxResidentBytes entries kept in memory although they are durable and applied, for followers that lag a little
 * @param preVote whether to ask before campaigning; off only in tests that show what it is for
 * @param leases whether reads are answered under a lease
 */
public record CoreConfig(
        int electionTicks,
        int heartbeatTicks,
        int maxAppendBytes,
        int maxInflightMessages,
        int maxInflightBytes,
        int maxUncommittedBytes,
        int maxApplyBytes,
        int maxResidentBytes,
        boolean preVote,
        LeaseConfig leases) {
    public CoreConfig {
        if (heartbeatTicks < 1 || heartbeatTicks * 3 >= electionTicks) {
            throw new IllegalArgumentException("the heartbeat interval (" + heartbeatTicks
                    + " ticks) must be at least 1 and less than a third of the election timeout (" + electionTicks
                    + " ticks): raise the election timeout or lower the heartbeat interval");
        }
        if (maxAppendBytes < 1
                || maxInflightMessages < 1
                || maxInflightBytes < maxAppendBytes
                || maxUncommittedBytes < 1
                || maxApplyBytes < 1
                || maxResidentBytes < 0) {
            throw new IllegalArgumentException("every limit must be positive, and maxInflightBytes (" + maxInflightBytes
                    + ") at least maxAppendBytes (" + maxAppendBytes + ")");
        }
    }

    /** With {@link LeaseConfig#defaults}. */
    public CoreConfig(
            int electionTicks,
            int heartbeatTicks,
            int maxAppendBytes,
            int maxInflightMessages,
            int maxInflightBytes,
            int maxUncommittedBytes,
            int maxApplyBytes,
            int maxResidentBytes,
            boolean preVote) {
        this(
                electionTicks,
                heartbeatTicks,
                maxAppendBytes,
                maxInflightMessages,
                maxInflightBytes,
                maxUncommittedBytes,
                maxApplyBytes,
                maxResidentBytes,
                preVote,
                LeaseConfig.defaults());
    }

    /** Election timeout 1–2 s and heartbeat 250 ms at a tick of 50 ms. */
    public static CoreConfig defaults() {
        return new CoreConfig(20, 5, 192 << 10, 64, 4 << 20, 32 << 20, 1 << 20, 1 << 20, true);
    }

    /** The same with another bound on what waits to be committed and applied. */
    public CoreConfig withMaxUncommittedBytes(int bytes) {
        return new CoreConfig(
                electionTicks,
                heartbeatTicks,
                maxAppendBytes,
                maxInflightMessages,
                maxInflightBytes,
                bytes,
                maxApplyBytes,
                maxResidentBytes,
                preVote,
                leases);
    }

    /** The same with other leases. */
    public CoreConfig withLeases(LeaseConfig other) {
        return new CoreConfig(
                electionTicks,
                heartbeatTicks,
                maxAppendBytes,
                maxInflightMessages,
                maxInflightBytes,
                maxUncommittedBytes,
                maxApplyBytes,
                maxResidentBytes,
                preVote,
                other);
    }
}
