package io.flotilla.controller.machine;

/** What became of a controller command. */
public sealed interface ControllerResult {
    /**
     * A configuration holds what was asked for.
     *
     * @param number of that configuration
     * @param made whether the command made it; else it held all that before
     */
    record Done(long number, boolean made) implements ControllerResult {}

    /** Nothing was changed: groups or targets have changed since the command was computed. Another one may do it. */
    record Outdated() implements ControllerResult {}

    /**
     * Nothing changed, and never will by this command.
     *
     * @param reason one line; a longer one is cut, since it may be kept
     */
    record Refused(String reason) implements ControllerResult {
        private static final int MAX_CHARS = 1_000;

        public Refused {
            reason = reason.substring(0, Math.min(MAX_CHARS, reason.length()));
        }
    }
}
