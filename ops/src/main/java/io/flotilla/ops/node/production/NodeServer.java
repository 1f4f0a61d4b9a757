package io.flotilla.ops.node.production;

import io.flotilla.client.grpc.GrpcConnector;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.kv.engine.EngineException;
import io.flotilla.kv.engine.rocks.RocksEngine;
import io.flotilla.ops.node.DiskFault;
import io.flotilla.ops.node.FleetNode;
import io.flotilla.ops.node.NodeConfig;
import io.flotilla.ops.node.NodeFailure;
import io.flotilla.ops.node.NodeListener;
import io.flotilla.ops.node.NodeParts;
import io.flotilla.ops.node.NodePorts;
import io.flotilla.ops.node.ProgramVersion;
import io.flotilla.raft.disk.os.DirectoryInUseException;
import io.flotilla.raft.disk.os.DirectoryLock;
import io.flotilla.raft.disk.os.OsDisk;
import io.flotilla.raft.disk.os.OwnerOnly;
import io.flotilla.raft.host.HostConfig;
import io.flotilla.raft.host.HostLimits;
import io.flotilla.raft.log.segment.LogConfig;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.runtime.threads.LaneFailureHandler;
import io.flotilla.raft.runtime.threads.ThreadRuntime;
import io.flotilla.raft.transfer.TransferConfig;
import io.flotilla.raft.transport.grpc.AcceptedConnections;
import io.flotilla.raft.transport.grpc.GrpcRaftService;
import io.flotilla.raft.transport.grpc.GrpcTransport;
import io.flotilla.raft.transport.grpc.NetworkThreads;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A node on real threads, files and sockets: one server on its port for other nodes and clients. Thread-safe. */
public final class NodeServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodeServer.class);
    private static final String ENGINE_DIRECTORY = "engine";
    /** After so much silence a client is asked whether it lives, and after as much again it counts as gone. */
    private static final int KEEP_ALIVE_SECONDS = 10;

    /** A connection must have begun to speak by then. */
    private static final int FIRST_WORD_SECONDS = 5;
    /** A connection without a stream is closed after so long. */
    private static final int IDLE_SECONDS = 30;

    private static final int STOP_SECONDS = 2;
    private static final int CLOSE_SECONDS = 10;

    private final NodeServerConfig config;
    private final NodeListener listener;

    // Guarded by this: what is open, in the order in which it was opened.
    private DirectoryLock lock;
    private volatile NetworkThreads network;
    private volatile ThreadRuntime runtime;
    private volatile GrpcTransport transport;
    private GrpcConnector connector;
    private Server server;
    private boolean closed;

    private volatile String address;
    private volatile String httpAddress = "";
    private volatile FleetNode node;

    /** @param listener called on a thread of the node; must not block and must not close the server itself */
    public NodeServer(NodeServerConfig config, NodeListener listener) {
        this.config = config;
        this.listener = listener;
    }

    /**
     * Takes the directory and the port, then begins to start the node and returns; the listener hears how it went.
     *
     * @throws NodeStartException if the directory is in use or unusable, or the port is taken; nothing is left open
     */
    public synchronized void start() throws NodeStartException {
        if (closed || lock != null) {
            throw new IllegalStateException("a node server is started once");
        }
        try {
            HostAndPort listen = HostAndPort.parse(config.listen());
            lock = lockDirectory();
            network = new NetworkThreads(config.id() + "-net", NetworkThreads.suitableCount());
            runtime = new ThreadRuntime(config.id().value(), new LaneFailures(), network);
            transport = new GrpcTransport(config.id(), this::address, this::fleetId, network);
            connector = new GrpcConnector();
            server = listen(listen);
            address = advertised(listen, server.getPort());
            httpAddress = advertisedHttp();
            Path engineDirectory = config.dataDir().resolve(ENGINE_DIRECTORY);
            node = new FleetNode(
                    new NodeConfig(
                            config.id(),
                            address,
                            httpAddress,
                            config.seeds(),
                            config.groups(),
                            config.shards(),
                            hostConfig(),
                            ThisProcess.describe()),
                    new NodePorts(
                            runtime,
                            new OsDisk(config.dataDir()),
                            new DirectorySpace(config.dataDir()),
                            transport,
                            connector,
                            () -> RocksEngine.open(engineDirectory, this::engineFailed),
                            new NodeParts() {
                                @Override
                                public LogConfig logConfig(long newStoreId) {
                                    return LogConfig.within(config.limits().logBytes(), newStoreId)
                                            .withMaxKeptBytes(config.limits().mostLogBytes());
                                }
                            }),
                    listener);
            node.start();
        } catch (NodeStartException | RuntimeException e) {
            close();
            throw e;
        }
    }

    /** {@code host:port} at which the node serves, its port known; after {@link #start}. */
    public String address() {
        return address;
    }

    /** {@code host:port} of its pages, as it is told to others; empty if it has none. After {@link #start}. */
    public String httpAddress() {
        return httpAddress;
    }

    public NodeStatus status() {
        FleetNode present = node;
        return present == null
                ? NodeStatus.newBuilder()
                        .setId(config.id().value())
                        .setHttpAddress(config.http())
                        .setReason("the node is starting")
                        .setVersion(ProgramVersion.VALUE)
                        .build()
                : present.status();
    }

    /** Why others should be asked rather than this node: one line; empty if there is no reason. Any thread; does not block. */
    public String notReady() {
        FleetNode present = node;
        return present == null ? "the node is starting" : present.notReady();
    }

    /** Stops in order and frees port and directory. Takes a few seconds at most. May be called again, or unstarted. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (server != null) {
            server.shutdown();
        }
        if (node != null) {
            stop(node);
        }
        if (server != null) {
            stop(server);
        }
        if (connector != null) {
            connector.close();
        }
        if (transport != null) {
            transport.close();
        }
        if (runtime != null) {
            runtime.close();
        }
        if (network != null) {
            network.close();
        }
        if (lock != null) {
            try {
                lock.close();
            } catch (IOException e) {
                LOG.warn("{}: can't unlock {}", config.id(), config.dataDir(), e);
            }
        }
    }

    private HostConfig hostConfig() {
        HostConfig defaults = HostConfig.defaults(
                config.id(),
                Runtime.getRuntime().availableProcessors(),
                config.limits().memoryBytes());
        return defaults.withLimits(defaults.limits()
                        .withMaxDiskNanos(config.limits().diskTimeout().toNanos()))
                .withTransfers(TransferConfig.defaults()
                        .withBytesPerSecond(config.limits().transferBytesPerSecond()));
    }

    private String fleetId() {
        FleetNode present = node;
        return present == null ? "" : present.fleetId();
    }

    private DirectoryLock lockDirectory() throws NodeStartException {
        try {
            DirectoryLock held = DirectoryLock.acquire(config.dataDir());
            // RocksDB would make it for everybody
            OwnerOnly.createDirectories(config.dataDir().resolve(ENGINE_DIRECTORY));
            return held;
        } catch (DirectoryInUseException e) {
            throw new NodeStartException(NodeFailure.refused(e.getMessage()), e);
        } catch (IOException e) {
            String text = "can't use the data directory " + config.dataDir() + ": " + e;
            throw new NodeStartException(
                    DiskFault.isOne(e)
                            ? NodeFailure.broken(text + "; " + DiskFault.advice(text))
                            : NodeFailure.refused(text + "; name a directory that this user may write to"),
                    e);
        }
    }

    private Server listen(HostAndPort listen) throws NodeStartException {
        InetSocketAddress socket = new InetSocketAddress(listen.host(), listen.port());
        if (socket.isUnresolved()) {
            throw new NodeStartException(
                    NodeFailure.refused("can't listen at " + config.listen() + ": unknown host " + listen.host()),
                    null);
        }
        NettyServerBuilder builder = NettyServerBuilder.forAddress(socket);
        Descriptors descriptors = Descriptors.ofProcess();
        String tooFew = descriptors.objection();
        if (tooFew != null) {
            throw new NodeStartException(NodeFailure.refused(tooFew), null);
        }
        GrpcRaftService.configure(network.serve(
                builder, new AcceptedConnections(config.id() + " at " + config.listen(), descriptors.forStreams())));
        try {
            return builder.directExecutor()
                    .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                    .keepAliveTimeout(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                    .handshakeTimeout(FIRST_WORD_SECONDS, TimeUnit.SECONDS)
                    .maxConnectionIdle(IDLE_SECONDS, TimeUnit.SECONDS)
                    .flowControlWindow(
                            HostLimits.of(config.limits().memoryBytes()).streamWindowBytes())
                    .addService(new GrpcRaftService(transport))
                    .addService(new FleetEndpoint(() -> node, runtime::runInline))
                    .build()
                    .start();
        } catch (IOException e) {
            Throwable root = e;
            while (root.getCause() != null) {
                root = root.getCause();
            }
            throw new NodeStartException(
                    NodeFailure.refused("can't listen at " + config.listen() + ": " + root.getMessage()
                            + "; choose a free port of this machine"),
                    e);
        }
    }

    /** What others are told: as configured, else the address listened at, or the seeds' word on this node if it listens everywhere. */
    private String advertised(HostAndPort listen, int port) throws NodeStartException {
        if (!config.advertise().isEmpty()) {
            return config.advertise();
        }
        if (!isEverywhere(listen.host())) {
            return listen.withPort(port);
        }
        String seed = config.seeds().get(config.id());
        if (seed == null) {
            throw new NodeStartException(
                    NodeFailure.refused("listening at " + config.listen()
                            + " does not say where others reach this node: say it with --advertise HOST:PORT"),
                    null);
        }
        return seed;
    }

    /** Pages that are everywhere are where the node is. */
    private String advertisedHttp() throws NodeStartException {
        if (config.http().isEmpty()) {
            return "";
        }
        HostAndPort pages = HostAndPort.parse(config.http());
        return isEverywhere(pages.host()) ? HostAndPort.parse(address).withPort(pages.port()) : config.http();
    }

    private static boolean isEverywhere(String host) {
        InetAddress resolved = new InetSocketAddress(host, 1).getAddress();
        return resolved != null && resolved.isAnyLocalAddress();
    }

    private void engineFailed(EngineException cause) {
        node.engineFailed(cause);
    }

    /** The name of a thread that should run and has ended; null if there is none. Any thread. */
    public String endedThread() {
        ThreadRuntime lanes = runtime;
        NetworkThreads connections = network;
        GrpcTransport peers = transport;
        if (connections != null && connections.haveEnded()) {
            return "of the network";
        }
        if (peers != null && peers.hasEnded()) {
            return "that connects to other nodes";
        }
        return lanes == null ? null : lanes.endedLane();
    }

    private final class LaneFailures implements LaneFailureHandler {
        @Override
        public void failed(Lane lane, Throwable cause) {
            LOG.error("{}: a task of {} failed", config.id(), lane.name(), cause);
            FleetNode present = node;
            if (present == null) {
                ended(lane, cause);
            } else {
                present.defect(lane, cause);
            }
        }

        @Override
        public void ended(Lane lane, Throwable cause) {
            listener.died(
                    "the thread " + lane.name() + " has ended (" + cause
                            + "), without which the node is not whole; start it again, and report it with its log",
                    cause);
        }
    }

    private void stop(FleetNode open) {
        open.close();
        try {
            open.closed().get(CLOSE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            // What was not flushed is in the log.
            LOG.warn("{}: not everything could be closed in order", config.id(), e);
        }
    }

    private static void stop(Server server) {
        server.shutdownNow();
        try {
            if (!server.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("the server on port {} takes long to stop", server.getPort());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
