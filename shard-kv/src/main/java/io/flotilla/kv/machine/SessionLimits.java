package io.flotilla.kv.machine;

/**
 * How much a shard remembers of its clients. Part of what makes replicas agree: all of a group must use the same.
 *
 * @param maxSessions per shard
 * @param maxReplies kept per session
 * @param maxSessionBytes of replies per session before the write that is refused, as {@link Session#bytes} counts
 * @param maxShardBytes of replies per shard before the write that is refused
 * @param sweepMillis log time between two searches for expired sessions
 * @param busySweepMillis the same while the shard has no room for another session
 */
public record SessionLimits(
        int maxSessions,
        int maxReplies,
        long maxSessionBytes,
        long maxShardBytes,
        long sweepMillis,
        long busySweepMillis) {
    /**
     * How far ahead of log time a write's not-after may lie, and for how long after it its reply is kept; milliseconds of log
     * time.
     */
    public static final long WINDOW_MILLIS = 60_000;

    /** Replies kept per session: some 100 bytes of memory each. */
    private static final int KEPT_WRITES = 8_192;

    /**
     * A client has at most so many unacknowledged writes in a session: half of what is kept, for those of its writes that were
     * answered when it sent may not have been acknowledged when they come.
     */
    public static final int SESSION_WRITES = KEPT_WRITES / 2;

    /** The bytes leave room for the replies to {@link #SESSION_WRITES} writes of any kind. */
    static final SessionLimits DEFAULT = new SessionLimits(16_384, KEPT_WRITES, 1 << 20, 64 << 20, 10_000, 1_000);

    /** Whether log time has passed so far that nobody can ask for the reply any more and learn from its absence. */
    static boolean isOver(long notAfterMillis, long logTimeMillis) {
        return logTimeMillis - notAfterMillis > WINDOW_MILLIS;
    }
}
