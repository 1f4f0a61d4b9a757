package io.flotilla.controller.machine;

/** What became of a controller command. */
public sealed interface ControllerResult {
    /** The newest configuration now holds what was asked for. @param number of that configuration */
    record Done(long number) implements ControllerResult {}

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
