package io.flotilla.ops.cli;

import picocli.CommandLine.Option;

/** What every verb takes. */
public final class GlobalOptions {
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help and exit.")
    boolean help;

    @Option(names = "--verbose", description = "On a failure, show the stack trace too.")
    boolean verbose;

    public boolean verbose() {
        return verbose;
    }
}
