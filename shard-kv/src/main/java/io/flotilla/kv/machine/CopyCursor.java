package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.flotilla.kv.engine.EngineCursor;

/** Walks over the rows or sessions of a {@link ShardCopy} in ascending order. Starts before the first one. Used by one lane. */
public final class CopyCursor implements AutoCloseable {
    private final EngineCursor rows;

    CopyCursor(EngineCursor rows) {
        this.rows = rows;
    }

    /** Steps to the next one; false if there is none, and from then on. */
    public boolean next() {
        return rows.next();
    }

    /** The user's key; of a session its identity, 16 bytes. Only after {@link #next} returned true. */
    public ByteString key() {
        byte[] key = rows.key();
        return UnsafeByteOperations.unsafeWrap(key, Layout.NUMBER_PREFIX, key.length - Layout.NUMBER_PREFIX);
    }

    /** Version (8 bytes) and value; of a session its row. Not to be written to. Only after {@link #next} returned true. */
    public byte[] value() {
        return rows.value();
    }

    /** May be called again. */
    @Override
    public void close() {
        rows.close();
    }
}
