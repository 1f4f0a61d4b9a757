package io.flotilla.client.call;

import io.flotilla.client.routing.ShardRoute;
import java.util.ArrayDeque;

/**
 * This client's session in one shard. It has room for a bounded number of unacknowledged writes, fewer than the shard
 * keeps replies of: a write gets its number, in the order in which writes were given, only when it has a place, and
 * those without wait here. So a shard never has to refuse a write for want of room in its session. A place is free again
 * when the write <em>and all before it</em> are over, for only then may the shard forget; the oldest write is therefore the
 * one that is helped first.
 *
 * <p>A write keeps its session and number for all its attempts, also when its key changes shards. Owned by the loop.
 */
final class WriteSession {
    final long shard;
    private final Sessions sessions;
    private ShardRoute route;
    private long high;
    private long low;
    private long last;
    // in order of sequence; the first is unanswered
    private final ArrayDeque<WriteCall<?>> window = new ArrayDeque<>();
    private final WaitingRoom waiting = new WaitingRoom();
    /** Places of writes that have no number yet. */
    private int reserved;
    /** What the shard's nodes told. */
    private int mostWrites = 1;

    private long windowMillis;
    private boolean releasing;
    private long usedAt;

    /** Attempts whose answers are still to come, also of writes that are over. */
    private int unanswered;
    /** An attempt under this identity got lost: a copy of it may still arrive somewhere. */
    private boolean lostOne;

    private long logMillis;
    private long logMillisAt;

    WriteSession(Sessions sessions, ShardRoute route, long now) {
        this.sessions = sessions;
        this.shard = route.id();
        this.route = route;
        begin(now);
    }

    private void begin(long now) {
        high = sessions.random();
        low = sessions.random();
        last = 0;
        lostOne = false;
        usedAt = now;
    }

    long high() {
        return high;
    }

    long low() {
        return low;
    }

    /** The shard's range as it was when the session was last used. */
    ShardRoute route() {
        return route;
    }

    // ---- places and numbers ----

    /** Gives the write a place, or lets it wait for one. */
    boolean takePlace(WriteCall<?> write, ShardRoute now, Link link) {
        mostWrites = link.sessionWrites();
        windowMillis = link.sessionWindowMillis();
        route = now;
        if (!hasRoom()) {
            waiting.enter(write);
            return false;
        }
        reserved++;
        return true;
    }

    /** The write with a place will not get a number in this session. */
    void giveBack() {
        reserved--;
        release();
    }

    /** Numbers a write that has a place and is about to be sent for the first time. */
    long number(WriteCall<?> write, long now) {
        if (isForgotten(now)) {
            begin(now);
        }
        usedAt = now;
        reserved--;
        window.add(write);
        return ++last;
    }

    /** What the nodes know of it may be gone, and its next write should not seem to be a late one. */
    boolean isForgotten(long now) {
        return window.isEmpty() && unanswered == 0 && now - usedAt > 2_000_000L * windowMillis;
    }

    boolean isIdle() {
        return window.isEmpty() && unanswered == 0 && reserved == 0 && waiting.isEmpty();
    }

    boolean isOldest(WriteCall<?> write) {
        return window.peek() == write;
    }

    /** All lower sequences have been answered to the caller. */
    long firstUnacknowledged() {
        WriteCall<?> first = window.peek();
        return first == null ? last + 1 : first.sequence();
    }

    /** A numbered write is over: those over at the front leave, and as many of those that wait get their places. */
    void ended(long now) {
        usedAt = now;
        WriteCall<?> first = window.peek();
        if (first == null || !first.done) {
            return;
        }
        while (first != null && first.done) {
            window.remove();
            first = window.peek();
        }
        if (first != null) {
            first.becameOldest();
        }
        release();
    }

    private boolean hasRoom() {
        return last + 1 - firstUnacknowledged() + reserved < mostWrites;
    }

    private void release() {
        if (releasing) {
            return;
        }
        releasing = true;
        while (!waiting.isEmpty() && hasRoom()) {
            WriteCall<?> write = (WriteCall<?>) waiting.releaseFirst();
            reserved++;
            write.gotPlace(this);
        }
        releasing = false;
    }

    // ---- what may be forgotten at once ----

    void attemptOpened(long now) {
        unanswered++;
        usedAt = now;
    }

    /** @param safe whether no copy of the attempt can be applied any more */
    void attemptClosed(boolean safe) {
        unanswered--;
        lostOne |= !safe;
    }

    /** Whether a goodbye can do no harm: no attempt is unanswered, none was lost. */
    boolean mayLeave() {
        return last > 0 && isIdle() && !lostOne;
    }

    // ---- log time ----

    /** Log time never falls, so of all that was heard what says most by now counts: answers may be late. */
    void learnLogTime(long millis, long now) {
        if (logMillis == 0 || millis > estimate(now)) {
            correctLogTime(millis, now);
        }
    }

    /** For when the estimate is too high: it came from a node's clock, or this process's runs fast. */
    void correctLogTime(long millis, long now) {
        logMillis = millis;
        logMillisAt = now;
    }

    /** What the shard's log time may be by now; as long as nothing was heard of it, the given clock of the node. */
    long estimatedLogMillis(long nodeMillis, long now) {
        return logMillis == 0 ? nodeMillis : estimate(now);
    }

    private long estimate(long now) {
        return logMillis + (now - logMillisAt) / 1_000_000;
    }
}
