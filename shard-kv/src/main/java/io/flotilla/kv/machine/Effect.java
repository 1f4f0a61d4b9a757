package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.WriteReply.Outcome;

/**
 * What a mutation did.
 *
 * @param version that it gave its keys; of a failed condition the present one, 0 if the key is absent
 * @param value of an increment the new number; else empty
 * @param message of an invalid value what is wrong; else empty
 * @param present of a failed compare-and-set the present value; else null
 */
record Effect(Outcome outcome, long version, boolean existed, ByteString value, String message, ByteString present) {
    /** A condition failed, for the key is absent. */
    static final Effect ABSENT = new Effect(Outcome.CONDITION_FAILED, 0, false, ByteString.EMPTY, "", null);

    static Effect done(long version) {
        return new Effect(Outcome.DONE, version, false, ByteString.EMPTY, "", null);
    }

    static Effect deleted(long version) {
        return new Effect(Outcome.DONE, version, true, ByteString.EMPTY, "", null);
    }

    static Effect counted(long version, ByteString number) {
        return new Effect(Outcome.DONE, version, false, number, "", null);
    }

    /** @param present the value to be told, or null */
    static Effect failed(long version, ByteString present) {
        return new Effect(Outcome.CONDITION_FAILED, version, false, ByteString.EMPTY, "", present);
    }

    static Effect invalid(String message) {
        return new Effect(Outcome.INVALID_VALUE, 0, false, ByteString.EMPTY, message, null);
    }
}
