package io.flotilla.ops.change;

/** What whoever waits for a change waits for. Pure; may remember what it saw. */
public interface Goal {
    /** How it stands. */
    enum State {
        UNDER_WAY,
        DONE,
        /** It ended without what was asked for. */
        CANCELLED,
        /** What should have been cancelled was done. */
        TOO_LATE
    }

    /** @param text what is missing, or how it ended: one line */
    record Standing(State state, String text) {}

    /** @param seen has a configuration */
    Standing judge(Observation seen);
}
