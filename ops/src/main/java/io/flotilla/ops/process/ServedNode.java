package io.flotilla.ops.process;

import io.flotilla.client.ClientConfig;
import io.flotilla.client.FlotillaClient;
import io.flotilla.ops.cli.CliException;
import io.flotilla.ops.cli.HostPort;
import io.flotilla.ops.http.NodePages;
import io.flotilla.ops.node.NodeFailure;
import io.flotilla.ops.node.NodeListener;
import io.flotilla.ops.node.production.Descriptors;
import io.flotilla.ops.node.production.NodeServer;
import io.flotilla.ops.node.production.NodeServerConfig;
import io.flotilla.ops.node.production.NodeStartException;
import io.flotilla.ops.status.FleetStatus;
import io.flotilla.ops.status.StatusReader;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;

/** A node with its HTTP pages. Thread-safe. */
public final class ServedNode implements AutoCloseable {
    /** A page is not worth a longer wait. */
    private static final Duration PAGE_PATIENCE = Duration.ofSeconds(2);

    private final NodeServerConfig config;
    private final CompletableFuture<Void> ready = new CompletableFuture<>();
    private final CompletableFuture<NodeFailure> failed = new CompletableFuture<>();
    private final NodeServer server;
    private volatile BiConsumer<String, Throwable> died = (what, cause) -> {};
    private volatile NodePages pages;
    private FlotillaClient client;

    public ServedNode(NodeServerConfig config) {
        this.config = config;
        this.server = new NodeServer(config, new NodeListener() {
            @Override
            public void ready() {
                ready.complete(null);
            }

            @Override
            public void failed(NodeFailure failure) {
                failed.complete(failure);
            }

            @Override
            public void died(String what, Throwable cause) {
                died.accept("node " + config.id().value() + ": " + what, cause);
            }
        });
    }

    /**
     * Takes ports and directory and begins to start the node; {@link #ready} and {@link #failed} tell how it goes on.
     *
     * @throws CliException if it can't; nothing is left open
     */
    public synchronized void start() {
        try {
            if (!config.http().isEmpty()) {
                startPages(HostPort.parse(config.http()));
            }
            RocksLibrary.loadFrom(config.dataDir());
            server.start();
        } catch (NodeStartException refused) {
            close();
            throw new CliException(
                    refused.failure().exitCode(),
                    "node " + config.id().value() + ": " + refused.failure().message(),
                    refused);
        } catch (RuntimeException | Error unexpected) {
            close();
            throw unexpected;
        }
    }

    private void startPages(HostPort address) {
        try {
            pages = NodePages.start(
                    address, Descriptors.ofProcess().forPages(), server::status, server::notReady, this::fleet);
        } catch (IOException | IllegalArgumentException taken) {
            throw new CliException(
                    NodeFailure.REFUSED,
                    "node " + config.id().value() + ": can't listen at " + address + " for HTTP: "
                            + (taken.getMessage() == null ? taken : taken.getMessage())
                            + "; choose a free port of this machine",
                    taken);
        }
    }

    public String id() {
        return config.id().value();
    }

    public NodeServerConfig config() {
        return config;
    }

    /** {@code host:port} at which others reach it; after {@link #start}. */
    public String address() {
        return server.address();
    }

    /** {@code host:port} of its pages, for others; empty if it has none. After {@link #start}. */
    public String httpAddress() {
        return server.httpAddress();
    }

    /** Ends when the node serves. */
    public CompletableFuture<Void> ready() {
        return ready;
    }

    /** Ends when the node can't go on. */
    public CompletableFuture<NodeFailure> failed() {
        return failed;
    }

    /** @param told as {@link NodeListener#died}; before the start */
    void onDeath(BiConsumer<String, Throwable> told) {
        died = told;
    }

    /** The name of a thread that should run and has ended; null if there is none. */
    String endedThread() {
        NodePages served = pages;
        return served != null && served.hasEnded() ? "of the pages" : server.endedThread();
    }

    private FleetStatus fleet() {
        return StatusReader.read(client().async(), PAGE_PATIENCE).join();
    }

    private synchronized FlotillaClient client() {
        if (client == null) {
            client = FlotillaClient.connect(ClientConfig.of(List.of(config.listen())));
        }
        return client;
    }

    /** Stops in order: the node, then its pages. Takes a few seconds at most. */
    @Override
    public synchronized void close() {
        if (client != null) {
            client.close();
            client = null;
        }
        server.close();
        if (pages != null) {
            // until now they said that the node stops
            pages.close();
            pages = null;
        }
    }
}
