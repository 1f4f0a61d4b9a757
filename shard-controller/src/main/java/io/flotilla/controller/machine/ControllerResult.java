package io.flotilla.controller.machine;

/** What became of a controller command. */
public sealed interface ControllerResult {
    /** The newest configuration now holds what was asked for. @param number of that configuration */
    record Done(long number) implements ControllerResult {}

    /** Nothing changed, and never will by this command. @param reason one line */
    record Refused(String reason) implements ControllerResult {}
}
