package io.flotilla.it.model;

/** The steps that are possible in one state; used again for each state. */
final class Steps {
    private static final int MOST = 512;

    private final State[] states = new State[MOST];
    private final boolean[] heal = new boolean[MOST];
    private final Step[] kinds = new Step[MOST];
    private final int[] details = new int[MOST];
    private int size;

    void clear() {
        size = 0;
    }

    int size() {
        return size;
    }

    State state(int n) {
        return states[n];
    }

    /** Whether the step still happens once faults stop: nothing crashes, nobody reads an old state, no new intent comes. */
    boolean heals(int n) {
        return heal[n];
    }

    Step kind(int n) {
        return kinds[n];
    }

    String text(int n) {
        return kinds[n].text(details[n] & 3, details[n] >> 2 & 3, details[n] >> 4);
    }

    void add(State next, boolean heals, Step kind, int who, int other, int detail) {
        states[size] = next;
        heal[size] = heals;
        kinds[size] = kind;
        details[size] = who | other << 2 | detail << 4;
        size++;
    }
}
