package io.flotilla.ops.cli;

/** What the process's exit code says; part of the command line's contract. */
public final class ExitCode {
    /** Done. */
    public static final int DONE = 0;
    /** A negative answer: key not found, condition failed. */
    public static final int NEGATIVE = 1;
    /** The command line is wrong. */
    public static final int USAGE = 2;
    /** Unavailable, or timed out. */
    public static final int UNAVAILABLE = 3;
    /** Refused: invalid, not allowed, port taken, data directory in use or foreign. */
    public static final int REFUSED = 4;
    /** This process can't go on: damage, disk. */
    public static final int BROKEN = 5;

    private ExitCode() {}
}
