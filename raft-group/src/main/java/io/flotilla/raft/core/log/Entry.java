package io.flotilla.raft.core.log;

import java.util.Arrays;

/**
 * One log entry. Immutable: the payload array belongs to the entry from the moment it is handed over, and nobody
 * writes to it again.
 */
public final class Entry {
    /** A fixed allowance for an entry's header. */
    public static final int OVERHEAD_BYTES = 32;

    private static final byte[] EMPTY = new byte[0];

    private final long term;
    private final long index;
    private final EntryKind kind;
    private final byte[] payload;
    /** Kept here: it is asked for at each step, when the payload has long left the processor's cache. */
    private final int bytes;

    /** @param index from 1 */
    public Entry(long term, long index, EntryKind kind, byte[] payload) {
        this.term = term;
        this.index = index;
        this.kind = kind;
        this.payload = payload;
        this.bytes = payload.length + OVERHEAD_BYTES;
    }

    public static Entry noOp(long term, long index) {
        return new Entry(term, index, EntryKind.NO_OP, EMPTY);
    }

    public long term() {
        return term;
    }

    public long index() {
        return index;
    }

    public EntryKind kind() {
        return kind;
    }

    public byte[] payload() {
        return payload;
    }

    public EntryId id() {
        return new EntryId(term, index);
    }

    /** What the entry counts against byte limits: its payload and {@link #OVERHEAD_BYTES}. */
    public int bytes() {
        return bytes;
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof Entry other
                && term == other.term
                && index == other.index
                && kind == other.kind
                && Arrays.equals(payload, other.payload);
    }

    @Override
    public int hashCode() {
        return Long.hashCode(term * 31 + index);
    }

    @Override
    public String toString() {
        return "[" + index + ":" + term + " " + kind + " " + payload.length + "B]";
    }
}
