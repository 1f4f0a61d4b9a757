package io.flotilla.it.model;

/** The holds of one replica, one for each move that its group is the target of: a hold of a move that is over may linger. */
record Holds(long bits) {
    static final Holds NONE = new Holds(0);
    static final int MOVES = 3;
    private static final int WIDTH = 15;

    Hold of(int m) {
        return new Hold((int) (bits >>> WIDTH * (m - 1)) & ((1 << WIDTH) - 1));
    }

    Holds with(int m, Hold hold) {
        long mask = ((1L << WIDTH) - 1) << WIDTH * (m - 1);
        return new Holds((bits & ~mask) | (long) hold.bits() << WIDTH * (m - 1));
    }

    boolean any() {
        return bits != 0;
    }

    /** A hold is deleted in the batch that brings this replica's fence to its move, and at no other time. */
    Holds above(int fence) {
        return new Holds(bits >>> WIDTH * fence << WIDTH * fence);
    }

    /** The same holds after their rows were deleted by key range: only a fault does this. */
    Holds emptied() {
        Holds emptied = this;
        for (int m = 1; m <= MOVES; m++) {
            emptied = emptied.with(m, of(m).emptied());
        }
        return emptied;
    }
}
