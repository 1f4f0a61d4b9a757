package io.flotilla.it.model;

/**
 * What may happen in one exploration; everything within these bounds is explored.
 *
 * @param moves how many moves the controller may start, one after the other (1 to 3): each from the owner of then to the other
 *     group, the first from A
 * @param writes writes of clients (0 to 2)
 * @param acks whether clients acknowledge answers
 * @param time whether log time may pass the not-after of all writes
 * @param views engine views that a copy is made of: 1, or 2 (one per key, and each write may be to either key)
 * @param elections elections while a leader lives (at most 3); those of a group without a leader are always allowed
 * @param crashes crashes of replicas of B (at most 3); when a crashed replica restarts, and whether ever, is open
 * @param cancels moves that the controller may mark cancelled (0 or 1)
 */
record Size(
        String name,
        int moves,
        int writes,
        boolean acks,
        boolean time,
        int views,
        int elections,
        int crashes,
        int cancels) {
    /** Small ones, for the usual test command. */
    static final Size ELECTION = new Size("election", 1, 1, true, true, 1, 1, 0, 0);

    static final Size CRASH = new Size("crash", 1, 1, true, false, 1, 0, 1, 0);
    static final Size WRITES = new Size("writes", 1, 2, false, false, 1, 0, 0, 0);
    static final Size VIEWS = new Size("views", 1, 1, false, false, 2, 1, 0, 0);
    static final Size MOVES = new Size("moves", 2, 1, false, false, 1, 0, 0, 1);

    /** Full ones: one move, 1 write, 2 elections, 1 crash. */
    static final Size A = new Size("a", 1, 1, false, false, 1, 2, 1, 0);

    /** One move, 2 writes, a copy in two views, 1 election. */
    static final Size B = new Size("b", 1, 2, false, false, 2, 1, 0, 0);

    /** There and back, 1 write, 1 cancel, 1 election. */
    static final Size C = new Size("c", 2, 1, false, false, 1, 1, 0, 1);

    /** One move, 1 write and its acknowledgement, log time, 1 crash. */
    static final Size D = new Size("d", 1, 1, true, true, 1, 0, 1, 0);

    /** There and back, 1 write, 1 cancel, 1 crash. */
    static final Size E = new Size("e", 2, 1, false, false, 1, 0, 1, 1);

    /** There, back and there again, 1 write, 1 cancel. */
    static final Size F = new Size("f", 3, 1, false, false, 1, 0, 0, 1);
}
