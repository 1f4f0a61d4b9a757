package io.flotilla.kv.machine;

/**
 * How much a shard remembers of its clients. Part of what makes replicas agree: all of a group must use the same.
 *
 * @param maxSessions per shard
 * @param maxReplies kept per session
 * @param maxSessionBytes of replies per session before the write that is refused
 * @param maxShardBytes of replies per shard before the write that is refused
 * @param sweepMillis log time between two searches for expired sessions
 * @param busySweepMillis the same while the shard has no room for another session
 */
record SessionLimits(
        int maxSessions,
        int maxReplies,
        long maxSessionBytes,
        long maxShardBytes,
        long sweepMillis,
        long busySweepMillis) {
    static final SessionLimits DEFAULT = new SessionLimits(16_384, 4_096, 1 << 20, 64 << 20, 10_000, 1_000);
}
