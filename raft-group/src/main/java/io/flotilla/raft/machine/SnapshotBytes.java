package io.flotilla.raft.machine;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.Supplier;

/** A snapshot that is small enough to be in memory as a whole. A position is an offset, eight bytes. Belongs to one lane at a time. */
public final class SnapshotBytes implements SnapshotSource {
    private final long index;
    private final Supplier<byte[]> encoding;
    /** Null before it is first read. */
    private byte[] bytes;

    private int at;

    /** @param bytes are not written to afterwards */
    public SnapshotBytes(long index, byte[] bytes) {
        this(index, () -> bytes);
    }

    /** @param encoding makes the bytes when they are first read, on the lane that reads */
    public SnapshotBytes(long index, Supplier<byte[]> encoding) {
        this.index = index;
        this.encoding = encoding;
    }

    private byte[] bytes() {
        if (bytes == null) {
            bytes = encoding.get();
        }
        return bytes;
    }

    @Override
    public long index() {
        return index;
    }

    @Override
    public void seek(byte[] position) {
        if (position.length != 0 && position.length != Long.BYTES) {
            throw new IllegalArgumentException(position.length + " bytes are no offset in a snapshot");
        }
        long offset = position.length == 0 ? 0 : ByteBuffer.wrap(position).getLong();
        if (offset < 0 || offset > bytes().length) {
            throw new IllegalArgumentException(offset + " is no offset in a snapshot of " + bytes.length + " bytes");
        }
        at = (int) offset;
    }

    @Override
    public Chunk next(int maxBytes) {
        if (at == bytes().length) {
            return null;
        }
        int from = at;
        at = Math.min(bytes.length, from + Math.max(1, maxBytes));
        return new Chunk(
                Arrays.copyOfRange(bytes, from, at),
                ByteBuffer.allocate(Long.BYTES).putLong(at).array());
    }

    @Override
    public void close() {}
}
