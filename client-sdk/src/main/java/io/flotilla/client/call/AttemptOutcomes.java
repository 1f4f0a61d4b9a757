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
final class AttemptOutcomes {
    private static final long MILLI = 1_000_000;
    /** How often in a row a write is allowed more log time without a break. */
    private static final int QUICK_REARMS = 3;
    /** How often in a row an operation follows a shard to another owner without a break: owners may point at each other. */
    private static final int QUICK_REROUTES = 4;
    /** A node's hint is taken for no more than this. */
    private static final long MOST_PAUSE = 60_000 * MILLI;

    private final ClientLoop loop;
    private final RetryPolicy policy = RetryPolicy.ofOperations();

    AttemptOutcomes(ClientLoop loop) {
        this.loop = loop;
    }

    void answered(Attempt attempt, Response response) {
        Call<?> call = attempt.call;
        closed(attempt, !isUnknown(response));
        if (response.hasRefusal()) {
            refused(attempt, response);
            return;
        }
        if (attempt.group != null) {
            attempt.group.succeeded(attempt);
        }
        if (call.done) {
            return;
        }
        if (!call.accepts(response, attempt)) {
            lostOne(attempt);
            call.note(Reason.UNAVAILABLE, attempt.link.address() + " gave an answer to another question");
            retryLater(call, 0);
            return;
        }
        loop.retriesOf(call).succeeded(call);
        long logTime = response.hasWrite()
                ? response.getWrite().getLogTimeMillis()
                : response.getRead().getLogTimeMillis();
        if (logTime != 0) {
            call.learnLogTime(attempt, logTime);
        }
        loop.over(call);
        call.succeed(response, attempt);
    }

    private static void closed(Attempt attempt, boolean told) {
        attempt.call.closed(attempt);
        attempt.call.attemptClosed(attempt, told);
        if (attempt.group != null) {
            attempt.group.closed(attempt);
        }
    }

    /** Whether the answer leaves open what became of the attempt. */
    private static boolean isUnknown(Response response) {
        if (!response.hasRefusal()) {
            return false;
        }
        return switch (response.getRefusal().getKind()) {
            case INDETERMINATE, UNKNOWN, UNRECOGNIZED -> true;
            case NOT_LEADER,
                    STALE_ROUTE,
                    BUSY,
                    EXPIRED,
                    INVALID,
                    UNAVAILABLE,
                    ALREADY_ACKNOWLEDGED,
                    NO_SUCH_CONFIGURATION,
                    NOT_AFTER_TOO_FAR -> false;
        };
    }

    private void refused(Attempt attempt, Response response) {
        Refusal refusal = response.getRefusal();
        Link link = attempt.link;
        GroupRoute group = attempt.group;
        loop.fleet.learn(attempt, refusal);
        if (group != null) {
            tellGroup(group, attempt, refusal);
        }
        if (!attempt.call.done) {
            settle(attempt, response);
        }
        if (group != null) {
            group.seek(loop.now());
        }
    }

    private void tellGroup(GroupRoute group, Attempt attempt, Refusal refusal) {
        Link link = attempt.link;
        switch (refusal.getKind()) {
            case NOT_LEADER, INDETERMINATE -> group.refused(attempt, refusal.getLeader());
            case UNAVAILABLE -> group.refused(attempt, "");
            case BUSY -> {
                group.busy(attempt);
                group.heard(link);
            }
            default -> group.heard(link);
        }
    }

    /** What a refusal means for the operation. */
    private void settle(Attempt attempt, Response response) {
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
            case INVALID -> invalid(call, refusal.getMessage(), text);
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
                if (call.isRoutedAnew(attempt.route) && call.reroutes < QUICK_REROUTES) {
                    call.reroutes++;
                    retry(call);
                } else {
                    retryLater(call, 0);
                }
            }
            case BUSY -> {
                call.note(Reason.BUSY, text);
                if (mayGoOn(call)) {
                    rest(call, Math.min(refusal.getRetryAfterMillis() * MILLI, MOST_PAUSE));
                }
            }
            case EXPIRED -> {
                call.note(Reason.UNAVAILABLE, text);
                expired(attempt, refusal);
            }
            case NOT_AFTER_TOO_FAR -> {
                call.note(Reason.UNAVAILABLE, text);
                tooFar(attempt, refusal);
            }
            case ALREADY_ACKNOWLEDGED -> loop.end(call, new IndeterminateException(text));
            case NO_SUCH_CONFIGURATION -> {
                call.note(Reason.UNAVAILABLE, text);
                retryLater(call, 0);
            }
            case INDETERMINATE -> {
                lostOne(attempt);
                call.note(Reason.UNAVAILABLE, text);
                if (attempt.group != null) {
                    retry(call);
                } else {
                    retryLater(call, 0);
                }
            }
            case UNKNOWN, UNRECOGNIZED -> {
                lostOne(attempt);
                call.note(Reason.UNAVAILABLE, text);
                retryLater(call, 0);
            }
        }
    }

    /** This attempt was not done. An earlier one may have been, by a node of another version that found nothing wrong. */
    private void invalid(Call<?> call, String message, String text) {
        if (call.maybeDone()) {
            loop.end(call, new IndeterminateException(text + " (an earlier attempt may have been done)"));
        } else {
            loop.end(call, new RefusedException(Reason.INVALID, message));
        }
    }

    void lost(Attempt attempt, boolean sent) {
        Call<?> call = attempt.call;
        closed(attempt, !sent);
        if (call.done) {
            return;
        }
        if (sent) {
            lostOne(attempt);
        }
        call.note(sent ? Reason.UNAVAILABLE : call.problem(), attempt.link.lastFailure());
        if (call.survivesLoss()) {
            retry(call);
        } else {
            loop.endUndone(call, call.problemText());
        }
    }

    /** What becomes of a lost attempt is known only if it was known before. */
    private static void lostOne(Attempt attempt) {
        if (!attempt.harmless) {
            attempt.call.lostOne();
        }
    }

    /**
     * The shard's log time is past the attempt's not-after, so none can be done any more. If it is past it by at most a
     * window, the shard would still know of one that was done, also of those that got lost. If it is further past, that
     * is known only once each of them was refused.
     */
    private void expired(Attempt attempt, Refusal refusal) {
        Call<?> call = attempt.call;
        if (attempt.harmless) {
            retryUnlessOpen(call);
            return;
        }
        long past = refusal.getLogTimeMillis() - attempt.notAfter;
        if (refusal.getLogTimeMillis() != 0 && past <= attempt.link.sessionWindowMillis()) {
            call.noneWasDone();
            call.expired = false;
            rearm(call);
        } else {
            call.expired = true;
            if (mayGoOn(call)) {
                rearm(call);
            }
        }
    }

    /** The estimate of log time is too high. */
    private void tooFar(Attempt attempt, Refusal refusal) {
        Call<?> call = attempt.call;
        long logTime = refusal.getLogTimeMillis();
        if (logTime != 0) {
            call.correctLogTime(attempt, logTime);
        }
        if (attempt.harmless) {
            retryUnlessOpen(call);
        } else if (call.maybeDone()) {
            // another attempt has the same not-after: it stays, and may be near enough in a while
            retryLater(call, Math.max(0, attempt.notAfter - attempt.link.sessionWindowMillis() - logTime) * MILLI);
        } else {
            rearm(call);
        }
    }

    private void retryUnlessOpen(Call<?> call) {
        if (!call.isOpen() && call.waitingIn == null && !call.backingOff) {
            retry(call);
        }
    }

    /** It was not done and can't be any more: the next attempt may have more time. */
    private void rearm(Call<?> call) {
        call.rearm();
        call.rearms++;
        if (call.rearms <= QUICK_REARMS) {
            retry(call);
        } else {
            retryLater(call, 0);
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
     * After an EXPIRED that came late no attempt can be done any more, but an earlier one may have been: only if none was
     * can the write be allowed more log time.
     */
    private boolean mayGoOn(Call<?> call) {
        if (call.expired) {
            if (call.isOpen()) {
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

    /** It is tried again after a break, of at least so many nanoseconds, that grows with each try. */
    void backOff(Call<?> call, long atLeastNanos) {
        call.backoffs++;
        long least = Math.min(atLeastNanos, MOST_PAUSE);
        pause(call, least, Math.max(least, policy.delay(call.backoffs, loop.random())));
    }

    /**
     * A node had too much to do. One that others wait for pauses no longer than the node asks for, so that those behind it
     * get room.
     */
    private void rest(Call<?> call, long hintNanos) {
        call.backoffs++;
        // those that were refused together must not all come back together
        long hint = hintNanos + Math.floorMod(loop.random(), hintNanos / 2 + 1);
        long delay = policy.delay(call.isOldest() ? 1 : call.backoffs, loop.random());
        pause(call, hint, Math.max(hint, delay));
    }

    private void pause(Call<?> call, long least, long delay) {
        long now = loop.now();
        call.backingOff = true;
        call.reroutes = 0;
        call.restUntil = now + least;
        call.backoffUntil = now + delay;
        loop.retriesOf(call).rests(call);
        loop.schedule(call);
    }

    private static String textOf(Refusal refusal) {
        return refusal.getMessage().isEmpty() ? refusal.getKind().toString() : refusal.getMessage();
    }
}
