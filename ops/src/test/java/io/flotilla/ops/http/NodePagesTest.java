package io.flotilla.ops.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.client.proto.ReplicaStatus;
import io.flotilla.ops.cli.HostPort;
import io.flotilla.ops.status.FleetStatus;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
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

    @Test
    void pathsMatchWhole() throws Exception {
        try (NodePages pages = start(() -> READY, () -> FLEET)) {
            for (String path :
                    List.of("/health/liveness", "/health/readyz", "/metricsx", "/health", "/health/ready/", "//")) {
                HttpResponse<String> answer = get(pages, path);
                assertThat(answer.statusCode()).as(path).isEqualTo(404);
                assertThat(answer.body()).contains("/health/live, /health/ready, /metrics");
            }
            assertThat(get(pages, "/health/live?probe=1").statusCode()).isEqualTo(200);
        }
    }

    private static Socket say(NodePages pages, String what) throws IOException {
        Socket socket = new Socket("127.0.0.1", pages.port());
        socket.getOutputStream().write(what.getBytes(StandardCharsets.US_ASCII));
        socket.setSoTimeout(30_000);
        return socket;
    }

    /** More of them than connections are allowed: those of before make room, and none is let stay. */
    @Test
    void halfRequestsSilentCallersAndThoseWhoDontReadHinderNobodyAndAreClosed() throws Exception {
        String large = "x".repeat(8 << 20);
        try (NodePages pages =
                NodePages.start(new HostPort("127.0.0.1", 0), 20, () -> READY, () -> large, () -> FLEET)) {
            List<Socket> bad = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                bad.add(say(pages, ""));
                bad.add(say(pages, "GET /health/ready HT"));
                bad.add(say(pages, "GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n"));
            }
            for (int i = 0; i < 50; i++) {
                bad.add(say(pages, ""));
                assertThat(get(pages, "/health/live").statusCode()).isEqualTo(200);
            }
            assertThat(get(pages, "/metrics").statusCode()).isEqualTo(200);
            assertThat(get(pages, "/").statusCode()).isEqualTo(200);
            for (Socket socket : bad) {
                try (socket) {
                    socket.getInputStream().skip(Long.MAX_VALUE);
                } catch (SocketException reset) {
                    // closed as well
                }
            }
        }
    }

    @Test
    void onlyPageViewersWaitForASlowFleet() throws Exception {
        CountDownLatch answers = new CountDownLatch(1);
        try (NodePages pages = start(() -> READY, () -> {
            try {
                answers.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return FLEET;
        })) {
            List<CompletableFuture<HttpResponse<String>>> viewers = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                viewers.add(client.sendAsync(
                        HttpRequest.newBuilder(uri(pages, "/")).build(), HttpResponse.BodyHandlers.ofString()));
            }
            assertThat(get(pages, "/health/live").statusCode()).isEqualTo(200);
            assertThat(get(pages, "/metrics").statusCode()).isEqualTo(200);
            answers.countDown();
            for (CompletableFuture<HttpResponse<String>> viewer : viewers) {
                assertThat(viewer.get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
            }
        }
    }

    @Test
    void whatIsNoRequestIsToldSo() throws Exception {
        try (NodePages pages = start(() -> READY, () -> FLEET)) {
            for (String what : List.of("nonsense\r\n\r\n", "GET /" + "x".repeat(20_000) + " HTTP/1.1\r\n\r\n")) {
                try (Socket socket = say(pages, what)) {
                    assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
                            .startsWith("HTTP/1.1 400");
                }
            }
            HttpRequest head = HttpRequest.newBuilder(uri(pages, "/metrics"))
                    .method("HEAD", HttpRequest.BodyPublishers.noBody())
                    .build();
            HttpResponse<String> answer = client.send(head, HttpResponse.BodyHandlers.ofString());
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.body()).isEmpty();
            assertThat(answer.headers().firstValueAsLong("Content-Length").orElseThrow())
                    .isPositive();
        }
    }

    private static NodePages start(Supplier<NodeStatus> node, Supplier<FleetStatus> fleet) throws IOException {
        return NodePages.start(
                new HostPort("127.0.0.1", 0), 20, node, () -> node.get().getReason(), fleet);
    }

    private static URI uri(NodePages pages, String path) {
        return URI.create("http://127.0.0.1:" + pages.port() + path);
    }

    private HttpResponse<String> get(NodePages pages, String path) throws Exception {
        return client.send(HttpRequest.newBuilder(uri(pages, path)).build(), HttpResponse.BodyHandlers.ofString());
    }
}
