package io.flotilla.ops.http;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.ops.cli.HostPort;
import io.flotilla.ops.http.HttpServer.Answer;
import io.flotilla.ops.status.FleetStatus;
import io.flotilla.raft.transport.grpc.AcceptedConnections;
import java.io.IOException;
import java.time.Duration;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves {@code /metrics}, {@code /health/live}, {@code /health/ready} and the status page {@code /}, and nothing else. Read-only.
 * What is asked by balancers and supervisors waits for nobody; metrics and the page are made on a thread each.
 *
 * <p>The page shows the whole fleet, gathered through a client at most once a second however many look at it.
 */
public final class NodePages implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodePages.class);
    private static final Duration PAGE_AGE = Duration.ofSeconds(1);
    private static final String TEXT = "text/plain; charset=utf-8";
    private static final String FLEET = "fleet";

    private final HttpServer server;
    private final Supplier<NodeStatus> node;
    private final NodeMetrics metrics;
    private final LoadingCache<String, FleetStatus> fleet;

    private NodePages(
            HttpServer server, Supplier<NodeStatus> node, Supplier<String> notReady, Supplier<FleetStatus> fleet) {
        this.server = server;
        this.node = node;
        this.metrics = new NodeMetrics(node);
        this.fleet =
                Caffeine.newBuilder().expireAfterWrite(PAGE_AGE).maximumSize(1).build(key -> fleet.get());
        server.quick("/health/live", () -> new Answer(200, TEXT, "live\n"));
        server.quick("/health/ready", () -> ready(notReady.get()));
        server.slow("/metrics", () -> new Answer(200, NodeMetrics.CONTENT_TYPE, metrics.scrape()));
        server.slow("/", this::page);
    }

    /**
     * Listens and serves.
     *
     * @param connections how many it may have
     * @param node this node's own state; must not block
     * @param notReady why the node is not ready, in one line; empty if it is. Must not block, and take the same time however many
     *     groups there are
     * @param fleet gathers the fleet's state; may block for some seconds, may throw
     * @throws IOException if the address can't be listened at
     */
    public static NodePages start(
            HostPort listen,
            int connections,
            Supplier<NodeStatus> node,
            Supplier<String> notReady,
            Supplier<FleetStatus> fleet)
            throws IOException {
        HttpServer server = new HttpServer(new AcceptedConnections("the HTTP server at " + listen, connections));
        NodePages pages = new NodePages(server, node, notReady, fleet);
        try {
            server.start(listen);
        } catch (IOException | RuntimeException e) {
            pages.close();
            throw e;
        }
        return pages;
    }

    /** The port it listens at. */
    public int port() {
        return server.port();
    }

    /** Whether its thread has ended though this is not closed. */
    public boolean hasEnded() {
        return server.hasEnded();
    }

    private static Answer ready(String missing) {
        return missing.isEmpty()
                ? new Answer(200, TEXT, "ready\n")
                : new Answer(503, TEXT, "not ready: " + missing + "\n");
    }

    private Answer page() {
        String html;
        try {
            html = StatusPage.html(node.get(), fleet.get(FLEET));
        } catch (RuntimeException unavailable) {
            LOG.debug("the status page could not be gathered", unavailable);
            html = StatusPage.withoutFleet(node.get(), String.valueOf(unavailable.getMessage()));
        }
        return new Answer(200, "text/html; charset=utf-8", html);
    }

    /** Stops at once. */
    @Override
    public void close() {
        server.close();
        metrics.close();
    }
}
