package io.flotilla.client.call;

import io.flotilla.client.FlotillaException;
import io.flotilla.client.RefusedException;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.routing.ShardRoute;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * One operation on its way, from the hand-over until its future is complete. Made by any thread, then owned by the loop.
 *
 * <p>What may be said at the end follows from two facts about a write: an attempt without an answer may have been done,
 * and a refused one was certainly not. So {@link #maybeDone()} is true as soon as an attempt got lost or while one is
 * unanswered.
 */
public abstract class Call<T> extends Timed {
    final CompletableFuture<T> future = new CompletableFuture<>();
    final long timeoutNanos;
    final long bytes;
    ClientLoop loop;
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
    int backoffs;
    int rearms;
    /** The shard's log time is past what its attempts allow: none may be sent, those under way may still tell. */
    boolean expired;
    /** Counts against the client's bounds. */
    boolean admitted;
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

    /** Whether this can be the answer to that attempt at all. */
    abstract boolean accepts(Response response, Attempt attempt);

    /** What the caller gets. A FlotillaException if the answer is a definite no. */
    abstract T result(Response response, Attempt attempt);

    /** Whether an attempt changes something. */
    abstract boolean isWrite();

    /** Whether the caller is to get this refusal as it is. */
    boolean takes(Refusal refusal) {
        return false;
    }

    /** Whether it goes on elsewhere when a stream broke. */
    boolean survivesLoss() {
        return true;
    }

    /** No attempt was done or can be: the next one may be allowed more log time. */
    void rearm() {}

    /** Log time came with the answer to that attempt. */
    void learnLogTime(Attempt attempt, long millis) {}

    /** Called once, when the operation is over however it ended. */
    void ended() {}

    final void sent(Attempt attempt) {
        attempt.older = open;
        open = attempt;
        everSent = true;
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

    /** Whether the node has it already and may still answer: it is not sent there again yet. */
    final boolean isOpenOn(Link link) {
        for (Attempt a = open; a != null; a = a.older) {
            if (a.link == link && !loop.mayAskAgain(a)) {
                return true;
            }
        }
        return false;
    }

    /** It is over: what is still unanswered matters to nobody. */
    final void abandonOpen() {
        for (Attempt a = open; a != null; a = a.older) {
            a.link.abandoned();
        }
    }

    final boolean isLost() {
        return lost;
    }

    final boolean maybeDone() {
        return isWrite() && (lost || open != null);
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
            future.completeExceptionally(e);
            return;
        }
        future.complete(value);
    }

    final void fail(FlotillaException e) {
        future.completeExceptionally(e);
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
