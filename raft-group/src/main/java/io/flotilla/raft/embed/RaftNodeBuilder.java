package io.flotilla.raft.embed;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.disk.os.DirectoryLock;
import io.flotilla.raft.disk.os.OsDisk;
import io.flotilla.raft.host.HostConfig;
import io.flotilla.raft.log.LogDamageException;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.segment.LogConfig;
import io.flotilla.raft.log.segment.SegmentedLogStore;
import io.flotilla.raft.node.NodeRecords;
import io.flotilla.raft.runtime.NodeRuntime;
import io.flotilla.raft.runtime.threads.ThreadRuntime;
import io.flotilla.raft.transport.Transport;
import io.flotilla.raft.transport.grpc.GrpcPeerServer;
import io.flotilla.raft.transport.grpc.GrpcTransport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** Says what a {@link RaftNode} is made of. Not thread-safe; opens one node. */
public final class RaftNodeBuilder {
    private static final long DEFAULT_LOG_BYTES = 64L << 20;

    private final NodeId self;
    private final Path directory;
    private final TreeMap<NodeId, String> nodes = new TreeMap<>();
    private final TreeMap<Long, NodeGroup> groups = new TreeMap<>();
    private long logBytes = DEFAULT_LOG_BYTES;
    private UnaryOperator<HostConfig> change = config -> config;
    private NodeRuntime runtime;
    private Disk disk;
    private Transport transport;

    RaftNodeBuilder(NodeId self, Path directory) {
        this.self = self;
        this.directory = directory;
    }

    /**
     * All nodes, this one too: their replicas make up each group.
     *
     * @param addresses {@code host:port} by node id; this node listens at its own
     */
    public RaftNodeBuilder nodes(Map<String, String> addresses) {
        addresses.forEach((id, address) -> nodes.put(new NodeId(id), address));
        return this;
    }

    /**
     * A group with a replica on each node, made by the first opening.
     *
     * @param id 0 or more, the same on all nodes, never used again for another state
     * @param state makes the state that all replicas begin with
     */
    public RaftNodeBuilder group(long id, Supplier<? extends ReplicatedState> state) {
        if (id < 0 || groups.putIfAbsent(id, new NodeGroup(id, state)) != null) {
            throw new IllegalArgumentException("group " + id + ": ids are not negative and used once");
        }
        return this;
    }

    /** The bytes of log beyond which states are saved and the log is cut; 64 MiB by default, 32 KiB at least. */
    public RaftNodeBuilder logBytes(long bytes) {
        logBytes = bytes;
        return this;
    }

    /** Changes timings and limits from what suits this machine. */
    public RaftNodeBuilder config(UnaryOperator<HostConfig> changed) {
        change = changed;
        return this;
    }

    /** Other threads, clock and chance than the operating system's. Stays the caller's to close, after the node. */
    public RaftNodeBuilder runtime(NodeRuntime other) {
        runtime = other;
        return this;
    }

    /** Other files than the directory's, which is not touched then. */
    public RaftNodeBuilder disk(Disk other) {
        disk = other;
        return this;
    }

    /** Another network than gRPC; it must know the nodes' addresses. Stays the caller's to close, after the node. */
    public RaftNodeBuilder transport(Transport other) {
        transport = other;
        return this;
    }

    /**
     * Locks the directory, reads what the last run left, and takes part. Blocks for as long as reading the log takes.
     *
     * @throws IllegalArgumentException if this node is not among the nodes, or there is no group
     * @throws LogDamageException if the log is damaged; names the file
     * @throws IOException if the directory is in use or unusable, or the address is taken; nothing is left open
     */
    public RaftNode open() throws IOException {
        if (!nodes.containsKey(self) || groups.isEmpty()) {
            throw new IllegalArgumentException("node " + self + " can't be opened: name all nodes with their addresses,"
                    + " this one among them, and at least one group");
        }
        Deque<AutoCloseable> owned = new ArrayDeque<>();
        try {
            return open(owned);
        } catch (IOException | RuntimeException e) {
            try {
                EmbeddedPorts.close(owned);
            } catch (IOException also) {
                e.addSuppressed(also);
            }
            throw e;
        }
    }

    private RaftNode open(Deque<AutoCloseable> owned) throws IOException {
        Disk files = disk;
        if (files == null) {
            owned.push(DirectoryLock.acquire(directory));
            files = new OsDisk(directory);
        }
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        NodeRuntime lanes = runtime;
        if (lanes == null) {
            // a task that threw left nobody knows what half done
            lanes = new ThreadRuntime(self.value(), (lane, cause) -> failure.complete(cause));
            owned.push(lanes);
        }
        LogStore log = SegmentedLogStore.open(files, "log", LogConfig.within(logBytes, lanes.randomSeed()));
        // closed by the host, unless there will be none
        owned.push(log);
        NodeRecords records = NodeRecords.open(files, log, lanes.randomSeed());
        Transport network = transport == null ? grpc(owned) : transport;
        HostConfig config = change.apply(HostConfig.defaults(
                self,
                Runtime.getRuntime().availableProcessors(),
                Runtime.getRuntime().maxMemory()));
        owned.remove(log);
        return new RaftNode(
                new EmbeddedPorts(self, lanes, files, log, records, network, owned),
                config,
                Membership.of(nodes.keySet()),
                groups,
                failure);
    }

    private Transport grpc(Deque<AutoCloseable> owned) throws IOException {
        String address = nodes.get(self);
        GrpcTransport peers = new GrpcTransport(self, () -> address, () -> "");
        owned.push(peers);
        nodes.forEach(peers::setAddress);
        owned.push(GrpcPeerServer.start(peers, address));
        return peers;
    }
}
