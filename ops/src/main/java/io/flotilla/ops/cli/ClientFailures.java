package io.flotilla.ops.cli;

import io.flotilla.client.IndeterminateException;
import io.flotilla.client.RefusedException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** Turns what the client says into exit codes and lines for people. */
public final class ClientFailures {
    private ClientFailures() {}

    /** Waits for the result; the client bounds the time. */
    public static <T> T await(String verb, CompletableFuture<T> future) throws InterruptedException {
        try {
            return future.get();
        } catch (ExecutionException failed) {
            CliException why = explain(failed.getCause());
            throw new CliException(why.exitCode(), verb + ": " + why.getMessage(), failed.getCause());
        }
    }

    /** The message names no verb. */
    public static CliException explain(Throwable failed) {
        if (failed instanceof CompletionException && failed.getCause() != null) {
            return explain(failed.getCause());
        }
        if (failed instanceof IndeterminateException) {
            return new CliException(
                    ExitCode.UNAVAILABLE,
                    "timed out: " + failed.getMessage() + "; read it back when the fleet answers",
                    failed);
        }
        if (failed instanceof RefusedException refused) {
            return switch (refused.reason()) {
                case INVALID -> new CliException(ExitCode.REFUSED, "refused: " + failed.getMessage(), failed);
                case BUSY ->
                    new CliException(
                            ExitCode.UNAVAILABLE,
                            "not done, the fleet is busy: " + failed.getMessage() + "; try again later",
                            failed);
                default ->
                    new CliException(
                            ExitCode.UNAVAILABLE,
                            "not done, the fleet is not available: " + failed.getMessage()
                                    + "; check --endpoints and that its nodes run, or give more --timeout",
                            failed);
            };
        }
        return new CliException(
                ExitCode.BROKEN, "failed unexpectedly: " + failed + "; run again with --verbose and report it", failed);
    }
}
