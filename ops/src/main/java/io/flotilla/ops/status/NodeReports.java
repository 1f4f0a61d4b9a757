package io.flotilla.ops.status;

import io.flotilla.client.AsyncFlotillaClient;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.NodeStatus;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** What all nodes of a configuration say of themselves. */
public final class NodeReports {
    private NodeReports() {}

    /**
     * Asks all nodes, side by side. Never fails.
     *
     * @param patience a node that takes longer is left out
     * @return by id, in the configuration's order, those that answered as that node
     */
    public static CompletableFuture<Map<String, NodeStatus>> of(
            AsyncFlotillaClient client, Configuration configuration, Duration patience) {
        Map<String, CompletableFuture<NodeStatus>> asked = new LinkedHashMap<>();
        for (Node node : configuration.getNodesList()) {
            asked.put(
                    node.getId(), client.nodeStatus(node.getAddress(), patience).exceptionally(unreachable -> null));
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
                    return reports;
                });
    }
}
