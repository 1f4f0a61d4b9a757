package io.flotilla.ops.logging;

import java.util.logging.LogManager;

/** For processes that only ask a fleet: no log at all, and none of its start-up cost. */
public final class NoLogging {
    private NoLogging() {}

    /** Call before anything is logged. */
    public static void choose() {
        System.setProperty("slf4j.internal.verbosity", "ERROR");
        System.setProperty("slf4j.provider", "org.slf4j.helpers.NOP_FallbackServiceProvider");
        LogManager.getLogManager().reset();
    }
}
