package io.flotilla.client;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Append;
import io.flotilla.client.proto.Batch;
import io.flotilla.client.proto.Delete;
import io.flotilla.client.proto.Increment;
import io.flotilla.client.proto.Mutation;
import io.flotilla.client.proto.Put;

/**
 * Writes that are made all or not at all, in the given order, if all conditions hold. All keys, those of the
 * conditions too, must be in one shard; a later write sees what an earlier one did. At most {@link Limits#BATCH_BYTES}
 * of keys and values together. Arrays are copied. Immutable; {@link #builder()} makes one.
 */
public final class WriteBatch {
    private final Batch batch;
    private final long bytes;

    private WriteBatch(Batch batch, long bytes) {
        this.batch = batch;
        this.bytes = bytes;
    }

    public static Builder builder() {
        return new Builder();
    }

    Batch batch() {
        return batch;
    }

    long bytes() {
        return bytes;
    }

    /** The key of the first write. */
    byte[] firstKey() {
        Mutation first = batch.getMutations(0);
        ByteString key = switch (first.getOperationCase()) {
            case PUT -> first.getPut().getKey();
            case DELETE -> first.getDelete().getKey();
            case APPEND -> first.getAppend().getKey();
            case INCREMENT -> first.getIncrement().getKey();
            case COMPARE_AND_SET, BATCH, OPERATION_NOT_SET ->
                throw new IllegalStateException("the builder adds no " + first.getOperationCase());
        };
        return key.toByteArray();
    }

    /** Collects a batch. For one thread. Keys and values out of bounds are refused by each method at once. */
    public static final class Builder {
        private final Batch.Builder batch = Batch.newBuilder();
        private long bytes;

        private Builder() {}

        /** Makes the batch conditional; several conditions must all hold. */
        public Builder onlyIf(byte[] key, Expectation expect) {
            bytes += expect.condition().getValue().size();
            batch.addConditions(Batch.KeyCondition.newBuilder().setKey(key(key)).setCondition(expect.condition()));
            return this;
        }

        public Builder onlyIf(String key, Expectation expect) {
            return onlyIf(Utf8.bytes(key), expect);
        }

        public Builder put(byte[] key, byte[] value) {
            return add(Mutation.newBuilder()
                    .setPut(Put.newBuilder().setKey(key(key)).setValue(value(value))));
        }

        public Builder put(String key, String value) {
            return put(Utf8.bytes(key), Utf8.bytes(value));
        }

        /** An absent key is fine here: deleting it changes nothing. */
        public Builder delete(byte[] key) {
            return add(Mutation.newBuilder().setDelete(Delete.newBuilder().setKey(key(key))));
        }

        public Builder delete(String key) {
            return delete(Utf8.bytes(key));
        }

        public Builder append(byte[] key, byte[] suffix) {
            return add(Mutation.newBuilder()
                    .setAppend(Append.newBuilder().setKey(key(key)).setSuffix(value(suffix))));
        }

        public Builder append(String key, String suffix) {
            return append(Utf8.bytes(key), Utf8.bytes(suffix));
        }

        public Builder increment(byte[] key, long delta) {
            return add(Mutation.newBuilder()
                    .setIncrement(Increment.newBuilder().setKey(key(key)).setDelta(delta)));
        }

        public Builder increment(String key, long delta) {
            return increment(Utf8.bytes(key), delta);
        }

        public WriteBatch build() {
            if (batch.getMutationsCount() == 0) {
                throw new RefusedException(
                        RefusedException.Reason.INVALID, "the batch writes nothing: add at least one write");
            }
            if (bytes > Limits.BATCH_BYTES) {
                throw new RefusedException(
                        RefusedException.Reason.INVALID,
                        "the batch has " + bytes + " bytes of keys and values; at most " + Limits.BATCH_BYTES
                                + " are allowed: split it");
            }
            return new WriteBatch(batch.build(), bytes);
        }

        private Builder add(Mutation.Builder mutation) {
            batch.addMutations(mutation);
            return this;
        }

        private ByteString key(byte[] key) {
            Limits.checkKey(key);
            bytes += key.length;
            return ByteString.copyFrom(key);
        }

        private ByteString value(byte[] value) {
            Limits.checkValue(value);
            bytes += value.length;
            return ByteString.copyFrom(value);
        }
    }
}
