package io.flotilla.it.model;

/**
 * What one group, or one replica of it, has of the shard after the entries it has applied: the stage, the fence, and the data.
 * The methods are the rules of the entries: each answers the state afterwards, the same state where the entry is not taken.
 *
 * <p>There are two keys. A row is the set of what was ever written to it: bit 0 is what it held from the beginning, bit 1 + w
 * is write w, so that a lost or rolled back write is a bit that is missing. Each write has a session of its own with one
 * reply: none, kept, or acknowledged by its client (and refused from then on). Log time is 0 or 1; a write's not-after is 0,
 * so from 1 on it is refused as expired and its session is swept.
 */
record Shard(long bits) {
    static final int ABSENT = 0;
    static final int SERVES = 1;
    static final int MOVING = 2;
    static final int FROZEN = 3;

    static final int NO_REPLY = 0;
    static final int REPLY_KEPT = 1;
    static final int ACKNOWLEDGED = 2;

    /** Items that a change index can name: two keys, then two sessions. */
    static final int ITEMS = 4;

    private static final int STAGE = 0; // 2 bits
    private static final int MOVE = 2; // 2 bits
    private static final int EPOCH = 4; // 3 bits
    private static final int FENCE = 7; // 2 bits
    private static final int CSN = 9; // 3 bits
    private static final int ROWS = 12; // 3 bits for each key
    private static final int SESSIONS = 18; // 2 bits for each write
    private static final int TIME = 22; // 1 bit
    private static final int START = 23; // 3 bits
    private static final int CHANGES = 26; // 3 bits for each item

    /** No such shard, and no move has touched this group. */
    static final Shard NOTHING = new Shard(0);

    /** The shard as it is before the first move: served at epoch 1, both rows as they were from the beginning. */
    static Shard founded() {
        return NOTHING.with(STAGE, 2, SERVES).with(EPOCH, 3, 1).with(ROWS, 6, 0b001001);
    }

    private int get(int at, int width) {
        return (int) (bits >>> at) & ((1 << width) - 1);
    }

    private Shard with(int at, int width, int value) {
        long mask = ((1L << width) - 1) << at;
        return new Shard((bits & ~mask) | ((long) value << at));
    }

    int stage() {
        return get(STAGE, 2);
    }

    /** The move by which the shard moves or is frozen; 0 otherwise. */
    int move() {
        return get(MOVE, 2);
    }

    int epoch() {
        return get(EPOCH, 3);
    }

    /** The highest move that this group has applied for the shard; kept for ever. */
    int fence() {
        return get(FENCE, 2);
    }

    /** The change sequence number. */
    int csn() {
        return get(CSN, 3);
    }

    int row(int key) {
        return get(ROWS + 3 * key, 3);
    }

    int rows() {
        return get(ROWS, 6);
    }

    int session(int write) {
        return get(SESSIONS + 2 * write, 2);
    }

    int sessions() {
        return get(SESSIONS, 4);
    }

    /** Log time: it belongs to the shard. */
    int time() {
        return get(TIME, 1);
    }

    /** The csn at which the change index begins. */
    int start() {
        return get(START, 3);
    }

    /** The csn of an item's last change since the change index begins; 0 when there is none. */
    int changed(int item) {
        return get(CHANGES + 3 * item, 3);
    }

    boolean serves() {
        return stage() == SERVES || stage() == MOVING;
    }

    boolean movingBy(int m) {
        return stage() == MOVING && move() == m;
    }

    boolean frozenBy(int m) {
        return stage() == FROZEN && move() == m;
    }

    /** Whether copies for move m can be made here: MoveOut is applied and Drop is not. */
    boolean sourceOf(int m) {
        return movingBy(m) || frozenBy(m);
    }

    private Shard withFence(int m) {
        return with(FENCE, 2, Math.max(fence(), m));
    }

    private Shard withoutIndex() {
        return with(START, 3, 0).with(CHANGES, 12, 0);
    }

    /** MoveOut(m, e): taken by a group that serves at e and whose fence is below m; it goes on serving. */
    Shard moveOut(int m, int epoch, Fault fault) {
        boolean late = m <= fence() && fault != Fault.MOVE_OUT_IGNORES_THE_FENCE;
        if (stage() != SERVES || epoch() != epoch || late) {
            return this;
        }
        return with(STAGE, 2, MOVING)
                .with(MOVE, 2, m)
                .withFence(m)
                .withoutIndex()
                .with(START, 3, csn());
    }

    /** Freeze(m): taken while moving by exactly m. From here on nothing of the shard changes in this group. */
    Shard freeze(int m) {
        return movingBy(m) ? with(STAGE, 2, FROZEN) : this;
    }

    /** Cancel(m) in the source's log: taken while serving with a fence below m, or moving by exactly m; never once frozen. */
    Shard cancelAtSource(int m, Fault fault) {
        if (movingBy(m) || (fault == Fault.CANCEL_AFTER_FREEZE && frozenBy(m))) {
            return with(STAGE, 2, SERVES).with(MOVE, 2, 0).withoutIndex();
        }
        return stage() == SERVES && m > fence() ? withFence(m) : this;
    }

    /** Cancel(m) in the target's log: the fence rises; the hold goes in the same batch ({@link Holds#above}). */
    Shard cancelAtTarget(int m) {
        return withFence(m);
    }

    /**
     * Adopt(m, c*, changes, counters): taken with a fence below m by a group that has no such shard, or one frozen by an older
     * move. The rows are those of the hold, with the changes after c* that the entry carries; the counters are the entry's.
     *
     * @param from the source's shard as it was frozen by m
     */
    Shard adopt(int m, int least, Hold hold, Shard from, Fault fault) {
        boolean room = stage() == ABSENT || (stage() == FROZEN && move() < m);
        boolean late = m <= fence() && fault != Fault.LATE_ADOPT_TAKEN;
        if (!room || late) {
            return this;
        }
        Hold whole = hold.withChanges(from, least, fault);
        Shard adopted = NOTHING.with(STAGE, 2, SERVES)
                .with(EPOCH, 3, from.epoch() + (fault == Fault.EPOCH_NOT_RAISED ? 0 : 1))
                .with(FENCE, 2, Math.max(fence(), m))
                .with(CSN, 3, fault == Fault.CSN_FROM_THE_HOLD ? hold.csn() : from.csn())
                .with(ROWS, 6, whole.rows())
                .with(SESSIONS, 4, fault == Fault.SESSIONS_LEFT_BEHIND ? 0 : whole.sessions())
                .with(TIME, 1, fault == Fault.LOG_TIME_FALLS ? 0 : from.time());
        return fault == Fault.NO_SWEEP_IN_ADOPT ? adopted : adopted.swept();
    }

    /** Drop(m): taken while frozen by exactly m. What stays is the fence. */
    Shard drop(int m, Fault fault) {
        boolean taken = frozenBy(m) || (fault == Fault.DROP_NOT_EXACTLY_M && stage() == FROZEN);
        if (!taken) {
            return this;
        }
        return NOTHING.with(FENCE, 2, fault == Fault.FENCE_FORGOTTEN_BY_DROP ? 0 : fence());
    }

    /** A client's write: refused unless the shard is served, after its not-after, and when it has been here before. */
    Shard write(int write, int key) {
        if (!serves() || time() > 0 || session(write) != NO_REPLY) {
            return this;
        }
        return with(ROWS + 3 * key, 3, row(key) | 2 << write)
                .with(SESSIONS + 2 * write, 2, REPLY_KEPT)
                .with(CSN, 3, csn() + 1)
                .noted(key)
                .noted(2 + write);
    }

    /** A client acknowledges a reply: its session changes, no row does. */
    Shard acknowledge(int write, Fault fault) {
        if (!serves() || session(write) != REPLY_KEPT) {
            return this;
        }
        int csn = fault == Fault.CSN_NOT_RAISED_BY_ACKNOWLEDGEMENTS ? csn() : csn() + 1;
        return with(SESSIONS + 2 * write, 2, ACKNOWLEDGED).with(CSN, 3, csn).noted(2 + write);
    }

    /** A command whose clock is past the not-after of all writes: log time rises and sessions are swept. */
    Shard advanceTime() {
        return serves() && time() == 0 ? with(TIME, 1, 1).swept() : this;
    }

    private Shard swept() {
        return time() == 0 ? this : with(SESSIONS, 4, 0);
    }

    private Shard noted(int item) {
        return stage() == MOVING ? with(CHANGES + 3 * item, 3, csn()) : this;
    }

    /** What a snapshot carries of this state. */
    Shard inSnapshot(Fault fault) {
        return switch (fault) {
            case FENCES_MISSING_IN_SNAPSHOT -> with(FENCE, 2, 0);
            case CHANGE_INDEX_MISSING_IN_SNAPSHOT -> withoutIndex().with(START, 3, start());
            default -> this;
        };
    }

    /** The rows of a late round, written over a shard that is served already: only a fault does this. */
    Shard overwrittenBy(Shard view) {
        Shard result = this;
        for (int key = 0; key < 2; key++) {
            if (view.changed(key) > view.start()) {
                result = result.with(ROWS + 3 * key, 3, view.row(key));
            }
        }
        return result;
    }

    @Override
    public String toString() {
        String stage = switch (stage()) {
            case ABSENT -> "absent";
            case SERVES -> "serves";
            case MOVING -> "moving(" + move() + ")";
            default -> "frozen(" + move() + ")";
        };
        if (stage() == ABSENT) {
            return stage + " fence " + fence();
        }
        return stage + " epoch " + epoch() + " fence " + fence() + " csn " + csn() + " rows " + Hold.rowText(row(0))
                + "/" + Hold.rowText(row(1)) + " replies " + session(0) + session(1) + " time " + time();
    }
}
