package io.flotilla.kv.machine;

import java.util.Arrays;

/** Reads the records of a part; what is not there, or makes no sense, is an {@link IllegalArgumentException}. */
public final class RecordReader {
    private final byte[] bytes;
    private int at;

    public RecordReader(byte[] bytes) {
        this.bytes = bytes;
    }

    public boolean hasMore() {
        return at < bytes.length;
    }

    public int position() {
        return at;
    }

    public byte get() {
        need(1);
        return bytes[at++];
    }

    public int getInt() {
        need(4);
        int value = 0;
        for (int i = 0; i < 4; i++) {
            value = value << 8 | bytes[at++] & 0xff;
        }
        return value;
    }

    public long getVarint() {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            byte next = get();
            value |= (next & 0x7fL) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw new IllegalArgumentException("a number in it is too long");
    }

    /** A number from 0 to {@code max}. @param what for the message */
    public int getVarint(String what, int max) {
        long value = getVarint();
        if (value < 0 || value > max) {
            throw new IllegalArgumentException(
                    what + " is " + Long.toUnsignedString(value) + ", at most " + max + " makes sense");
        }
        return (int) value;
    }

    public byte[] get(int length) {
        need(length);
        at += length;
        return Arrays.copyOfRange(bytes, at - length, at);
    }

    private void need(int length) {
        if (bytes.length - at < length) {
            throw new IllegalArgumentException("it ends inside a record");
        }
    }
}
