package io.flotilla.ops.status;

import io.flotilla.client.AsyncFlotillaClient;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** Asks a configuration of any node, and then every node in it for its own state, side by side. */
public final class StatusReader {
    /** A node that takes longer counts as down: whoever looks wants an answer. */
    private static final Duration NODE_PATIENCE = Duration.ofSeconds(2);

    private StatusReader() {}

    /** Fails only if no endpoint tells a configuration within the timeout. */
    public static CompletableFuture<FleetStatus> read(AsyncFlotillaClient client, Duration timeout) {
        return client.configuration(timeout)
                .thenCompose(configuration -> NodeReports.of(client, configuration, patience(timeout))
                        .thenApply(reports -> FleetStatus.merge(configuration, reports)));
    }

    /** How long one node may take, if the whole may take so long. */
    public static Duration patience(Duration timeout) {
        return timeout.compareTo(NODE_PATIENCE) < 0 ? timeout : NODE_PATIENCE;
    }
}
