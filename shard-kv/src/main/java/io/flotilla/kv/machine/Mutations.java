package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Append;
import io.flotilla.client.proto.Batch;
import io.flotilla.client.proto.CompareAndSet;
import io.flotilla.client.proto.Condition;
import io.flotilla.client.proto.Increment;
import io.flotilla.client.proto.Mutation;
import io.flotilla.client.proto.WriteReply;

/** What each mutation does to the rows of its shard: arithmetic alone. The mutation is well-formed ({@link Rules}). */
final class Mutations {
    private Mutations() {}

    /**
     * Changes the rows if the outcome is DONE, and nothing otherwise.
     *
     * @param version for the keys it writes
     * @return what it did; a number in it shares no memory with the mutation
     */
    static Effect apply(Rows rows, Mutation mutation, long version) {
        switch (mutation.getOperationCase()) {
            case PUT:
                rows.put(
                        mutation.getPut().getKey(),
                        new StoredRow(version, mutation.getPut().getValue()));
                return Effect.done(version);
            case DELETE:
                return delete(rows, mutation.getDelete().getKey(), version);
            case APPEND:
                return append(rows, mutation.getAppend(), version);
            case INCREMENT:
                return increment(rows, mutation.getIncrement(), version);
            case COMPARE_AND_SET:
                return compareAndSet(rows, mutation.getCompareAndSet(), version);
            case BATCH:
                return batch(rows, mutation.getBatch(), version);
            default:
                throw new IllegalArgumentException("no operation: " + mutation.getOperationCase());
        }
    }

    private static Effect delete(Rows rows, ByteString key, long version) {
        if (rows.get(key) == null) {
            return Effect.ABSENT;
        }
        rows.delete(key);
        return Effect.deleted(version);
    }

    private static Effect append(Rows rows, Append append, long version) {
        StoredRow present = rows.get(append.getKey());
        ByteString old = present == null ? ByteString.EMPTY : present.value();
        int size = old.size() + append.getSuffix().size();
        if (size > Rules.MAX_VALUE_BYTES) {
            return Effect.invalid("the value would grow to " + size + " bytes, at most " + Rules.MAX_VALUE_BYTES);
        }
        rows.put(append.getKey(), new StoredRow(version, old.concat(append.getSuffix())));
        return Effect.done(version);
    }

    private static Effect increment(Rows rows, Increment increment, long version) {
        StoredRow present = rows.get(increment.getKey());
        long old = 0;
        if (present != null) {
            try {
                old = parse(present.value());
            } catch (NumberFormatException e) {
                return Effect.invalid("the present value is no decimal number of 64 bits");
            }
        }
        long sum = old + increment.getDelta();
        if (((old ^ sum) & (increment.getDelta() ^ sum)) < 0) {
            return Effect.invalid(old + " plus " + increment.getDelta() + " leaves the range of 64 bits");
        }
        ByteString value = ByteString.copyFromUtf8(Long.toString(sum));
        rows.put(increment.getKey(), new StoredRow(version, value));
        return Effect.counted(version, value);
    }

    /** ASCII digits with an optional minus; nothing else that {@link Long#parseLong} would take. */
    private static long parse(ByteString value) {
        if (value.isEmpty() || value.size() > 20) {
            throw new NumberFormatException();
        }
        for (int i = 0; i < value.size(); i++) {
            byte c = value.byteAt(i);
            if ((c < '0' || c > '9') && !(c == '-' && i == 0)) {
                throw new NumberFormatException();
            }
        }
        return Long.parseLong(value.toStringUtf8());
    }

    private static Effect compareAndSet(Rows rows, CompareAndSet write, long version) {
        StoredRow present = rows.get(write.getKey());
        if (!holds(write.getCondition(), present)) {
            return failed(present, true);
        }
        rows.put(write.getKey(), new StoredRow(version, write.getValue()));
        return Effect.done(version);
    }

    private static boolean holds(Condition condition, StoredRow present) {
        switch (condition.getExpectCase()) {
            case VALUE:
                return present != null && present.value().equals(condition.getValue());
            case VERSION:
                return present != null && present.version() == condition.getVersion();
            default:
                return present == null;
        }
    }

    private static Effect failed(StoredRow present, boolean withValue) {
        return present == null ? Effect.ABSENT : Effect.failed(present.version(), withValue ? present.value() : null);
    }

    private static Effect batch(Rows rows, Batch batch, long version) {
        for (int i = 0; i < batch.getConditionsCount(); i++) {
            Batch.KeyCondition condition = batch.getConditions(i);
            StoredRow present = rows.get(condition.getKey());
            if (!holds(condition.getCondition(), present)) {
                return failed(present, false);
            }
        }
        Overlay staged = new Overlay(rows);
        for (int i = 0; i < batch.getMutationsCount(); i++) {
            Mutation mutation = batch.getMutations(i);
            // deleting what is not there is no failure inside a batch: conditions say what must be there
            Effect effect = apply(staged, mutation, version);
            if (effect.outcome() == WriteReply.Outcome.INVALID_VALUE) {
                return Effect.invalid("mutation " + (i + 1) + " of the batch: " + effect.message());
            }
        }
        staged.drain((key, row) -> {
            if (row == null) {
                rows.delete(key);
            } else {
                rows.put(key, row);
            }
        });
        return Effect.done(version);
    }
}
