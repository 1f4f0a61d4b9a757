package io.flotilla.raft.core;

/** Assertions that are always on. A failed one is a defect: the replica that met it must stop, not go on. */
public final class Check {
    private Check() {}

    public static void that(boolean condition, String message) {
        if (!condition) {
            throw new AssertionError(message);
        }
    }

    /** @param format as for {@link String#format}; formatted only on failure */
    public static void that(boolean condition, String format, Object... arguments) {
        if (!condition) {
            throw failure(format, arguments);
        }
    }

    // Checks stand in every path of every entry: these forms box nothing and make no array while all is well.

    /** The same for one index. */
    public static void that(boolean condition, String format, long argument) {
        if (!condition) {
            throw failure(format, argument);
        }
    }

    /** The same for two indexes. */
    public static void that(boolean condition, String format, long first, long second) {
        if (!condition) {
            throw failure(format, first, second);
        }
    }

    /** The same for three indexes. */
    public static void that(boolean condition, String format, long first, long second, long third) {
        if (!condition) {
            throw failure(format, first, second, third);
        }
    }

    /** The same for an entry and an index. */
    public static void that(boolean condition, String format, Object first, long second) {
        if (!condition) {
            throw failure(format, first, second);
        }
    }

    private static AssertionError failure(String format, Object... arguments) {
        return new AssertionError(String.format(format, arguments));
    }
}
