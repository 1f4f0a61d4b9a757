package io.flotilla.raft.core.log;

import java.util.Arrays;

/**
 * One log entry. Immutable: the payload array belongs to the entry from the moment it is handed over, and nobody
 * writes to it again.
 *
 * @param index from 1
 */
public record Entry(long term, long index, EntryKind kind, byte[] payload) {
    /** A fixed allowance for an entry's header. */
    public static final int OVERHEAD_BYTES = 32;

    private static final byte[] EMPTY = new byte[0];

    public static Entry noOp(long term, long index) {
        return new Entry(term, index, EntryKind.NO_OP, EMPTY);
    }

    public EntryId id() {
        return new EntryId(term, index);
    }

    /** What the entry counts against byte limits: its payload and {@link #OVERHEAD_BYTES}. */
    public int bytes() {
        return payload.length + OVERHEAD_BYTES;
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
