package io.flotilla.kv.service;

import io.flotilla.raft.runtime.Clock;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Shards on their way out of a group here whose writes outrun the copies: a share of their writes is refused, so that the copies come
 * near enough for a short freeze. The share grows by an eighth, to seven at most, each time the target's leader says that what a
 * majority of its replicas lacks does not shrink, and falls by an eighth each time it says that it does. Nothing is refused 1 s after it said
 * anything. Thread-safe; never blocks.
 */
public final class OutrunShards {
    private static final int EIGHTHS = 8;
    private static final int MOST = 7;
    private static final long STEP_NANOS = 100_000_000L;
    private static final long WORD_NANOS = 1_000_000_000L;

    private final Clock clock;
    private final Map<Long, Share> shares = new ConcurrentHashMap<>();

    /** Replaced as a whole, but for the count of writes. */
    private record Share(int eighths, long steppedAt, long toldAt, AtomicInteger writes) {}

    public OutrunShards(Clock clock) {
        this.clock = clock;
    }

    /** What the target's leader says. Any thread. */
    public void told(long shard, boolean isOutrun) {
        long now = clock.nanos();
        if (isOutrun || shares.containsKey(shard)) {
            shares.compute(shard, (id, share) -> next(share, isOutrun, now));
        }
    }

    private static Share next(Share share, boolean isOutrun, long now) {
        boolean isOver = share == null || now - share.toldAt >= WORD_NANOS;
        if (isOver) {
            return isOutrun ? new Share(1, now, now, new AtomicInteger()) : null;
        }
        if (now - share.steppedAt < STEP_NANOS) {
            return new Share(share.eighths, share.steppedAt, now, share.writes);
        }
        int eighths = isOutrun ? Math.min(MOST, share.eighths + 1) : share.eighths - 1;
        return eighths == 0 ? null : new Share(eighths, now, now, share.writes);
    }

    /** Whether the next write to a shard is of the share that is refused. Any thread. */
    boolean refusesNext(long shard) {
        if (shares.isEmpty()) {
            return false;
        }
        Share share = shares.get(shard);
        if (share == null) {
            return false;
        }
        if (clock.nanos() - share.toldAt >= WORD_NANOS) {
            shares.remove(shard, share);
            return false;
        }
        // evenly: each write adds the share, and each whole is one refused
        int before = share.writes.getAndAdd(share.eighths) & Integer.MAX_VALUE;
        return before / EIGHTHS != (before + share.eighths) / EIGHTHS;
    }
}
