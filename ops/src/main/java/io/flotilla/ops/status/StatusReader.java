package io.flotilla.ops.status;

import io.flotilla.client.AsyncFlotillaClient;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.NodeStatus;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Asks a configuration of any node, and then every node in it for its own state, side by side. */
public final class StatusReader {
    /** A node that takes longer counts as down: whoever looks wants an answer. */
    private static final Duration NODE_PATIENCE = Duration.ofSeconds(2);

    private StatusReader() {}

    /** Fails only if no endpoint tells a configuration within the timeout. */
    public static CompletableFuture<FleetStatus> read(AsyncFlotillaClient client, Duration timeout) {
        Duration perNode = timeout.compareTo(NODE_PATIENCE) < 0 ? timeout : NODE_PATIENCE;
        return client.configuration(timeout).thenCompose(configuration -> ask(client, configuration, perNode));
    }

    private static CompletableFuture<FleetStatus> ask(
            AsyncFlotillaClient client, Configuration configuration, Duration perNode) {
        Map<String, CompletableFuture<NodeStatus>> asked = new LinkedHashMap<>();
        for (Node node : configuration.getNodesList()) {
            asked.put(
                    node.getId(), client.nodeStatus(node.getAddress(), perNode).exceptionally(unreachable -> null));
        }
        return CompletableFuture.allOf(asked.values().toArray(CompletableFuture[]::new))
                .thenApply(all -> {
                    Map<String, NodeStatus> reports = new LinkedHashMap<>();
                    asked.forEach((id, answer) -> {
                        NodeStatus report = answer.join();
                        if (report != null && report.getId().equals(id)) {
                            reports.put(id, report);
                        }
                    });
                    return FleetStatus.merge(configuration, reports);
                });
    }
}
