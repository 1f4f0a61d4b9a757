package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Batch;
import io.flotilla.client.proto.Condition;
import io.flotilla.client.proto.GoodbyeRequest;
import io.flotilla.client.proto.Mutation;
import io.flotilla.client.proto.ReadRequest;
import io.flotilla.client.proto.Scan;
import io.flotilla.client.proto.ShardRef;
import io.flotilla.client.proto.WriteRequest;

/**
 * What a well-formed request is. Asked at the door, so that nobody waits for a write that can't be done, and again by
 * every replica, so that no replica depends on another's door.
 */
public final class Rules {
    public static final int MAX_KEY_BYTES = 4 << 10;
    public static final int MAX_VALUE_BYTES = 1 << 20;
    /** Keys and values of one batch together. */
    public static final int MAX_BATCH_BYTES = 4 << 20;
    /** Conditions and mutations of one batch together. */
    public static final int MAX_BATCH_PARTS = 50_000;

    public static final int MAX_MULTI_GET_KEYS = 1_000;
    /** The values of one multi-get together. */
    public static final int MAX_MULTI_GET_BYTES = 16 << 20;

    private Rules() {}

    /** What is wrong with the write, or null. */
    public static String check(WriteRequest write) {
        String wrong = check(write.getShard());
        if (wrong != null) {
            return wrong;
        }
        // sequences are unsigned in the protocol; nobody counts beyond 2^63
        if (write.getSequence() < 1) {
            return "the write's sequence is missing: it begins at 1";
        }
        if (write.getFirstUnacknowledged() < 1 || write.getFirstUnacknowledged() > write.getSequence()) {
            return "first_unacknowledged (" + write.getFirstUnacknowledged()
                    + ") must lie in 1 to the write's sequence (" + write.getSequence() + ")";
        }
        if (write.getNotAfterMillis() <= 0) {
            return "the write's not_after is missing";
        }
        Mutation mutation = write.getMutation();
        return mutation.getOperationCase() == Mutation.OperationCase.BATCH
                ? check(mutation.getBatch())
                : check(mutation, false);
    }

    /** What is wrong with the goodbye, or null. */
    public static String check(GoodbyeRequest goodbye) {
        return check(goodbye.getShard());
    }

    private static String check(ShardRef shard) {
        return shard.getGroup() < 1 ? "the request names no data group: group is " + shard.getGroup() : null;
    }

    private static String check(Batch batch) {
        if (batch.getMutationsCount() == 0 && batch.getConditionsCount() == 0) {
            return "the batch is empty";
        }
        long parts = (long) batch.getConditionsCount() + batch.getMutationsCount();
        if (parts > MAX_BATCH_PARTS) {
            return "the batch has too many parts: " + parts + ", at most " + MAX_BATCH_PARTS;
        }
        long bytes = 0;
        for (int i = 0; i < batch.getConditionsCount(); i++) {
            Batch.KeyCondition condition = batch.getConditions(i);
            String wrong = first(checkKey(condition.getKey()), check(condition.getCondition()));
            if (wrong != null) {
                return wrong;
            }
            bytes += condition.getKey().size()
                    + condition.getCondition().getValue().size();
        }
        for (int i = 0; i < batch.getMutationsCount(); i++) {
            String wrong = check(batch.getMutations(i), true);
            if (wrong != null) {
                return wrong;
            }
            bytes += bytes(batch.getMutations(i));
        }
        return bytes > MAX_BATCH_BYTES
                ? "the batch is too large: " + bytes + " bytes of keys and values, at most " + MAX_BATCH_BYTES
                : null;
    }

    /** Of a mutation inside a batch. */
    private static long bytes(Mutation mutation) {
        switch (mutation.getOperationCase()) {
            case PUT:
                return mutation.getPut().getKey().size()
                        + mutation.getPut().getValue().size();
            case APPEND:
                return mutation.getAppend().getKey().size()
                        + mutation.getAppend().getSuffix().size();
            case DELETE:
                return mutation.getDelete().getKey().size();
            default:
                return mutation.getIncrement().getKey().size();
        }
    }

    private static String check(Mutation mutation, boolean inBatch) {
        switch (mutation.getOperationCase()) {
            case PUT:
                return first(
                        checkKey(mutation.getPut().getKey()),
                        checkValue(mutation.getPut().getValue()));
            case DELETE:
                return checkKey(mutation.getDelete().getKey());
            case APPEND:
                return first(
                        checkKey(mutation.getAppend().getKey()),
                        checkValue(mutation.getAppend().getSuffix()));
            case INCREMENT:
                return checkKey(mutation.getIncrement().getKey());
            case COMPARE_AND_SET:
                if (inBatch) {
                    return "a batch takes no compare-and-set: use its conditions";
                }
                return first(
                        first(
                                checkKey(mutation.getCompareAndSet().getKey()),
                                checkValue(mutation.getCompareAndSet().getValue())),
                        check(mutation.getCompareAndSet().getCondition()));
            case BATCH:
                return "a batch takes no batch inside it";
            default:
                return "the write has no operation that this node knows";
        }
    }

    private static String check(Condition condition) {
        switch (condition.getExpectCase()) {
            case VALUE:
                return checkValue(condition.getValue());
            case VERSION:
                return null;
            case ABSENT:
                return condition.getAbsent() ? null : "a condition on absence must be true";
            default:
                return "a condition is missing";
        }
    }

    private static String first(String a, String b) {
        return a != null ? a : b;
    }

    private static String checkKey(ByteString key) {
        if (key.isEmpty()) {
            return "the key is empty: a key has 1 to " + MAX_KEY_BYTES + " bytes";
        }
        return key.size() > MAX_KEY_BYTES
                ? "the key is too long: " + key.size() + " bytes, at most " + MAX_KEY_BYTES
                : null;
    }

    private static String checkValue(ByteString value) {
        return value.size() > MAX_VALUE_BYTES
                ? "the value is too large: " + value.size() + " bytes, at most " + MAX_VALUE_BYTES
                : null;
    }

    /** What is wrong with the read, or null. */
    public static String check(ReadRequest read) {
        String wrong = check(read.getShard());
        if (wrong != null) {
            return wrong;
        }
        switch (read.getOperationCase()) {
            case GET:
                return checkKey(read.getGet().getKey());
            case MULTI_GET:
                return checkKeys(read);
            case SCAN:
                return check(read.getScan());
            default:
                return "the read has no operation that this node knows";
        }
    }

    private static String checkKeys(ReadRequest read) {
        int count = read.getMultiGet().getKeysCount();
        if (count > MAX_MULTI_GET_KEYS) {
            return "the multi-get has too many keys: " + count + ", at most " + MAX_MULTI_GET_KEYS;
        }
        for (int i = 0; i < count; i++) {
            String wrong = checkKey(read.getMultiGet().getKeys(i));
            if (wrong != null) {
                return wrong;
            }
        }
        return null;
    }

    private static String check(Scan scan) {
        // a bound may be one byte longer than a key: "just after the last key seen"
        int longest = Math.max(scan.getFrom().size(), scan.getTo().size());
        return longest > MAX_KEY_BYTES + 1
                ? "a bound of the scan is too long: " + longest + " bytes, at most " + (MAX_KEY_BYTES + 1)
                : null;
    }
}
