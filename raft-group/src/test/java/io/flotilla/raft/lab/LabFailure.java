package io.flotilla.raft.lab;

/** A lab test's own check failed, in the words of the labs where they have any. */
public final class LabFailure extends AssertionError {
    private static final long serialVersionUID = 1;

    public LabFailure(String format, Object... arguments) {
        super(String.format(format, arguments));
    }
}
