package io.flotilla.client.call;

import io.flotilla.client.FlotillaException;
import io.flotilla.client.IndeterminateException;
import io.flotilla.client.RefusedException;
import io.flotilla.client.RefusedException.Reason;
import io.flotilla.client.net.ClientRuntime;
import io.flotilla.client.net.Connector;
import io.flotilla.client.proto.Configuration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

/**
 * The life of each operation: given by any thread, placed, sent, tried again, ended. {@link #submit}, {@link #enter},
 * {@link #onConfiguration} and {@link #close} are thread-safe; everything else runs on the loop alone.
 *
 * <p>What an end means: a result or a definite no of a node is final. When the deadline passes, a write with an attempt
 * whose fate is not known ends {@link IndeterminateException}, everything else {@link RefusedException}.
 */
public final class ClientLoop {
    private static final long MILLI = 1_000_000;
    /** A live node that was silent about a request for this many attempt timeouts may be asked again. */
    private static final int ASK_AGAIN = 2;
    /** A stream that brought nothing for this many attempt timeouts, with requests waiting, is closed. */
    private static final int SILENCE = 3;

    final Connector connector;
    final TimerWheel wheel = new TimerWheel(this::armAlarm);
    final RetryBudget budget = new RetryBudget();
    final RetryPolicy connectionPolicy = RetryPolicy.ofConnections();
    final Sessions sessions;
    final FleetView fleet;
    private final ClientRuntime runtime;
    private final Admission admission;
    private final long attemptTimeout;
    private final long origin;
    private volatile boolean closing;

    private final Answers answers = new Answers(this);
    private final WaitingRoom forTable = new WaitingRoom();
    private final WaitingRoom forAnyNode = new WaitingRoom();
    private Runnable cancelAlarm = () -> {};

    /** @param attemptTimeoutNanos after this long without an answer other replicas are asked */
    public ClientLoop(
            List<String> endpoints,
            long attemptTimeoutNanos,
            Admission admission,
            Connector connector,
            ClientRuntime runtime) {
        this.connector = connector;
        this.runtime = runtime;
        this.admission = admission;
        this.attemptTimeout = attemptTimeoutNanos;
        this.origin = runtime.nanos();
        this.sessions = new Sessions(runtime);
        this.fleet = new FleetView(this, endpoints);
    }

    // ---- from any thread ----

    /** Hands an operation over. Its future is completed on the loop; at once, by the caller, if a bound is reached. */
    public <T> CompletableFuture<T> submit(Call<T> call) {
        if (closing) {
            call.fail(closed());
        } else if (!admission.enter(call.bytes)) {
            call.fail(new RefusedException(Reason.BUSY, admission.refusal()));
        } else {
            call.admitted = true;
            call.loop = this;
            call.deadline = now() + call.timeoutNanos;
            if (!enter(() -> begin(call))) {
                admission.leave(call.bytes);
                call.fail(closed());
            }
        }
        return call.future();
    }

    /** Tells the listener of the configuration that is known, if any, and of each newer one, on the loop. */
    public void onConfiguration(Consumer<Configuration> listener) {
        enter(() -> fleet.listen(listener));
    }

    /** Ends all operations and streams. Those given later are refused. */
    public void close() {
        closing = true;
        enter(this::closeNow);
    }

    /** Runs the task on the loop. @return false if the runtime is closed: the task will not run */
    boolean enter(Runnable task) {
        try {
            runtime.execute(task);
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }

    /** As {@link #enter}, by a thread of the network, which may run the loop itself. */
    void enterHere(Runnable task) {
        try {
            runtime.executeHere(task);
        } catch (RejectedExecutionException e) {
            // closed: nobody waits for what came
        }
    }

    /** Nanoseconds since the client was made. */
    long now() {
        return runtime.nanos() - origin;
    }

    long random() {
        return runtime.randomLong();
    }

    /** What becomes of attempts. */
    Answers answers() {
        return answers;
    }

    // ---- an operation's life ----

    private void begin(Call<?> call) {
        if (closing) {
            end(call, closed());
            return;
        }
        place(call);
    }

    /** Begins a part of an operation that is under way. */
    void beginPart(Call<?> part, long deadline) {
        part.loop = this;
        part.deadline = deadline;
        // in a task of its own: a part may have another part, and so on for each shard
        boolean entered = enter(() -> {
            if (closing) {
                end(part, closed());
            } else {
                place(part);
            }
        });
        if (!entered) {
            end(part, closed());
        }
    }

    /** Finds out where the operation goes now. */
    void place(Call<?> call) {
        if (call.done) {
            return;
        }
        try {
            call.place();
        } finally {
            // whatever happens, its deadline ends it
            if (!call.done && !call.isScheduled()) {
                schedule(call);
            }
        }
    }

    /** For an operation under way whose node is doubted. */
    void placeAgain(Call<?> call) {
        if (!call.done && !call.backingOff && !call.expired && call.waitingIn == null) {
            place(call);
        }
    }

    /** Sends what waited for room on the stream. */
    void drain(Link link) {
        while (!link.isFull()) {
            Call<?> call = link.backlog.releaseFirst();
            if (call == null) {
                return;
            }
            place(call);
        }
    }

    /** For when the stream may no longer be the right one for what waits for it. */
    void placeBacklog(Link link) {
        for (Call<?> call : link.backlog.releaseAll()) {
            place(call);
        }
    }

    void send(Call<?> call, Link link, GroupRoute group) {
        long now = now();
        WaitingRoom.leave(call);
        Attempt attempt = new Attempt(call, link, group, now);
        link.send(call.request(link), attempt);
        call.sent(attempt);
        call.patienceUntil = now + attemptTimeout;
        schedule(call);
    }

    /** Sees to it that the operation is looked at when it is time. */
    void schedule(Call<?> call) {
        long at = call.deadline;
        if (call.backingOff) {
            at = Math.min(at, call.backoffUntil);
        } else if (call.waitingIn == null && call.newestOpen() != null && !call.expired) {
            at = Math.min(at, call.patienceUntil);
        }
        wheel.schedule(call, at);
    }

    void woken(Call<?> call, long now) {
        if (now >= call.deadline) {
            endAtDeadline(call);
        } else if (call.backingOff && now >= call.backoffUntil) {
            if (budget.take(now)) {
                call.backingOff = false;
                place(call);
            } else {
                answers.backOff(call, 0);
            }
        } else if (!call.backingOff && call.waitingIn == null && call.newestOpen() != null && !call.expired) {
            unanswered(call, call.newestOpen(), now);
        }
        if (!call.done && !call.isScheduled()) {
            schedule(call);
        }
    }

    /** The newest attempt had its time: others are asked, while its answer is still welcome. */
    private void unanswered(Call<?> call, Attempt attempt, long now) {
        call.patienceUntil = now + attemptTimeout;
        call.note(Reason.UNAVAILABLE, attempt.link.address() + " gave no answer");
        if (!call.survivesLoss()) {
            return;
        }
        if (attempt.group == null || attempt.group.unanswered(attempt, now)) {
            place(call);
        } else if (mayAskAgain(attempt) && attempt.link.isReady() && budget.take(now)) {
            send(call, attempt.link, attempt.group);
        }
    }

    /** Whether the attempt is so old that its node may have forgotten it. */
    boolean mayAskAgain(Attempt attempt) {
        return now() - attempt.sentAt >= ASK_AGAIN * attemptTimeout;
    }

    /** How long a stream may bring nothing while it owes answers. */
    long silence() {
        return SILENCE * attemptTimeout;
    }

    private void endAtDeadline(Call<?> call) {
        String last = call.everSent ? call.problemText() : fleet.whyUnreachable(call.problemText());
        endUndone(call, "no result within " + call.timeoutNanos / MILLI + " ms: " + last);
    }

    /** Its time is over, or it can't go on: whether it may be done decides what the caller is told. */
    void endUndone(Call<?> call, String text) {
        if (call.maybeDone()) {
            end(call, new IndeterminateException(text + " (the write may or may not be done)"));
            return;
        }
        boolean sent = call.everSent && call.problem() == Reason.TIMEOUT_BEFORE_SEND;
        end(call, new RefusedException(sent ? Reason.UNAVAILABLE : call.problem(), text));
    }

    /** Ends a call that was certainly not done. */
    void refuse(Call<?> call, Reason reason, String message) {
        end(call, new RefusedException(reason, message));
    }

    void end(Call<?> call, FlotillaException failure) {
        over(call);
        call.fail(failure);
    }

    /** Nothing is owed to it any more. */
    void over(Call<?> call) {
        call.done = true;
        wheel.cancel(call);
        WaitingRoom.leave(call);
        call.abandonOpen();
        if (call.admitted) {
            admission.leave(call.bytes);
        }
        call.ended();
    }

    /** The node that the call was for can't be reached. */
    void unreachable(Call<?> call, Link link) {
        call.note(Reason.UNAVAILABLE, link.lastFailure());
        endUndone(call, link.lastFailure());
    }

    // ---- where operations wait ----

    void waitForTable(Call<?> call) {
        forTable.enter(call);
        fleet.start();
    }

    void tableKnown() {
        for (Call<?> call : forTable.releaseAll()) {
            place(call);
        }
    }

    void someNodeReady() {
        for (Call<?> call : forAnyNode.releaseAll()) {
            place(call);
        }
    }

    /** The table has a gap where the call's shard should be. */
    void routeMissing(Call<?> call) {
        call.note(Reason.UNAVAILABLE, "it is not known at the moment which group has the key");
        fleet.refresh();
        answers.backOff(call, 0);
    }

    void askAnyNode(Call<?> call) {
        Link link = fleet.anyReadyLink(call);
        if (link != null) {
            send(call, link, null);
        } else {
            forAnyNode.enter(call);
            fleet.start();
            fleet.connectEndpoints();
        }
    }

    // ---- the end ----

    private void closeNow() {
        for (Timed timed : wheel.all()) {
            if (timed instanceof Call<?> call && !call.done) {
                end(
                        call,
                        call.maybeDone()
                                ? new IndeterminateException("the client was closed before an answer came")
                                : closed());
            }
        }
        fleet.close();
        for (Timed timed : wheel.all()) {
            wheel.cancel(timed);
        }
        cancelAlarm.run();
    }

    private static RefusedException closed() {
        return new RefusedException(Reason.CLOSED, "the client is closed");
    }

    private void armAlarm(long at) {
        cancelAlarm.run();
        cancelAlarm = runtime.after(Math.max(0, at - now()), () -> wheel.advance(now()));
    }
}
