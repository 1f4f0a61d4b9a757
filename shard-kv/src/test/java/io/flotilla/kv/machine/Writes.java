package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Append;
import io.flotilla.client.proto.Batch;
import io.flotilla.client.proto.CompareAndSet;
import io.flotilla.client.proto.Condition;
import io.flotilla.client.proto.Delete;
import io.flotilla.client.proto.GoodbyeRequest;
import io.flotilla.client.proto.Increment;
import io.flotilla.client.proto.Mutation;
import io.flotilla.client.proto.Put;
import io.flotilla.client.proto.Shard;
import io.flotilla.client.proto.ShardRef;
import io.flotilla.client.proto.WriteRequest;

/** Requests in a few words, for tests. */
public final class Writes {
    public static final long GROUP = 3;
    /** Log time at which tests begin. */
    public static final long NOW = 1_000_000;

    private Writes() {}

    /** Keys up to "m". */
    public static Shard low() {
        return shard(7, 1, "", "m");
    }

    /** Keys from "m" on. */
    public static Shard high() {
        return shard(8, 4, "m", "");
    }

    public static Shard shard(long id, long epoch, String start, String end) {
        return Shard.newBuilder()
                .setId(id)
                .setEpoch(epoch)
                .setGroup(GROUP)
                .setStart(bytes(start))
                .setEnd(bytes(end))
                .build();
    }

    public static ShardRef ref(Shard shard) {
        return ShardRef.newBuilder()
                .setId(shard.getId())
                .setEpoch(shard.getEpoch())
                .setGroup(shard.getGroup())
                .build();
    }

    public static ByteString bytes(String text) {
        return ByteString.copyFromUtf8(text);
    }

    /** A write to the low shard with nothing acknowledged and a deadline of ten seconds. */
    public static WriteRequest write(long session, long sequence, Mutation mutation) {
        return WriteRequest.newBuilder()
                .setShard(ref(low()))
                .setSessionHigh(session)
                .setSessionLow(-session)
                .setSequence(sequence)
                .setFirstUnacknowledged(1)
                .setNotAfterMillis(NOW + 10_000)
                .setMutation(mutation)
                .build();
    }

    /** To the low shard. */
    public static GoodbyeRequest goodbye(long session) {
        return GoodbyeRequest.newBuilder()
                .setShard(ref(low()))
                .setSessionHigh(session)
                .setSessionLow(-session)
                .build();
    }

    public static Mutation put(String key, String value) {
        return put(key, bytes(value));
    }

    public static Mutation put(String key, ByteString value) {
        return Mutation.newBuilder()
                .setPut(Put.newBuilder().setKey(bytes(key)).setValue(value))
                .build();
    }

    public static Mutation delete(String key) {
        return Mutation.newBuilder()
                .setDelete(Delete.newBuilder().setKey(bytes(key)))
                .build();
    }

    public static Mutation append(String key, String suffix) {
        return append(key, bytes(suffix));
    }

    public static Mutation append(String key, ByteString suffix) {
        return Mutation.newBuilder()
                .setAppend(Append.newBuilder().setKey(bytes(key)).setSuffix(suffix))
                .build();
    }

    public static Mutation increment(String key, long delta) {
        return Mutation.newBuilder()
                .setIncrement(Increment.newBuilder().setKey(bytes(key)).setDelta(delta))
                .build();
    }

    public static Mutation cas(String key, Condition condition, String value) {
        return Mutation.newBuilder()
                .setCompareAndSet(CompareAndSet.newBuilder()
                        .setKey(bytes(key))
                        .setCondition(condition)
                        .setValue(bytes(value)))
                .build();
    }

    public static Condition hasValue(String value) {
        return Condition.newBuilder().setValue(bytes(value)).build();
    }

    public static Condition hasVersion(long version) {
        return Condition.newBuilder().setVersion(version).build();
    }

    public static Condition absent() {
        return Condition.newBuilder().setAbsent(true).build();
    }

    public static Batch.KeyCondition on(String key, Condition condition) {
        return Batch.KeyCondition.newBuilder()
                .setKey(bytes(key))
                .setCondition(condition)
                .build();
    }

    public static Mutation batch(Mutation... mutations) {
        return Mutation.newBuilder()
                .setBatch(Batch.newBuilder().addAllMutations(java.util.List.of(mutations)))
                .build();
    }

    public static Mutation onlyIf(Batch.KeyCondition condition, Mutation batch) {
        return Mutation.newBuilder()
                .setBatch(batch.getBatch().toBuilder().addConditions(condition))
                .build();
    }
}
