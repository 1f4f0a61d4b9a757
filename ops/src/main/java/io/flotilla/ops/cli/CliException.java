package io.flotilla.ops.cli;

/**
 * Ends a verb: its exit code, and the one line for stderr, which says what failed, why, and what to do. Not a bug, so no
 * stack trace is shown unless {@code --verbose} asks for it.
 */
public final class CliException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int exitCode;

    /** @param message "what: why; what to do", without a line end */
    public CliException(int exitCode, String message) {
        this(exitCode, message, null);
    }

    public CliException(int exitCode, String message, Throwable cause) {
        super(message, cause);
        this.exitCode = exitCode;
    }

    public static CliException usage(String message) {
        return new CliException(ExitCode.USAGE, message);
    }

    public static CliException refused(String message) {
        return new CliException(ExitCode.REFUSED, message);
    }

    public int exitCode() {
        return exitCode;
    }
}
