package io.flotilla.client.call;

import java.util.ArrayList;
import java.util.List;

/**
 * What one group has unanswered, and how much it may have at its leader. That begins small with each new leader or
 * stream, grows by one with each answer and shrinks by one with each BUSY: what was lost with a stream does not come back all
 * at once, and a leader that has too much to do gets less. When answers take longer than a quarter of the time that
 * operations have, or than an attempt timeout, it is what the leader does in that time: the rest waits here, where it can still be refused
 * or sent elsewhere, and what is sent is done in time. Owned by the loop.
 */
final class GroupLoad {
    static final int LEAST = 256;
    static final int MOST = 4096;
    private static final int LEAST_OF_TURN = 64;
    /** Answers may take this part of the time that operations have. */
    private static final int SHARE = 4;

    /** All unanswered attempts that took some node for the leader, in the order of sending. */
    private Attempt first;

    private Attempt last;
    private Link leader;
    /** The leader's stream. */
    private int connection;

    private int requests;
    private long bytes;
    private int allowed = LEAST;
    /** Since when it counts as the leader. */
    private long leaderSince;

    private final long attemptTimeout;
    private long turnBegan;
    /** How many more must be over until all that was under way when the turn began is. */
    private int leftOfTurn;

    private int answersOfTurn;
    private long nanosOfTurn;
    /** What their operations had, each at most four attempt timeouts. */
    private long timeoutsOfTurn;
    /** How long answers took in the last turn and in the one before, on average. */
    private long lastTurn;

    private long turnBefore;
    /** How much time lay between two answers in these turns, on average. */
    private long lastPace;

    private long paceBefore;
    /** Answers of the last turn took so little of the time that operations have that twice as many may be under way. */
    private boolean fast = true;

    GroupLoad(long attemptTimeout) {
        this.attemptTimeout = attemptTimeout;
    }

    /** At the leader. */
    int requests() {
        return requests;
    }

    /** At the leader. */
    long bytes() {
        return bytes;
    }

    boolean allowsMore() {
        return requests < allowed;
    }

    /**
     * How long the answer to one more request will take, rather too little than too much; 0 if that is not known, or if
     * nothing is under way that would tell when it has changed. With less under way than there was, it takes less time. Only
     * what lasts for two turns of answers counts: a leader that stalled once answers late what it had by then, and
     * nothing after that.
     */
    long usualNanos() {
        return Math.min(Math.min(lastTurn, turnBefore), requests * Math.min(lastPace, paceBefore));
    }

    /**
     * From now on this counts as the leader. Attempts that nobody waits for don't count: that the leader was found by an
     * answer says that it has passed them over, or will soon be through with them.
     */
    void leaderIs(Link link, long now) {
        if (leader != link || connection != link.connection()) {
            leader = link;
            connection = link.connection();
            allowed = LEAST;
        }
        leaderSince = now;
        lastTurn = 0;
        turnBefore = 0;
        lastPace = 0;
        paceBefore = 0;
        fast = true;
        requests = 0;
        bytes = 0;
        for (Attempt a = first; a != null; a = a.nextOfGroup) {
            a.counts = a.link == leader && !a.call.done;
            count(a, 1);
        }
        beginTurn(now);
    }

    void opened(Attempt attempt) {
        attempt.previousOfGroup = last;
        if (last == null) {
            first = attempt;
        } else {
            last.nextOfGroup = attempt;
        }
        last = attempt;
        attempt.counts = attempt.link == leader;
        count(attempt, 1);
    }

    void closed(Attempt attempt) {
        Attempt before = attempt.previousOfGroup;
        Attempt after = attempt.nextOfGroup;
        if (before == null) {
            first = after;
        } else {
            before.nextOfGroup = after;
        }
        if (after == null) {
            last = before;
        } else {
            after.previousOfGroup = before;
        }
        attempt.previousOfGroup = null;
        attempt.nextOfGroup = null;
        count(attempt, -1);
        leftOfTurn -= attempt.counts ? 1 : 0;
    }

    private void count(Attempt attempt, int sign) {
        if (attempt.counts) {
            requests += sign;
            bytes += sign * attempt.size;
        }
    }

    /** The leader did it; after {@link #closed}. */
    void answered(Attempt attempt, long now) {
        if (attempt.link == leader) {
            // what was sent to find the leader waited for it to be elected
            if (attempt.sentAt >= leaderSince) {
                answersOfTurn++;
                nanosOfTurn += now - attempt.sentAt;
                timeoutsOfTurn += Math.min(attempt.call.timeoutNanos, SHARE * attemptTimeout);
            }
            if (fast) {
                allowed = Math.min(MOST, allowed + 1);
            }
            endTurnIfOver(now);
        }
    }

    /** The leader had too much to do; after {@link #closed}. */
    void busy(Attempt attempt, long now) {
        if (attempt.link == leader) {
            allowed = Math.max(LEAST, allowed - 1);
            endTurnIfOver(now);
        }
    }

    private void endTurnIfOver(long now) {
        if (leftOfTurn > 0) {
            return;
        }
        turnBefore = lastTurn;
        paceBefore = lastPace;
        if (answersOfTurn == 0) {
            lastTurn = 0;
            lastPace = 0;
            fast = true;
        } else {
            lastTurn = nanosOfTurn / answersOfTurn;
            lastPace = (now - turnBegan) / answersOfTurn;
            long bearable = timeoutsOfTurn / answersOfTurn / SHARE;
            fast = lastTurn <= bearable / 2;
            if (lastTurn > bearable) {
                allowed = (int) Math.min(allowed, Math.max(LEAST, bearable / Math.max(1, lastPace)));
            }
        }
        beginTurn(now);
    }

    private void beginTurn(long now) {
        turnBegan = now;
        answersOfTurn = 0;
        nanosOfTurn = 0;
        timeoutsOfTurn = 0;
        leftOfTurn = Math.max(LEAST_OF_TURN, requests);
    }

    /** Those whose operation is not over. @param on whether those on the stream are meant, or those on all others */
    List<Attempt> open(Link link, boolean on) {
        List<Attempt> attempts = new ArrayList<>();
        for (Attempt a = first; a != null; a = a.nextOfGroup) {
            if ((a.link == link) == on && !a.call.done) {
                attempts.add(a);
            }
        }
        return attempts;
    }
}
