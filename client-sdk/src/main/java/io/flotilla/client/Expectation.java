package io.flotilla.client;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Condition;

/** What must be true of a key for a conditional write to happen. Immutable. */
public final class Expectation {
    private static final Expectation ABSENT =
            new Expectation(Condition.newBuilder().setAbsent(true).build());

    private final Condition condition;

    private Expectation(Condition condition) {
        this.condition = condition;
    }

    /** The key has exactly this value. The array is copied. */
    public static Expectation value(byte[] value) {
        return new Expectation(
                Condition.newBuilder().setValue(ByteString.copyFrom(value)).build());
    }

    /** The key has exactly this value, as UTF-8. */
    public static Expectation value(String value) {
        return value(Utf8.bytes(value));
    }

    /** The key is there and has this version. */
    public static Expectation version(long version) {
        return new Expectation(Condition.newBuilder().setVersion(version).build());
    }

    /** The key is not there. */
    public static Expectation absent() {
        return ABSENT;
    }

    Condition condition() {
        return condition;
    }
}
