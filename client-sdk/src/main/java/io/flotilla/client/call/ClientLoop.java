package io.flotilla.client.call;

import io.flotilla.client.FlotillaException;
import io.flotilla.client.IndeterminateException;
import io.flotilla.client.RefusedException;
import io.flotilla.client.RefusedException.Reason;
import io.flotilla.client.net.ClientRuntime;
import io.flotilla.client.net.Connector;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Request;
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
    /** A stream that brought nothing for this many attempt timeouts, with requests waiting, is closed. */
    private static final int SILENCE = 3;

    final Connector connector;
    final TimerWheel wheel = new TimerWheel(this::armAlarm);
    /** Of operations that are for no group. */
    private final Retries retries = new Retries(this);

    final RetryPolicy connectionPolicy = RetryPolicy.ofConnections();
    final Sessions sessions;
    final FleetView fleet;
    private final ClientRuntime runtime;
    private final Admission admission;
    private final long attemptTimeout;
    private final long origin;
    private volatile boolean closing;

    private final AttemptOutcomes outcomes = new AttemptOutcomes(this);
    private final Goodbyes goodbyes = new Goodbyes(this);
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private final WaitingRoom forTable = new WaitingRoom();
    private final WaitingRoom forAnyNode = new WaitingRoom();
    private Runnable cancelAlarm = () -> {};
    private long calls;
    /** All operations are being ended or were, and goodbyes are under way or said. */
    private boolean ended;

    /**
     * @param attemptTimeoutNanos after this long without an answer other replicas are asked
     * @param fleetId the only fleet whose nodes it talks to; empty for the first one that it finds
     */
    public ClientLoop(
            List<String> endpoints,
            long attemptTimeoutNanos,
            Admission admission,
            Connector connector,
            ClientRuntime runtime,
            String fleetId) {
        this.connector = connector;
        this.runtime = runtime;
        this.admission = admission;
        this.attemptTimeout = attemptTimeoutNanos;
        this.origin = runtime.nanos();
        this.sessions = new Sessions(runtime);
        this.fleet = new FleetView(this, endpoints, fleetId);
    }

    // ---- from any thread ----

    /** Hands an operation over. Its future is completed at once, by the caller, if a bound is reached. */
    public <T> CompletableFuture<T> submit(Call<T> call) {
        call.isGivenTo(runtime);
        if (closing) {
            call.fail(closedClient());
        } else if (!admission.enter(call.bytes)) {
            call.fail(new RefusedException(Reason.BUSY, admission.refusal()));
        } else {
            call.admitted = true;
            call.loop = this;
            call.deadline = now() + call.timeoutNanos;
            if (!enter(() -> begin(call))) {
                admission.leave(call.bytes);
                call.fail(closedClient());
            }
        }
        return call.future();
    }

    /** Tells the listener of the configuration that is known, if any, and of newer ones. */
    public void onConfiguration(Consumer<Configuration> listener) {
        ConfigurationTeller teller = new ConfigurationTeller(listener, runtime);
        enter(() -> fleet.listen(teller));
    }

    /**
     * Ends all operations, says goodbye to the shards where that is safe, for at most {@link Goodbyes#WAIT_MILLIS}, and
     * closes the streams. Operations given later are refused.
     *
     * @return complete, on the loop, once all of that is done
     */
    public CompletableFuture<Void> close() {
        closing = true;
        if (!enter(this::closeNow)) {
            closed.complete(null);
        }
        return closed;
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

    /** Runs what belongs to the program. */
    void callBack(Runnable callback) {
        runtime.callBack(callback);
    }

    /** Nanoseconds since the client was made. */
    long now() {
        return runtime.nanos() - origin;
    }

    long random() {
        return runtime.randomLong();
    }

    /** What becomes of attempts. */
    AttemptOutcomes outcomes() {
        return outcomes;
    }

    long attemptTimeout() {
        return attemptTimeout;
    }

    /** What its retries are bounded by. */
    Retries retriesOf(Call<?> call) {
        GroupRoute group = call.group();
        return group == null ? retries : group.retries();
    }

    // ---- an operation's life ----

    private void begin(Call<?> call) {
        call.number = ++calls;
        if (closing) {
            end(call, closedClient());
            return;
        }
        place(call);
    }

    /** Begins an operation of the client's own, also while it closes. */
    void beginOwn(Call<?> call) {
        call.own = true;
        call.loop = this;
        call.number = ++calls;
        call.deadline = now() + call.timeoutNanos;
        place(call);
    }

    /** Begins a part of an operation that is under way. */
    void beginPart(Call<?> part, long deadline) {
        part.loop = this;
        part.number = ++calls;
        part.deadline = deadline;
        // in a task of its own: a part may have another part, and so on for each shard
        boolean entered = enter(() -> {
            if (closing) {
                end(part, closedClient());
            } else {
                place(part);
            }
        });
        if (!entered) {
            end(part, closedClient());
        }
    }

    /** Finds out where the operation goes now. */
    void place(Call<?> call) {
        // the end of one operation makes room for the next, also while all of them are ended
        if (call.done || (ended && !call.own)) {
            return;
        }
        call.backingOff = false;
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

    /** @param passedTo the node that this one is to pass it on to; null if to none */
    void send(Call<?> call, Link link, GroupRoute group, String passedTo) {
        long now = now();
        WaitingRoom.leave(call);
        Request.Builder request = call.request(link);
        if (passedTo != null) {
            request = PassingOn.wrap(request, passedTo, (call.deadline - now) / MILLI);
        }
        Attempt attempt = new Attempt(call, link, group, passedTo, now);
        if (group != null) {
            group.opened(attempt);
        }
        link.send(request, attempt);
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
            retry(call, now);
        } else if (!call.backingOff && call.waitingIn == null && call.newestOpen() != null && !call.expired) {
            unanswered(call, call.newestOpen(), now);
        }
        if (!call.done && !call.isScheduled()) {
            schedule(call);
        }
    }

    /** Its break is over. */
    private void retry(Call<?> call, long now) {
        call.backingOff = false;
        if (call.isOldest()) {
            place(call);
        } else {
            retriesOf(call).retry(call, now);
        }
    }

    /** Other operations have begun to wait for this one: it is not held back longer than a node asked for. */
    void hurry(Call<?> call) {
        if (call.backingOff) {
            call.backoffUntil = Math.min(call.backoffUntil, call.restUntil);
            schedule(call);
        } else if (retriesOf(call).holds(call)) {
            WaitingRoom.leave(call);
            place(call);
        }
    }

    /** The newest attempt had its time: others are asked, while its answer is still welcome. */
    private void unanswered(Call<?> call, Attempt attempt, long now) {
        call.patienceUntil = now + attemptTimeout;
        call.note(Reason.UNAVAILABLE, attempt.link.address() + " gave no answer");
        if (!call.survivesLoss()) {
            return;
        }
        if (attempt.group == null || call.isRoutedAnew(attempt.route) || attempt.group.unanswered(attempt, now)) {
            place(call);
        }
    }

    /** How long a stream may bring nothing while it owes answers. */
    long silence() {
        return SILENCE * attemptTimeout;
    }

    private void endAtDeadline(Call<?> call) {
        Attempt newest = call.newestOpen();
        if (newest != null && newest.group != null) {
            newest.group.unansweredAtAll(newest);
        }
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
        outcomes.backOff(call, 0);
    }

    void askAnyNode(Call<?> call) {
        Link link = fleet.anyReadyLink(call);
        if (link != null) {
            send(call, link, null, null);
        } else {
            forAnyNode.enter(call);
            fleet.start();
            fleet.connectEndpoints();
        }
    }

    // ---- the end ----

    private void closeNow() {
        if (ended) {
            return;
        }
        ended = true;
        for (Timed timed : wheel.all()) {
            if (timed instanceof Call<?> call && !call.done) {
                end(
                        call,
                        call.maybeDone()
                                ? new IndeterminateException("the client was closed before an answer came")
                                : closedClient());
            }
        }
        goodbyes.say(this::closeStreams);
    }

    private void closeStreams() {
        fleet.close();
        for (Timed timed : wheel.all()) {
            wheel.cancel(timed);
        }
        cancelAlarm.run();
        closed.complete(null);
    }

    private static RefusedException closedClient() {
        return new RefusedException(Reason.CLOSED, "the client is closed");
    }

    private void armAlarm(long at) {
        cancelAlarm.run();
        cancelAlarm = runtime.after(Math.max(0, at - now()), () -> wheel.advance(now()));
    }
}
