package io.flotilla.client.call;

import io.flotilla.client.IndeterminateException;
import io.flotilla.client.RefusedException;
import io.flotilla.client.RefusedException.Reason;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Response;

/**
 * What the answer to an attempt, or its loss, means for the operation: a result, its end, or another try, now or after a
 * break. Runs on the loop.
 */
final class Answers {
    private static final long MILLI = 1_000_000;
    /** How often in a row a write is allowed more log time without a break. */
    private static final int QUICK_REARMS = 3;

    private final ClientLoop loop;
    private final RetryPolicy policy = RetryPolicy.ofOperations();

    Answers(ClientLoop loop) {
        this.loop = loop;
    }

    void answered(Attempt attempt, Response response) {
        Call<?> call = attempt.call;
        call.closed(attempt);
        if (call.done) {
            attempt.link.abandonedAnswered();
        }
        if (response.hasRefusal()) {
            refused(attempt, response);
            return;
        }
        if (attempt.group != null) {
            attempt.group.succeeded(attempt.link);
        }
        if (call.done) {
            return;
        }
        if (!call.accepts(response, attempt)) {
            call.lostOne();
            call.note(Reason.UNAVAILABLE, attempt.link.address() + " gave an answer to another question");
            retryLater(call, 0);
            return;
        }
        loop.budget.succeeded();
        long logTime = response.hasWrite()
                ? response.getWrite().getLogTimeMillis()
                : response.getRead().getLogTimeMillis();
        if (logTime != 0) {
            call.learnLogTime(attempt, logTime);
        }
        loop.over(call);
        call.succeed(response, attempt);
    }

    private void refused(Attempt attempt, Response response) {
        Refusal refusal = response.getRefusal();
        Link link = attempt.link;
        GroupRoute group = attempt.group;
        boolean corrected = loop.fleet.learn(link, refusal);
        if (group != null) {
            tellGroup(group, link, refusal);
        }
        if (!attempt.call.done) {
            settle(attempt, response, corrected);
        }
        if (group != null) {
            group.seek(loop.now());
        }
    }

    private void tellGroup(GroupRoute group, Link link, Refusal refusal) {
        switch (refusal.getKind()) {
            case NOT_LEADER, INDETERMINATE -> group.refused(link, refusal.getLeader());
            case UNAVAILABLE -> group.refused(link, "");
            default -> group.heard(link);
        }
    }

    /** What a refusal means for the operation. */
    private void settle(Attempt attempt, Response response, boolean corrected) {
        Call<?> call = attempt.call;
        Refusal refusal = response.getRefusal();
        if (call.takes(refusal)) {
            loop.over(call);
            call.succeed(response, attempt);
            return;
        }
        if (refusal.getLogTimeMillis() != 0) {
            call.learnLogTime(attempt, refusal.getLogTimeMillis());
        }
        String text = attempt.link.address() + ": " + textOf(refusal);
        switch (refusal.getKind()) {
            case INVALID -> loop.end(call, new RefusedException(Reason.INVALID, refusal.getMessage()));
            case NOT_LEADER, UNAVAILABLE -> {
                call.note(Reason.UNAVAILABLE, text);
                if (attempt.group != null) {
                    retry(call);
                } else {
                    retryLater(call, 0);
                }
            }
            case STALE_ROUTE -> {
                call.note(Reason.UNAVAILABLE, text);
                if (corrected) {
                    retry(call);
                } else {
                    retryLater(call, 0);
                }
            }
            case BUSY -> {
                call.note(Reason.BUSY, text);
                retryLater(call, refusal.getRetryAfterMillis() * MILLI);
            }
            case EXPIRED -> {
                call.note(Reason.UNAVAILABLE, text);
                call.expired = true;
                call.rearms++;
                if (call.rearms <= QUICK_REARMS) {
                    retry(call);
                } else {
                    retryLater(call, 0);
                }
            }
            case ALREADY_ACKNOWLEDGED -> loop.end(call, new IndeterminateException(text));
            case NO_SUCH_CONFIGURATION -> {
                call.note(Reason.UNAVAILABLE, text);
                retryLater(call, 0);
            }
            case INDETERMINATE -> {
                call.lostOne();
                call.note(Reason.UNAVAILABLE, text);
                if (attempt.group != null) {
                    retry(call);
                } else {
                    retryLater(call, 0);
                }
            }
            case UNKNOWN, UNRECOGNIZED -> {
                call.lostOne();
                call.note(Reason.UNAVAILABLE, text);
                retryLater(call, 0);
            }
        }
    }

    void lost(Attempt attempt, boolean sent) {
        Call<?> call = attempt.call;
        call.closed(attempt);
        if (call.done) {
            return;
        }
        if (sent) {
            call.lostOne();
        }
        call.note(sent ? Reason.UNAVAILABLE : call.problem(), attempt.link.lastFailure());
        if (call.survivesLoss()) {
            retry(call);
        } else {
            loop.endUndone(call, call.problemText());
        }
    }

    private void retry(Call<?> call) {
        if (mayGoOn(call)) {
            loop.place(call);
        }
    }

    private void retryLater(Call<?> call, long atLeastNanos) {
        if (mayGoOn(call)) {
            backOff(call, atLeastNanos);
        }
    }

    /**
     * After an EXPIRED no attempt can be done any more, but an earlier one may have been: only if none was can the write
     * be allowed more log time.
     */
    private boolean mayGoOn(Call<?> call) {
        if (call.expired) {
            if (call.newestOpen() != null) {
                return false;
            }
            if (call.isLost()) {
                loop.end(
                        call,
                        new IndeterminateException(
                                "whether the write was done can no longer be found out: " + call.problemText()));
                return false;
            }
            call.expired = false;
            call.rearm();
        }
        return true;
    }

    /** It is placed again after a break, of at least so many nanoseconds. */
    void backOff(Call<?> call, long atLeastNanos) {
        call.backoffs++;
        call.backingOff = true;
        // those that were refused together must not all come back together
        long hint = atLeastNanos + Math.floorMod(loop.random(), atLeastNanos / 2 + 1);
        call.backoffUntil = loop.now() + Math.max(hint, policy.delay(call.backoffs, loop.random()));
        WaitingRoom.leave(call);
        loop.schedule(call);
    }

    private static String textOf(Refusal refusal) {
        return refusal.getMessage().isEmpty() ? refusal.getKind().toString() : refusal.getMessage();
    }
}
