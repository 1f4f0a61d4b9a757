package io.flotilla.client.call;

import java.util.ArrayList;
import java.util.List;

/**
 * What one group has unanswered, and how much it may have at its leader. That begins small with each new leader or
 * stream, grows by one with each answer and shrinks by one with each BUSY: what was lost with a stream does not come back all
 * at once, and a leader that has too much to do gets less. Owned by the loop.
 */
final class GroupLoad {
    static final int LEAST = 256;
    static final int MOST = 4096;
    private static final int LEAST_OF_TURN = 64;

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
    /** Answers that are still to come until all that was under way when the turn began is answered. */
    private int leftOfTurn;

    private int answersOfTurn;
    private long nanosOfTurn;
    /** How long answers took in the last turn and in the one before, on average. */
    private long lastTurn;

    private long turnBefore;

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
     * How long answers of this leader take, rather too little than too much; 0 if that is not known, or if nothing is under way that would tell
     * when it has changed. Only what lasts for two turns of answers counts: a leader that stood still once answers late
     * what it had by then, and nothing after that.
     */
    long usualNanos() {
        return requests == 0 ? 0 : Math.min(lastTurn, turnBefore);
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
        leftOfTurn = LEAST_OF_TURN;
        answersOfTurn = 0;
        nanosOfTurn = 0;
        lastTurn = 0;
        turnBefore = 0;
        requests = 0;
        bytes = 0;
        for (Attempt a = first; a != null; a = a.nextOfGroup) {
            a.counts = a.link == leader && !a.call.done;
            count(a, 1);
        }
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
    }

    private void count(Attempt attempt, int sign) {
        if (attempt.counts) {
            requests += sign;
            bytes += sign * attempt.size;
        }
    }

    /** The leader did it. */
    void answered(Attempt attempt, long now) {
        if (attempt.link == leader) {
            // what was sent to find the leader waited for it to be elected
            if (attempt.sentAt >= leaderSince) {
                timed(now - attempt.sentAt);
            }
            allowed = Math.min(MOST, allowed + 1);
        }
    }

    private void timed(long nanos) {
        answersOfTurn++;
        nanosOfTurn += nanos;
        leftOfTurn--;
        if (leftOfTurn <= 0) {
            turnBefore = lastTurn;
            lastTurn = nanosOfTurn / answersOfTurn;
            answersOfTurn = 0;
            nanosOfTurn = 0;
            leftOfTurn = Math.max(LEAST_OF_TURN, requests);
        }
    }

    /** The leader had too much to do. */
    void busy(Attempt attempt) {
        if (attempt.link == leader) {
            allowed = Math.max(LEAST, allowed - 1);
        }
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
