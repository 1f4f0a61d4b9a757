package io.flotilla.kv.machine;

import java.util.Arrays;

/** Bytes that grow. Belongs to one lane. */
public final class RecordWriter {
    private byte[] bytes = new byte[256];
    private int size;

    public int size() {
        return size;
    }

    public byte[] array() {
        return bytes;
    }

    public void clear() {
        size = 0;
    }

    /** What was written since the last {@link #clear}, as an array of its own. */
    public byte[] copy() {
        return Arrays.copyOf(bytes, size);
    }

    public RecordWriter put(byte value) {
        ensure(1);
        bytes[size++] = value;
        return this;
    }

    public RecordWriter putInt(int value) {
        ensure(4);
        for (int shift = 24; shift >= 0; shift -= 8) {
            bytes[size++] = (byte) (value >>> shift);
        }
        return this;
    }

    public RecordWriter putVarint(long value) {
        ensure(10);
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            bytes[size++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        bytes[size++] = (byte) rest;
        return this;
    }

    public RecordWriter put(byte[] source, int from, int length) {
        ensure(length);
        System.arraycopy(source, from, bytes, size, length);
        size += length;
        return this;
    }

    private void ensure(int more) {
        if (bytes.length - size < more) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, Math.addExact(size, more)));
        }
    }
}
