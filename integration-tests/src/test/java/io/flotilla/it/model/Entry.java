package io.flotilla.it.model;

/** The entries of both groups' logs, as small numbers: kind, move or write, c*, and the term in B's log. */
final class Entry {
    static final int TERM_BEGINS = 0;
    static final int MOVE_OUT = 1;
    static final int FREEZE = 2;
    static final int CANCEL = 3;
    static final int ADOPT = 4;
    static final int DROP = 5;
    static final int WRITE = 6;
    static final int ACKNOWLEDGE = 7;
    static final int TIME = 8;

    /** Each entry is below this. */
    static final int LIMIT = 1 << 12;

    private Entry() {}

    static int of(int kind, int subject) {
        return kind | subject << 4;
    }

    static int adopt(int m, int least) {
        return of(ADOPT, m) | least << 6;
    }

    static int inTerm(int entry, int term) {
        return entry | term << 9;
    }

    static int kind(int entry) {
        return entry & 15;
    }

    /** The move, or the write. */
    static int subject(int entry) {
        return entry >> 4 & 3;
    }

    /** c* of an Adopt: what a replica's hold must reach before it appends the entry. */
    static int least(int entry) {
        return entry >> 6 & 7;
    }

    static int term(int entry) {
        return entry >> 9;
    }

    static String text(int entry) {
        int n = subject(entry);
        return switch (kind(entry)) {
            case TERM_BEGINS -> "the first entry of term " + term(entry);
            case MOVE_OUT -> "MoveOut(" + n + ")";
            case FREEZE -> "Freeze(" + n + ")";
            case CANCEL -> "Cancel(" + n + ")";
            case ADOPT -> "Adopt(" + n + ", c*=" + least(entry) + ")";
            case DROP -> "Drop(" + n + ")";
            case WRITE -> "write w" + (n + 1);
            case ACKNOWLEDGE -> "acknowledgement of w" + (n + 1);
            default -> "a command whose clock is past every not-after";
        };
    }
}
