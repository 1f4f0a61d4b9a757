package io.flotilla.raft.core.log;

import java.util.Arrays;

/**
 * One log entry. Immutable: the payload array belongs to the entry from the moment it is handed over, and nobody
 * writes to it again.
 */
public final class Entry {
    /** A fixed allowance for an entry's header. */
    public static final int OVERHEAD_BYTES = 32;

    /**
     * Flag of a command that a replica appends only once its state machine says that it holds what the command names: so who has
     * the entry holds that, and can be elected.
     */
    public static final int GUARDED = 1;

    private static final byte[] EMPTY = new byte[0];

    private final long term;
    private final long index;
    private final EntryKind kind;
    private final byte flags;
    private final byte[] payload;
    /** Kept here: it is asked for at each step, when the payload has long left the processor's cache. */
    private final int bytes;

    /** An entry without flags. @param index from 1 */
    public Entry(long term, long index, EntryKind kind, byte[] payload) {
        this(term, index, kind, 0, payload);
    }

    /**
     * @param index from 1
     * @param flags {@link #GUARDED} or 0
     * @throws IllegalArgumentException for flags that {@link #checkFlags} refuses
     */
    public Entry(long term, long index, EntryKind kind, int flags, byte[] payload) {
        checkFlags(kind, flags);
        this.term = term;
        this.index = index;
        this.kind = kind;
        this.flags = (byte) flags;
        this.payload = payload;
        this.bytes = payload.length + OVERHEAD_BYTES;
    }

    /** @throws IllegalArgumentException for a flag that this version does not know, and for any at another entry than a command */
    public static void checkFlags(EntryKind kind, int flags) {
        if ((flags & ~GUARDED) != 0) {
            throw new IllegalArgumentException("unknown entry flags " + flags);
        }
        if (flags != 0 && kind != EntryKind.COMMAND) {
            throw new IllegalArgumentException(
                    "an entry of kind " + kind + " has flags " + flags + ": only commands have");
        }
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

    /** {@link #GUARDED} or 0. */
    public int flags() {
        return flags;
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
                && flags == other.flags
                && Arrays.equals(payload, other.payload);
    }

    @Override
    public int hashCode() {
        return Long.hashCode(term * 31 + index);
    }

    @Override
    public String toString() {
        return "[" + index + ":" + term + " " + kind + (flags == 0 ? "" : " guarded") + " " + payload.length + "B]";
    }
}
