package io.flotilla.client;

/** The sizes that every part of a fleet agrees on, in bytes. Checked before anything is sent. */
public final class Limits {
    /** The longest key; the shortest has one byte. */
    public static final int KEY_BYTES = 4 * 1024;

    /** The longest value; an empty one is fine. */
    public static final int VALUE_BYTES = 1024 * 1024;

    /** Keys and values of one batch together. */
    public static final int BATCH_BYTES = 4 * 1024 * 1024;

    /** Keys of one multiGet; they may have {@link #BATCH_BYTES} together. */
    public static final int MULTI_GET_KEYS = 10_000;

    private Limits() {}

    /** @throws RefusedException (INVALID) naming what is wrong */
    public static void checkKey(byte[] key) {
        if (key.length == 0) {
            throw new RefusedException(
                    RefusedException.Reason.INVALID, "the key is empty: a key has 1 to " + KEY_BYTES + " bytes");
        }
        if (key.length > KEY_BYTES) {
            throw new RefusedException(
                    RefusedException.Reason.INVALID,
                    "the key has " + key.length + " bytes: a key has 1 to " + KEY_BYTES + " bytes");
        }
    }

    /** @throws RefusedException (INVALID) naming what is wrong */
    public static void checkValue(byte[] value) {
        if (value.length > VALUE_BYTES) {
            throw new RefusedException(
                    RefusedException.Reason.INVALID,
                    "the value has " + value.length + " bytes: at most " + VALUE_BYTES + " are allowed");
        }
    }
}
