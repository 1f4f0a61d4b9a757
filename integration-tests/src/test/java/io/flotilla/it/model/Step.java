package io.flotilla.it.model;

/** The kinds of steps, and how a counterexample tells them. */
enum Step {
    INTENT,
    MARKED_CANCELLED,
    OWNER,
    TARGET_CLEARED,
    A_TAKES,
    A_COPIES,
    A_ROUND,
    PROPOSES,
    APPENDS,
    HEARTBEAT,
    LATE_APPEND_REFUSED,
    HELD_BACK_NO_MORE,
    APPLIES,
    FLUSHES,
    CRASHES,
    RESTARTS,
    ELECTED,
    SNAPSHOT,
    COPIES,
    ROUND,
    PULLS_FROM_PEER,
    LATE_ROUND,
    HOLD_DELETED,
    ROUND_OVER_A_GAP;

    /** Steps that only a fault makes possible. */
    boolean isFaulty() {
        return switch (this) {
            case LATE_APPEND_REFUSED, HELD_BACK_NO_MORE, LATE_ROUND, HOLD_DELETED, ROUND_OVER_A_GAP -> true;
            default -> false;
        };
    }

    private static String b(int i) {
        return "b" + (i + 1);
    }

    /**
     * One line.
     *
     * @param who the replica of B that acts
     * @param other a second one: the sender, the voter, the source
     * @param detail an entry, a move or a term
     */
    String text(int who, int other, int detail) {
        return switch (this) {
            case INTENT -> "controller: the shard shall move, move " + detail;
            case MARKED_CANCELLED -> "controller: move " + detail + " is marked cancelled";
            case OWNER -> "controller: told that the target serves; move " + detail + " is over, the owner changes";
            case TARGET_CLEARED ->
                "controller: told of Cancel(" + detail + ") in the source's log; the target is cleared";
            case A_TAKES -> "A commits and applies " + Entry.text(detail);
            case A_COPIES -> "A copies from " + b(other) + ", move " + detail;
            case A_ROUND -> "A takes a round of changes from " + b(other) + ", move " + detail;
            case PROPOSES -> b(who) + " (leader) appends " + Entry.text(detail) + " to its log";
            case APPENDS -> b(who) + " appends from " + b(other) + ": " + Entry.text(detail);
            case HEARTBEAT -> b(who) + " hears of " + b(other) + "'s term";
            case LATE_APPEND_REFUSED ->
                b(who) + " refuses a late copy of " + Entry.text(detail) + ", which it has; " + b(other)
                        + " takes it for held back";
            case HELD_BACK_NO_MORE -> b(who) + " takes " + Entry.text(detail) + " again and is held back no more";
            case APPLIES -> b(who) + " applies " + Entry.text(detail);
            case FLUSHES -> b(who) + " flushes its engine";
            case CRASHES -> b(who) + " crashes: its engine is as of the last flush";
            case RESTARTS -> b(who) + " restarts";
            case ELECTED -> b(who) + " is elected in term " + detail + " with " + b(other) + "'s vote";
            case SNAPSHOT -> b(who) + " installs a snapshot of " + b(other);
            case COPIES -> b(who) + " copies from a replica of A, move " + detail;
            case ROUND -> b(who) + " takes a round of changes from a replica of A, move " + detail;
            case PULLS_FROM_PEER -> b(who) + " pulls the hold of " + b(other) + ", move " + detail;
            case LATE_ROUND -> b(who) + " writes a late round of move " + detail + " over the shard that it serves";
            case ROUND_OVER_A_GAP ->
                b(who) + " crashes, restarts as of its last flush, and writes a round of move " + detail
                        + " that it had asked for before";
            case HOLD_DELETED -> b(who) + " deletes its hold: a configuration shows move " + detail + " no more";
        };
    }
}
