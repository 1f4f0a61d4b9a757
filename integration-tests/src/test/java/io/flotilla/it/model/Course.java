package io.flotilla.it.model;

/**
 * The controller's state, what is left of each budget, and what the checker remembers of the past to judge promises by.
 */
record Course(long bits) {
    static final int OPEN = 0;
    static final int DONE = 1;
    static final int CANCELLED = 2;

    private static final int STARTED = 0; // 2 bits: moves started
    private static final int MARKED = 2; // 1 bit for each move: marked cancelled
    private static final int OUTCOME = 5; // 2 bits for each move
    private static final int BACK = 11; // 1 bit for each move: it goes from B to A
    private static final int ELECTIONS = 14; // 2 bits
    private static final int CRASHES = 16; // 2 bits
    private static final int CANCELS = 18; // 1 bit
    private static final int COMMIT = 19; // 5 bits: entries of B's log known committed by some leader
    private static final int KEYS = 24; // 1 bit for each write: its key
    private static final int TAKEN_BY_A = 26; // 1 bit for each write
    private static final int TAKEN_BY_B = 28; // 1 bit for each write
    private static final int ACKNOWLEDGED = 30; // 1 bit for each write
    private static final int TIME = 32; // 1 bit: log time has passed
    private static final int TWICE = 33; // 1 bit: a write was applied twice
    private static final int CSN = 34; // 3 bits: the highest csn that a shard had

    static Course of(Size size, int keys) {
        return new Course(0)
                .with(ELECTIONS, 2, size.elections())
                .with(CRASHES, 2, size.crashes())
                .with(CANCELS, 1, size.cancels())
                .with(KEYS, 2, keys);
    }

    private int get(int at, int width) {
        return (int) (bits >>> at) & ((1 << width) - 1);
    }

    private Course with(int at, int width, int value) {
        long mask = ((1L << width) - 1) << at;
        return new Course((bits & ~mask) | ((long) value << at));
    }

    /** How many moves have been set; a move's number is its move id. */
    int started() {
        return get(STARTED, 2);
    }

    boolean marked(int m) {
        return get(MARKED + m - 1, 1) == 1;
    }

    int outcome(int m) {
        return get(OUTCOME + 2 * (m - 1), 2);
    }

    /** Whether some configuration shows m as not open any more. */
    boolean over(int m) {
        return m <= started() && outcome(m) != OPEN;
    }

    boolean anyOpen() {
        return started() > 0 && outcome(started()) == OPEN;
    }

    /** Whether move m goes from B to A. */
    boolean back(int m) {
        return get(BACK + m - 1, 1) == 1;
    }

    /** The epoch at which move m's source serves the shard: each move that was done before it has raised it by one. */
    int epochOf(int m) {
        int epoch = 1;
        for (int earlier = 1; earlier < m; earlier++) {
            epoch += outcome(earlier) == DONE ? 1 : 0;
        }
        return epoch;
    }

    /** The shard's epoch in the newest configuration. */
    int epoch() {
        return epochOf(started() + 1);
    }

    /** Whether B is the shard's owner in the newest configuration. */
    boolean ownedByB() {
        return epoch() % 2 == 0;
    }

    int elections() {
        return get(ELECTIONS, 2);
    }

    int crashes() {
        return get(CRASHES, 2);
    }

    int cancels() {
        return get(CANCELS, 1);
    }

    int commit() {
        return get(COMMIT, 5);
    }

    int key(int write) {
        return get(KEYS + write, 1);
    }

    boolean takenByA(int write) {
        return get(TAKEN_BY_A + write, 1) == 1;
    }

    boolean takenByB(int write) {
        return get(TAKEN_BY_B + write, 1) == 1;
    }

    boolean taken(int write) {
        return takenByA(write) || takenByB(write);
    }

    boolean twice() {
        return get(TWICE, 1) == 1;
    }

    boolean acknowledged(int write) {
        return get(ACKNOWLEDGED + write, 1) == 1;
    }

    boolean timePassed() {
        return get(TIME, 1) == 1;
    }

    /** The next move begins, from the owner to the other group. */
    Course starting() {
        int m = started() + 1;
        return with(STARTED, 2, m).with(BACK + m - 1, 1, ownedByB() ? 1 : 0);
    }

    Course marking(int m) {
        return with(MARKED + m - 1, 1, 1).with(CANCELS, 1, cancels() - 1);
    }

    Course ended(int m, int outcome) {
        return with(OUTCOME + 2 * (m - 1), 2, outcome);
    }

    Course oneElectionLess() {
        return with(ELECTIONS, 2, elections() - 1);
    }

    Course oneCrashLess() {
        return with(CRASHES, 2, crashes() - 1);
    }

    Course committed(int entries) {
        return entries > commit() ? with(COMMIT, 5, entries) : this;
    }

    Course taken(int write, boolean byA, boolean again) {
        return with((byA ? TAKEN_BY_A : TAKEN_BY_B) + write, 1, 1).with(TWICE, 1, again || twice() ? 1 : 0);
    }

    Course acknowledging(int write) {
        return with(ACKNOWLEDGED + write, 1, 1);
    }

    int highestCsn() {
        return get(CSN, 3);
    }

    Course reaching(int csn) {
        return csn > highestCsn() ? with(CSN, 3, csn) : this;
    }

    Course passingTime() {
        return with(TIME, 1, 1);
    }
}
