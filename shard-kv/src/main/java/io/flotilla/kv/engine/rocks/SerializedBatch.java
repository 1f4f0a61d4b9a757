package io.flotilla.kv.engine.rocks;

import io.flotilla.kv.engine.EngineBatch;
import io.flotilla.kv.engine.EngineException;
import java.util.Arrays;

/**
 * A batch in the bytes that RocksDB keeps it in ({@code WriteBatch.data()}): eight of a sequence number that RocksDB
 * fills in, four of the number of changes, little end first, then each change as a byte that says what it is and one or
 * two strings with their lengths as varints. One array crosses to native code in place of two per row.
 */
final class SerializedBatch implements EngineBatch.Visitor {
    private static final int HEADER = 12;
    private static final int COUNT = 8;
    private static final byte DELETION = 0;
    private static final byte VALUE = 1;
    private static final byte RANGE_DELETION = 15;
    /** The byte before a change and its strings' lengths, at most. */
    private static final int OVERHEAD = 11;

    private final byte[] bytes;
    private int end = HEADER;

    private SerializedBatch(int bound) {
        bytes = new byte[bound];
    }

    /** @throws EngineException if it is larger than an array */
    static byte[] of(EngineBatch batch) {
        long bound = HEADER + batch.bytes() + (long) OVERHEAD * batch.size();
        if (bound > Integer.MAX_VALUE - 8) {
            throw new EngineException("a batch of " + batch.bytes() + " bytes is too large to be written at once");
        }
        SerializedBatch serialized = new SerializedBatch((int) bound);
        batch.forEach(serialized);
        int count = batch.size();
        for (int i = 0; i < 4; i++) {
            serialized.bytes[COUNT + i] = (byte) (count >>> 8 * i);
        }
        return serialized.end == bound ? serialized.bytes : Arrays.copyOf(serialized.bytes, serialized.end);
    }

    @Override
    public void put(byte[] key, byte[] value) {
        bytes[end++] = VALUE;
        string(key);
        string(value);
    }

    @Override
    public void delete(byte[] key) {
        bytes[end++] = DELETION;
        string(key);
    }

    @Override
    public void deleteRange(byte[] from, byte[] to) {
        bytes[end++] = RANGE_DELETION;
        string(from);
        string(to);
    }

    private void string(byte[] string) {
        int length = string.length;
        while ((length & ~0x7F) != 0) {
            bytes[end++] = (byte) (length | 0x80);
            length >>>= 7;
        }
        bytes[end++] = (byte) length;
        System.arraycopy(string, 0, bytes, end, string.length);
        end += string.length;
    }
}
