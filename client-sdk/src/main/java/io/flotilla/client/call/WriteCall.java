package io.flotilla.client.call;

import io.flotilla.client.RefusedException;
import io.flotilla.client.proto.Batch;
import io.flotilla.client.proto.Mutation;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.WriteReply;
import io.flotilla.client.proto.WriteRequest;
import io.flotilla.client.routing.RoutingTable;
import io.flotilla.client.routing.ShardRoute;
import java.time.Duration;
import java.util.function.Function;

/**
 * A write. It gets its session and its sequence when it is first sent, and keeps them for all attempts: however many of them
 * arrive, one is applied.
 *
 * <p>Its not-after lies at most a window ahead of the shard's log time, and is the same for all attempts until it is known
 * that none of them was applied or can be: because all were refused, or because a shard whose log time is past the
 * not-after, and at most a window past it, knows nothing of the write. Then the next attempt gets a new one. So a long timeout
 * becomes a chain of windows.
 */
public final class WriteCall<T> extends ShardCall<T> {
    /** How much later than the caller's deadline a node may still apply it: clocks differ a little. */
    private static final long GRACE_MILLIS = 500;

    private final byte[] key;
    private final Function<WriteReply, T> reader;
    private Mutation mutation;
    /** Where it has a place, or got its number. */
    private WriteSession session;

    private long sequence;
    private long notAfter;

    /**
     * @param key decides on the shard; for a batch the first key
     * @param reader makes the result of an answer whose outcome is not INVALID_VALUE
     */
    public WriteCall(byte[] key, Mutation mutation, long bytes, Duration timeout, Function<WriteReply, T> reader) {
        super(timeout, bytes);
        this.key = key;
        this.mutation = mutation;
        this.reader = reader;
    }

    long sequence() {
        return sequence;
    }

    @Override
    ShardRoute resolve(RoutingTable table) {
        ShardRoute route = table.find(key);
        if (route != null && mutation.hasBatch() && !holdsAll(route, mutation.getBatch())) {
            if (maybeDone()) {
                return null;
            }
            loop.refuse(
                    this,
                    RefusedException.Reason.INVALID,
                    "the batch has keys of several shards: all keys of a batch must be in one shard");
        }
        return route;
    }

    @Override
    boolean takePlace(Link link) {
        if (sequence != 0) {
            return true;
        }
        WriteSession wanted = loop.sessions.of(route(), loop.now());
        if (session != wanted) {
            leaveSession();
            if (!wanted.takePlace(this, route(), link)) {
                note(
                        RefusedException.Reason.BUSY,
                        "this client has " + link.sessionWrites() + " writes in shard " + wanted.shard
                                + " that wait for answers, and this one is behind them");
                return false;
            }
            session = wanted;
        }
        return true;
    }

    /** After it has waited for it. */
    void gotPlace(WriteSession where) {
        session = where;
        loop.place(this);
    }

    private void leaveSession() {
        WriteSession left = session;
        session = null;
        if (left != null) {
            left.giveBack();
        }
    }

    @Override
    boolean isOldest() {
        return sequence != 0 && session.isOldest(this);
    }

    void becameOldest() {
        loop.hurry(this);
    }

    /** After {@link #takePlace}. */
    @Override
    Request.Builder request(Link link) {
        long now = loop.now();
        if (sequence == 0) {
            sequence = session.number(this, now);
        }
        if (notAfter == 0 || !maybeDone()) {
            long left = Math.max(0, deadline - now) / 1_000_000;
            long logTime = sessionOf(route()).estimatedLogMillis(link.estimatedWallMillis(now), now);
            notAfter = logTime + Math.min(left + GRACE_MILLIS, link.sessionWindowMillis());
        }
        return Request.newBuilder()
                .setWrite(WriteRequest.newBuilder()
                        .setShard(route().ref())
                        .setSessionHigh(session.high())
                        .setSessionLow(session.low())
                        .setSequence(sequence)
                        .setFirstUnacknowledged(session.firstUnacknowledged())
                        .setNotAfterMillis(notAfter)
                        .setMutation(mutation));
    }

    @Override
    long notAfter() {
        return notAfter;
    }

    @Override
    boolean isWrite() {
        return true;
    }

    @Override
    boolean accepts(Response response, Attempt attempt) {
        return response.hasWrite() && response.getWrite().getOutcome() != WriteReply.Outcome.UNRECOGNIZED;
    }

    @Override
    T result(Response response, Attempt attempt) {
        WriteReply reply = response.getWrite();
        if (reply.getOutcome() == WriteReply.Outcome.INVALID_VALUE) {
            throw new RefusedException(RefusedException.Reason.INVALID, reply.getMessage());
        }
        return reader.apply(reply);
    }

    @Override
    void learnLogTime(Attempt attempt, long millis) {
        sessionOf(attempt.route).learnLogTime(millis, loop.now());
    }

    @Override
    void correctLogTime(Attempt attempt, long millis) {
        sessionOf(attempt.route).correctLogTime(millis, loop.now());
    }

    /** Nearly always this write's own: a key seldom changes shards between two attempts. */
    private WriteSession sessionOf(ShardRoute route) {
        return session != null && session.shard == route.id() ? session : loop.sessions.of(route, loop.now());
    }

    @Override
    void rearm() {
        notAfter = 0;
    }

    @Override
    void attemptOpened() {
        session.attemptOpened(loop.now());
    }

    @Override
    void attemptClosed(Attempt attempt, boolean told) {
        session.attemptClosed(told || attempt.harmless);
    }

    @Override
    void ended() {
        mutation = Mutation.getDefaultInstance();
        if (sequence != 0) {
            session.ended(loop.now());
        } else {
            leaveSession();
        }
    }

    private static boolean holdsAll(ShardRoute route, Batch batch) {
        for (Batch.KeyCondition condition : batch.getConditionsList()) {
            if (!route.contains(condition.getKey().toByteArray())) {
                return false;
            }
        }
        for (Mutation each : batch.getMutationsList()) {
            byte[] at = switch (each.getOperationCase()) {
                case PUT -> each.getPut().getKey().toByteArray();
                case DELETE -> each.getDelete().getKey().toByteArray();
                case APPEND -> each.getAppend().getKey().toByteArray();
                case INCREMENT -> each.getIncrement().getKey().toByteArray();
                case COMPARE_AND_SET, BATCH, OPERATION_NOT_SET ->
                    throw new IllegalArgumentException("a batch cannot hold " + each.getOperationCase());
            };
            if (!route.contains(at)) {
                return false;
            }
        }
        return true;
    }
}
