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
            throw new AssertionError(String.format(format, arguments));
        }
    }
}
