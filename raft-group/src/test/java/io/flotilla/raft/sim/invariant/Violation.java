package io.flotilla.raft.sim.invariant;

/** A property of Raft or of the fleet did not hold. The message starts with the property's name. */
public final class Violation extends AssertionError {
    private static final long serialVersionUID = 1;

    public Violation(String property, String format, Object... arguments) {
        super(property + ": " + String.format(format, arguments));
    }
}
