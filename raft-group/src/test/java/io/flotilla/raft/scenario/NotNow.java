package io.flotilla.raft.scenario;

/** A command that makes no sense at this point of a scenario: no such message is there, the node is down, and the like. */
final class NotNow extends RuntimeException {
    private static final long serialVersionUID = 1;

    NotNow(String format, Object... arguments) {
        super(String.format(format, arguments));
    }
}
