package io.flotilla.raft.core.log;

/** What an entry is for. The numbers are part of the disk and wire formats. */
public enum EntryKind {
    /** Written by each new leader so that earlier terms commit (Raft paper §8). Empty payload. */
    NO_OP(0),
    /** A command for the state machine. */
    COMMAND(1),
    /** A membership, effective when appended (Raft thesis §4.1). */
    MEMBERSHIP(2);

    private final int code;

    EntryKind(int code) {
        this.code = code;
    }

    public int code() {
        return code;
    }

    /** @throws IllegalArgumentException for a number that this version does not know */
    public static EntryKind of(int code) {
        switch (code) {
            case 0:
                return NO_OP;
            case 1:
                return COMMAND;
            case 2:
                return MEMBERSHIP;
            default:
                throw new IllegalArgumentException("unknown entry kind " + code);
        }
    }
}
