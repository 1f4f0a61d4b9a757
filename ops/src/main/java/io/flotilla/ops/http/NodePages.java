package io.flotilla.ops.http;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.ops.cli.HostPort;
import io.flotilla.ops.status.FleetStatus;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves {@code /metrics}, {@code /health/live}, {@code /health/ready} and the status page {@code /}. Read-only. Two
 * threads and a short queue: whoever comes when it is full is turned away.
 *
 * <p>The page shows the whole fleet, gathered through a client at most once a second however many look at it.
 */
public final class NodePages implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodePages.class);
    private static final int THREADS = 2;
    private static final int WAITING = 64;
    private static final Duration PAGE_AGE = Duration.ofSeconds(1);
    private static final String TEXT = "text/plain; charset=utf-8";
    private static final String FLEET = "fleet";

    private final HttpServer server;
    private final ExecutorService threads;
    private final Supplier<NodeStatus> node;
    private final NodeMetrics metrics;
    private final LoadingCache<String, FleetStatus> fleet;

    private NodePages(HttpServer server, Supplier<NodeStatus> node, Supplier<FleetStatus> fleet) {
        this.server = server;
        this.node = node;
        this.metrics = new NodeMetrics(node);
        this.fleet =
                Caffeine.newBuilder().expireAfterWrite(PAGE_AGE).maximumSize(1).build(key -> fleet.get());
        this.threads = new ThreadPoolExecutor(
                THREADS,
                THREADS,
                0,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(WAITING),
                task -> {
                    Thread thread = new Thread(task, "http");
                    thread.setDaemon(true);
                    return thread;
                },
                (task, pool) -> LOG.debug("an HTTP request was turned away: {} are waiting", WAITING));
    }

    /**
     * Listens and serves.
     *
     * @param node this node's own state; must not block
     * @param fleet gathers the fleet's state; may block for some seconds, may throw
     * @throws IOException if the address can't be listened at
     */
    public static NodePages start(HostPort listen, Supplier<NodeStatus> node, Supplier<FleetStatus> fleet)
            throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(listen.host(), listen.port()), WAITING);
        NodePages pages = new NodePages(server, node, fleet);
        server.setExecutor(pages.threads);
        server.createContext("/", pages::page);
        server.createContext("/metrics", pages::metrics);
        server.createContext("/health/live", pages::live);
        server.createContext("/health/ready", pages::ready);
        server.start();
        return pages;
    }

    /** The port it listens at. */
    public int port() {
        return server.getAddress().getPort();
    }

    private void live(HttpExchange exchange) throws IOException {
        answer(exchange, 200, TEXT, "live\n");
    }

    private void ready(HttpExchange exchange) throws IOException {
        NodeStatus status = node.get();
        if (status.getReady()) {
            answer(exchange, 200, TEXT, "ready\n");
        } else {
            answer(exchange, 503, TEXT, "not ready: " + status.getReason() + "\n");
        }
    }

    private void metrics(HttpExchange exchange) throws IOException {
        answer(exchange, 200, NodeMetrics.CONTENT_TYPE, metrics.scrape());
    }

    private void page(HttpExchange exchange) throws IOException {
        if (!exchange.getRequestURI().getPath().equals("/")) {
            answer(exchange, 404, TEXT, "no such page; there are /, /metrics, /health/live and /health/ready\n");
            return;
        }
        String html;
        try {
            html = StatusPage.html(node.get(), fleet.get(FLEET));
        } catch (RuntimeException unavailable) {
            LOG.debug("the status page could not be gathered", unavailable);
            html = StatusPage.withoutFleet(node.get(), String.valueOf(unavailable.getMessage()));
        }
        answer(exchange, 200, "text/html; charset=utf-8", html);
    }

    private static void answer(HttpExchange exchange, int code, String type, String body) throws IOException {
        try (exchange) {
            String method = exchange.getRequestMethod();
            boolean head = method.equals("HEAD");
            if (!head && !method.equals("GET")) {
                exchange.getResponseHeaders().set("Allow", "GET, HEAD");
                exchange.sendResponseHeaders(405, -1);
                return;
            }
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", type);
            exchange.getResponseHeaders().set("Cache-Control", "no-store");
            exchange.sendResponseHeaders(code, head ? -1 : bytes.length);
            if (!head) {
                try (OutputStream out = exchange.getResponseBody()) {
                    out.write(bytes);
                }
            }
        }
    }

    /** Stops at once. */
    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
        metrics.close();
    }
}
