package io.flotilla.ops.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.client.proto.ReplicaStatus;
import io.flotilla.ops.cli.HostPort;
import io.flotilla.ops.status.FleetStatus;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class NodePagesTest {
    private static final NodeStatus READY = NodeStatus.newBuilder()
            .setId("n1")
            .setReady(true)
            .addReplicas(ReplicaStatus.newBuilder()
                    .setGroup(1)
                    .setRole("LEADER")
                    .setLeader("n1")
                    .setCommitIndex(7)
                    .setAppliedIndex(5))
            .build();
    private static final FleetStatus FLEET = FleetStatus.merge(
            Configuration.newBuilder()
                    .setNumber(3)
                    .addNodes(Node.newBuilder().setId("<n2>").setAddress("h:1"))
                    .build(),
            Map.of());

    private final HttpClient client = HttpClient.newHttpClient();

    @Test
    void readinessFollowsTheNode() throws Exception {
        AtomicReference<NodeStatus> node = new AtomicReference<>(
                NodeStatus.newBuilder().setReason("replaying").build());
        try (NodePages pages = start(node::get, () -> FLEET)) {
            assertThat(get(pages, "/health/live").statusCode()).isEqualTo(200);
            assertThat(get(pages, "/health/ready").statusCode()).isEqualTo(503);
            assertThat(get(pages, "/health/ready").body()).contains("replaying");
            node.set(READY);
            assertThat(get(pages, "/health/ready").statusCode()).isEqualTo(200);
        }
    }

    @Test
    void metricsShowTheProcessAndTheReplicas() throws Exception {
        try (NodePages pages = start(() -> READY, () -> FLEET)) {
            HttpResponse<String> metrics = get(pages, "/metrics");
            assertThat(metrics.headers().firstValue("Content-Type"))
                    .hasValueSatisfying(type -> assertThat(type).startsWith("text/plain; version=0.0.4"));
            assertThat(metrics.body().lines())
                    .contains("flotilla_node_ready 1.0", "flotilla_replicas 1.0", "flotilla_replicas_leading 1.0")
                    .contains("flotilla_entries_unapplied 2.0")
                    .anyMatch(line -> line.startsWith("jvm_memory_used_bytes{"));
        }
    }

    @Test
    void theFleetIsNotAskedOncePerViewer() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        try (NodePages pages = start(() -> READY, () -> {
            asked.incrementAndGet();
            return FLEET;
        })) {
            for (int i = 0; i < 20; i++) {
                assertThat(get(pages, "/").body()).contains("&lt;n2&gt;").contains("Configuration 3");
            }
            assertThat(asked.get()).isBetween(1, 10);
        }
    }

    @Test
    void thePageSaysWhenTheFleetDoesNotAnswer() throws Exception {
        try (NodePages pages = start(() -> READY, () -> {
            throw new IllegalStateException("no leader");
        })) {
            assertThat(get(pages, "/").statusCode()).isEqualTo(200);
            assertThat(get(pages, "/").body()).contains("does not answer: no leader");
        }
    }

    @Test
    void nothingElseIsThereAndNothingCanBeChanged() throws Exception {
        try (NodePages pages = start(() -> READY, () -> FLEET)) {
            assertThat(get(pages, "/admin").statusCode()).isEqualTo(404);
            HttpRequest post = HttpRequest.newBuilder(uri(pages, "/"))
                    .POST(HttpRequest.BodyPublishers.ofString("x"))
                    .build();
            assertThat(client.send(post, HttpResponse.BodyHandlers.ofString()).statusCode())
                    .isEqualTo(405);
        }
    }

    private static NodePages start(Supplier<NodeStatus> node, Supplier<FleetStatus> fleet) throws IOException {
        return NodePages.start(new HostPort("127.0.0.1", 0), node, fleet);
    }

    private static URI uri(NodePages pages, String path) {
        return URI.create("http://127.0.0.1:" + pages.port() + path);
    }

    private HttpResponse<String> get(NodePages pages, String path) throws Exception {
        return client.send(HttpRequest.newBuilder(uri(pages, path)).build(), HttpResponse.BodyHandlers.ofString());
    }
}
