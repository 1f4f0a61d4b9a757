package io.flotilla.kv.machine;

import io.flotilla.raft.runtime.Clock;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * What others than the applier may know of a shard of this node: how much it is asked for, its log time as it goes on by itself, and
 * which sessions have no room. The latter two are as of what was applied here last, so a little old; whoever acts on it must be right all the same: an entry
 * is judged again when it is applied.
 *
 * <p>But for the counts changed by the shard's applier alone; read by any thread.
 */
public final class ShardGauge {
    /** A shard that has room for sessions. */
    private static final long ROOM = Long.MIN_VALUE;

    private static final Long HAS_ROOM = 0L;

    /** At this moment of the monotonic clock the log time was that. */
    private record Anchor(long logMillis, long nanos) {
        long at(long now) {
            return logMillis + Math.max(0, now - nanos) / 1_000_000;
        }
    }

    private final Clock clock;
    /** All sessions of the shard; of one without room the first unacknowledged sequence, else 0. */
    private final ConcurrentHashMap<SessionId, Long> sessions = new ConcurrentHashMap<>();

    private final LongAdder reads = new LongAdder();
    private final LongAdder writes = new LongAdder();

    private volatile Anchor anchor;
    /** The applier's count, and what others see of it. */
    private int fullCount;

    private volatile boolean anySessionFull;
    private volatile boolean bytesFull;
    /** The log time from which on there may be room for another session. */
    private volatile long noSessionsBefore = ROOM;

    ShardGauge(Clock clock, long logTime) {
        this.clock = clock;
        this.anchor = new Anchor(logTime, clock.nanos());
    }

    /**
     * The log time that an entry proposed now should carry: this node's clock, or the last log time and what the monotonic clock
     * has counted since, whichever is later. So one clock that was ahead does not make log time stand still.
     */
    public long logTime() {
        return Math.max(clock.wallMillis(), anchor.at(clock.nanos()));
    }

    /** Whether a write of this session would be refused for want of room: told approximately. */
    public boolean isFull(long sessionHigh, long sessionLow, long sequence, long firstUnacknowledged) {
        boolean noNewSession = noSessionsBefore != ROOM;
        if (!anySessionFull && !bytesFull && !noNewSession) {
            return false;
        }
        // what can't be acknowledged before it is answered always has room
        if (sequence == firstUnacknowledged) {
            return noNewSession && !knows(sessionHigh, sessionLow) && logTime() < noSessionsBefore;
        }
        if (bytesFull) {
            return true;
        }
        Long oldest = sessions.get(new SessionId(sessionHigh, sessionLow));
        if (oldest == null) {
            return noNewSession && logTime() < noSessionsBefore;
        }
        return oldest != HAS_ROOM.longValue() && sequence != oldest && firstUnacknowledged <= oldest;
    }

    private boolean knows(long high, long low) {
        return sessions.containsKey(new SessionId(high, low));
    }

    /** So many reads of the shard were answered here. Any thread. */
    public void countReads(long more) {
        reads.add(more);
    }

    /** So many writes of the shard were put into the log from here. Any thread. */
    public void countWrites(long more) {
        writes.add(more);
    }

    /** The reads that were counted. Any thread. */
    public long reads() {
        return reads.sum();
    }

    /** The writes that were counted. Any thread. */
    public long writes() {
        return writes.sum();
    }

    // ---- the applier's ----

    /** Log time is this now. It goes on from where it would be by itself, if that is later. */
    void applied(long logTime) {
        long now = clock.nanos();
        if (logTime > anchor.at(now)) {
            anchor = new Anchor(logTime, now);
        }
    }

    void began(SessionId id) {
        sessions.put(id, HAS_ROOM);
    }

    void forgot(SessionId id) {
        Long oldest = sessions.remove(id);
        if (oldest != null && oldest != 0) {
            count(-1);
        }
    }

    /** @param oldest the first unacknowledged sequence of a session without room; 0 if it has room */
    void room(SessionId id, long oldest) {
        long before = sessions.put(id, oldest);
        count((oldest != 0 ? 1 : 0) - (before != 0 ? 1 : 0));
    }

    private void count(int more) {
        fullCount += more;
        if (anySessionFull != fullCount > 0) {
            anySessionFull = fullCount > 0;
        }
    }

    /** @param full whether the shard has no room for further replies */
    void bytes(boolean full) {
        if (full != bytesFull) {
            bytesFull = full;
        }
    }

    void noSessionsBefore(long logTime) {
        noSessionsBefore = logTime;
    }

    void roomForSessions() {
        if (noSessionsBefore != ROOM) {
            noSessionsBefore = ROOM;
        }
    }
}
