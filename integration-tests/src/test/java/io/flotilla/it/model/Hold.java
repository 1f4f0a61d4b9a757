package io.flotilla.it.model;

/**
 * What one replica of the target has copied for one move, in a generation set aside: hold (m, c) when it is complete, with all
 * rows and sessions up to at least csn c.
 */
record Hold(int bits) {
    static final Hold NONE = new Hold(0);
    private static final int KEYS = 2;

    private static Hold of(int copied, int csn, int rows, int sessions) {
        return new Hold(copied | csn << 2 | rows << 5 | sessions << 11);
    }

    /** Keys copied so far; both once the copy is complete. */
    int copied() {
        return bits & 3;
    }

    int csn() {
        return bits >> 2 & 7;
    }

    int rows() {
        return bits >> 5 & 63;
    }

    int sessions() {
        return bits >> 11 & 15;
    }

    boolean complete() {
        return copied() == KEYS;
    }

    /** Complete, and with everything up to at least csn c. */
    boolean reaches(int csn) {
        return complete() && csn() >= csn;
    }

    private static int merge(int into, int from, int at, int width) {
        int mask = ((1 << width) - 1) << at;
        return (into & ~mask) | (from & mask);
    }

    /**
     * The next part of the copy, out of an engine view of a replica of the source that has applied MoveOut: in one view the
     * whole shard, otherwise the next key, behind the last one held. Sessions are of the first view, the worst case. Rounds
     * will start at MoveOut's csn, whatever the views.
     */
    Hold copiedFrom(Shard view, int views, Fault fault) {
        int csn = fault == Fault.ROUNDS_FROM_THE_LAST_VIEW ? view.csn() : view.start();
        if (views == 1) {
            return of(KEYS, csn, view.rows(), view.sessions());
        }
        int next = copied();
        return of(next + 1, csn, merge(rows(), view.rows(), 3 * next, 3), next == 0 ? view.sessions() : sessions());
    }

    /**
     * A round: the present row of each key, and each session, that the source's change index names after the csn that the
     * round was asked from. Taken only on top of at least that csn, and only from a source that is not below the hold.
     */
    Hold round(Shard view, int asked, Fault fault) {
        Hold changed = withChanges(view, asked, fault);
        return of(KEYS, Math.max(csn(), view.csn()), changed.rows(), changed.sessions());
    }

    /** The same rows and sessions with what a source's change index names after a csn. */
    Hold withChanges(Shard view, int after, Fault fault) {
        int rows = rows();
        int sessions = sessions();
        for (int n = 0; n < 2; n++) {
            if (view.changed(n) > after) {
                rows = merge(rows, view.rows(), 3 * n, 3);
            }
            if (view.changed(2 + n) > after) {
                sessions = merge(sessions, view.sessions(), 2 * n, 2);
            }
        }
        return of(copied(), csn(), rows, sessions);
    }

    /** A peer's hold, from the first key and into a fresh generation, in one view; its csn is the peer's. */
    Hold pulledFrom(Hold peer, Fault fault) {
        if (fault == Fault.PULL_GOES_ON_IN_A_PEERS_HOLD && copied() == 1) {
            return of(KEYS, peer.csn(), merge(peer.rows(), rows(), 0, 3), peer.sessions());
        }
        return peer;
    }

    /** The same hold after its rows were deleted by key range: only a fault does this. */
    Hold emptied() {
        return of(copied(), csn(), 0, sessions());
    }

    static String rowText(int row) {
        return "{" + ((row & 1) != 0 ? "0" : "") + ((row & 2) != 0 ? "w1" : "") + ((row & 4) != 0 ? "w2" : "") + "}";
    }

    @Override
    public String toString() {
        if (copied() == 0) {
            return "none";
        }
        return (complete() ? "c=" + csn() : "first key only") + " rows " + rowText(rows() & 7) + "/"
                + rowText(rows() >> 3) + " replies " + (sessions() & 3) + (sessions() >> 2);
    }
}
