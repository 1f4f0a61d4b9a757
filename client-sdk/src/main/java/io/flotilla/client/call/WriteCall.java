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
 * A write. It gets its session, its sequence and its not-after when it is first sent, and keeps them for all attempts:
 * however many of them arrive, one is applied.
 */
public final class WriteCall<T> extends ShardCall<T> {
    /** How much later than the caller's deadline a node may still apply it: clocks differ a little. */
    private static final long GRACE_MILLIS = 500;

    private final byte[] key;
    private final Function<WriteReply, T> reader;
    private Mutation mutation;
    private Sessions.Session session;
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
    Request.Builder request(Link link) {
        long now = loop.now();
        if (sequence == 0) {
            session = loop.sessions.of(route().id());
            sequence = session.begin(this);
        }
        if (notAfter == 0) {
            long left = Math.max(0, deadline - now) / 1_000_000;
            long logTime = sessionOf(route().id()).estimatedLogMillis(link.estimatedWallMillis(now), now);
            notAfter = logTime + left + GRACE_MILLIS;
        }
        return Request.newBuilder()
                .setWrite(WriteRequest.newBuilder()
                        .setShard(route().ref())
                        .setSessionHigh(session.high)
                        .setSessionLow(session.low)
                        .setSequence(sequence)
                        .setFirstUnacknowledged(session.firstUnacknowledged())
                        .setNotAfterMillis(notAfter)
                        .setMutation(mutation));
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
        sessionOf(attempt.route.id()).learnLogTime(millis, loop.now());
    }

    /** Nearly always this write's own: a key seldom changes shards between two attempts. */
    private Sessions.Session sessionOf(long shard) {
        return session != null && session.shard == shard ? session : loop.sessions.of(shard);
    }

    @Override
    void rearm() {
        notAfter = 0;
    }

    @Override
    void ended() {
        mutation = Mutation.getDefaultInstance();
        if (session != null) {
            session.ended();
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
