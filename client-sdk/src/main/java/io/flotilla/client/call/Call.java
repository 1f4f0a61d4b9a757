package io.flotilla.client.call;

import io.flotilla.client.FlotillaException;
import io.flotilla.client.RefusedException;
import io.flotilla.client.net.ClientRuntime;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.routing.ShardRoute;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * One operation on its way, from the hand-over until its future is complete. Made by any thread, then owned by the loop.
 *
 * <p>What may be said at the end follows from three facts about a write: an attempt without an answer may have been done;
 * a refused one was certainly not; and a refusal can say that none of all the attempts until then was done or will be
 * ({@link #noneWasDone}). So {@link #maybeDone()} is true as soon as an attempt got lost or while one is unanswered.
 */
public abstract class Call<T> extends Timed {
    final OperationFuture<T> future = new OperationFuture<>();
    final long timeoutNanos;
    final long bytes;
    ClientLoop loop;
    /** In the order in which operations were given. */
    long number;

    long deadline;

    /** Unanswered attempts, the newest first. */
    private Attempt open;
    /** An attempt ended without telling what became of it. */
    private boolean lost;

    boolean everSent;
    boolean done;
    /** Waits for its backoff to pass. */
    boolean backingOff;

    long backoffUntil;
    /** Before this a node asked not to be bothered. */
    long restUntil;

    int backoffs;
    /** What its last attempt took from its group's retry budget. */
    int retryTokens;

    int rearms;
    /** How often in a row it was sent to another owner at once. */
    int reroutes;
    /** The shard's log time is long past what its attempts allow: none may be sent, those under way may still tell. */
    boolean expired;
    /** Counts against the client's bounds. */
    boolean admitted;
    /** The client's own: it goes on while the client closes. */
    boolean own;
    /** Where it waits to be sent, or null. */
    WaitingRoom waitingIn;
    /** When an unanswered attempt is next looked at. */
    long patienceUntil;

    private RefusedException.Reason problem = RefusedException.Reason.TIMEOUT_BEFORE_SEND;
    private String problemText = "no node of the fleet could be reached";

    /** @param bytes what it counts against the bound of bytes in flight */
    Call(Duration timeout, long bytes) {
        this.timeoutNanos = timeout.toNanos();
        this.bytes = bytes;
    }

    /** Finds out whom to ask and asks, or waits for what is missing. */
    abstract void place();

    /** The request as it is sent now; the stream sets its id. */
    abstract Request.Builder request(Link link);

    /** The shard that a request is for now; null if it is for none. */
    ShardRoute route() {
        return null;
    }

    /** The group that it is for now; null if for none. */
    GroupRoute group() {
        return null;
    }

    /** Whether this can be the answer to that attempt at all. */
    abstract boolean accepts(Response response, Attempt attempt);

    /** What the caller gets. A FlotillaException if the answer is a definite no. */
    abstract T result(Response response, Attempt attempt);

    /** Whether an attempt changes something. */
    abstract boolean isWrite();

    /** Whether another try would be refused in the same way, for all that a refusal of this kind says. */
    static boolean isFinal(Refusal refusal) {
        return switch (refusal.getKind()) {
            case NOT_LEADER, UNAVAILABLE, BUSY, INDETERMINATE, UNKNOWN -> false;
            case INVALID,
                    STALE_ROUTE,
                    EXPIRED,
                    ALREADY_ACKNOWLEDGED,
                    NO_SUCH_CONFIGURATION,
                    NOT_AFTER_TOO_FAR,
                    UNRECOGNIZED -> true;
        };
    }

    /** Whether the caller is to get this refusal as it is. */
    boolean takes(Refusal refusal) {
        return false;
    }

    /** Whether it goes on elsewhere when a stream broke. */
    boolean survivesLoss() {
        return true;
    }

    /**
     * Whether it may go to the stream as far as its own shard's bounds are concerned; if not, it waits elsewhere from now
     * on, and is placed again.
     */
    boolean takePlace(Link link) {
        return true;
    }

    /** Whether other operations wait for the end of this one: it is tried again without delay and without a budget. */
    boolean isOldest() {
        return false;
    }

    /** Until when, in the shard's log time, the attempt that is sent now may be applied; 0 if that means nothing. */
    long notAfter() {
        return 0;
    }

    /** No attempt was done or can be: the next one may be allowed more log time. */
    void rearm() {}

    /** Log time came with the answer to that attempt. */
    void learnLogTime(Attempt attempt, long millis) {}

    /** As {@link #learnLogTime}, by a node that says that the client's own estimate is too high. */
    void correctLogTime(Attempt attempt, long millis) {}

    /** The attempt is sent. */
    void attemptOpened() {}

    /** The attempt was answered, or will never be. @param told whether it is known what became of it */
    void attemptClosed(Attempt attempt, boolean told) {}

    /** Whether a retry may go elsewhere than one that was meant for that shard. @param was null if for none */
    boolean isRoutedAnew(ShardRoute was) {
        return false;
    }

    /** Called once, when the operation is over however it ended. */
    void ended() {}

    final void sent(Attempt attempt) {
        attempt.older = open;
        open = attempt;
        everSent = true;
        attemptOpened();
    }

    final void closed(Attempt attempt) {
        if (open == attempt) {
            open = attempt.older;
            return;
        }
        for (Attempt a = open; a != null; a = a.older) {
            if (a.older == attempt) {
                a.older = attempt.older;
                return;
            }
        }
    }

    final void lostOne() {
        lost = true;
    }

    final Attempt newestOpen() {
        return open;
    }

    /** Whether the node has it already and will answer: it is not sent there again. */
    final boolean isOpenOn(Link link) {
        for (Attempt a = open; a != null; a = a.older) {
            if (a.link == link && !a.harmless && !(a.group != null && a.group.isPassedOver(a))) {
                return true;
            }
        }
        return false;
    }

    /** No attempt until now was done or will be: neither the unanswered ones nor those that got lost. */
    final void noneWasDone() {
        lost = false;
        for (Attempt a = open; a != null; a = a.older) {
            a.harmless = true;
        }
    }

    final boolean isLost() {
        return lost;
    }

    /** Whether an attempt is unanswered that may have been done, or may still be. */
    final boolean isOpen() {
        for (Attempt a = open; a != null; a = a.older) {
            if (!a.harmless) {
                return true;
            }
        }
        return false;
    }

    final boolean maybeDone() {
        return isWrite() && (lost || isOpen());
    }

    /** What to say if the deadline passes now. */
    final void note(RefusedException.Reason reason, String text) {
        problem = reason;
        problemText = text;
    }

    final RefusedException.Reason problem() {
        return problem;
    }

    final String problemText() {
        return problemText;
    }

    final void succeed(Response response, Attempt attempt) {
        T value;
        try {
            value = result(response, attempt);
        } catch (RuntimeException e) {
            tell(future, () -> future.completeExceptionally(e));
            return;
        }
        tell(future, () -> future.complete(value));
    }

    final void fail(FlotillaException e) {
        tell(future, () -> future.completeExceptionally(e));
    }

    /** Completes the future, which may run callbacks of the program: not on the loop then. */
    final void tell(OperationFuture<?> told, Runnable completion) {
        if (loop == null || told.mayCompleteOnLoop()) {
            completion.run();
        } else {
            loop.callBack(completion);
        }
    }

    /** Before anybody else has the future. */
    void isGivenTo(ClientRuntime runtime) {
        future.isGivenTo(runtime);
    }

    /** Only the client itself waits for this operation. Before it is handed over. */
    public void isOfTheLoop() {
        future.isOfTheLoop();
    }

    @Override
    final void wake(long now) {
        loop.woken(this, now);
    }

    /** The future that the caller holds. */
    public final CompletableFuture<T> future() {
        return future;
    }
}
