package io.flotilla.ops.node;

import io.flotilla.client.proto.FoundingReply;
import io.flotilla.client.proto.FoundingRequest;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.kv.engine.EngineException;
import io.flotilla.ops.node.configuration.ConfigurationHub;
import io.flotilla.ops.node.edge.AnswerBudget;
import io.flotilla.ops.node.edge.EdgeSession;
import io.flotilla.ops.node.edge.EdgeSink;
import io.flotilla.ops.node.edge.EdgeStream;
import io.flotilla.ops.node.edge.GatheredAnswers;
import io.flotilla.ops.node.edge.IntakeBudget;
import io.flotilla.ops.node.founding.Founding;
import io.flotilla.ops.node.founding.FoundingPlan;
import io.flotilla.ops.node.founding.Identity;
import io.flotilla.ops.node.peer.AddressBook;
import io.flotilla.ops.node.peer.PeerCalls;
import io.flotilla.raft.disk.StateFile;
import io.flotilla.raft.host.HostLimits;
import io.flotilla.raft.runtime.Lane;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One node of a fleet: who it is by its directory, how its fleet is founded, the streams of clients, and, once its
 * fleet has started, a {@link FleetMember}. Thread-safe; no call blocks. What must happen in order
 * happens on the node's own lane; frames to clients leave on the edge lane.
 */
public final class FleetNode implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FleetNode.class);
    private static final String IDENTITY_FILE = "identity";
    private static final String CONFIGURATION_FILE = "configuration";

    private final NodeConfig config;
    private final NodePorts ports;
    private final NodeListener listener;
    private final Lane lane;
    private final Lane edge;
    private final PeerCalls calls;
    private final AddressBook addresses;
    private final GatheredAnswers gathered = new GatheredAnswers();
    private final EdgeStream.Common common;
    private final int maxStreams;
    private final AtomicInteger streams = new AtomicInteger();
    private final CompletableFuture<Void> over = new CompletableFuture<>();
    /** Of the node's lane. */
    private Founding founding;

    private volatile Identity identity;
    private volatile FleetMember member;
    private volatile NodeFailure failure;
    private volatile boolean ready;
    /** When the node started, then when it became ready: wall clock, in milliseconds. */
    private volatile long since;

    private volatile boolean closed;
    private volatile String phase = "the node is starting";

    public FleetNode(NodeConfig config, NodePorts ports, NodeListener listener) {
        this.config = config;
        this.ports = ports;
        this.listener = listener;
        lane = ports.runtime().lane("node");
        edge = ports.runtime().lane("edge");
        calls = new PeerCalls(lane, ports.connector());
        HostLimits limits = config.host().limits();
        common = new EdgeStream.Common(
                new NodeServices(this, config, ports.runtime().clock(), lane),
                gathered,
                new IntakeBudget(limits.memoryBytes()),
                new AnswerBudget(limits.memoryBytes()),
                ports.runtime().clock(),
                edge);
        maxStreams = limits.maxClientStreams();
        addresses = new AddressBook(config.id(), config.address(), ports.transport());
        since = ports.runtime().clock().wallMillis();
    }

    /** Begins to start and returns at once; the listener hears how it went. Called once. */
    public void start() {
        lane.execute(() -> {
            try {
                open();
            } catch (IOException e) {
                fail(NodeFailure.of(e));
            }
        });
    }

    /**
     * Takes a client's stream. Works from the construction on: a node that is not started yet answers what it can.
     *
     * @param sink takes the frames for the client
     */
    public EdgeSession openSession(EdgeSink sink) {
        boolean taken = streams.incrementAndGet() <= maxStreams;
        return new EdgeStream(
                common,
                sink,
                taken
                        ? null
                        : "node " + config.id() + " has " + maxStreams
                                + " clients' streams open already, and takes no more");
    }

    /** The fleet that this node belongs to; empty while it belongs to none. */
    public String fleetId() {
        Identity known = identity;
        return known == null ? "" : known.fleetId();
    }

    /** A task of one of the node's lanes threw, which is a defect: the node stops. */
    public void defect(Lane where, Throwable cause) {
        lane.execute(() -> fail(
                cause instanceof EngineException
                        ? NodeFailure.of(cause)
                        : NodeFailure.broken("a defect in " + where.name() + ": " + cause)));
    }

    /** The engine can't go on. Any thread. */
    public void engineFailed(EngineException cause) {
        LOG.error("{}: the engine can't go on", config.id(), cause);
        lane.execute(() -> fail(NodeFailure.of(cause)));
    }

    /** A recent state of the node and its replicas. */
    public NodeStatus status() {
        FleetMember there = member;
        long changed = there == null ? 0 : there.readiness().since();
        return NodeReport.of(config, fleetId(), closed ? null : there, ready, notReady(), Math.max(since, changed));
    }

    /**
     * Begins to stop the node in order: open requests are refused, the log is closed, the engine is flushed. Returns at
     * once; {@link #closed} tells when it is done, which needs the runtime's lanes.
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        // Behind whatever is being opened on the lane now.
        lane.execute(() -> {
            if (founding != null) {
                founding.stop();
            }
            CompletableFuture<Void> last = member == null ? CompletableFuture.completedFuture(null) : member.close();
            last.whenComplete((done, failed) -> {
                if (failed == null) {
                    over.complete(null);
                } else {
                    over.completeExceptionally(failed);
                }
            });
        });
    }

    /** Completes, perhaps with the failure of closing, when everything that the node opened is closed. */
    public CompletableFuture<Void> closed() {
        return over.copy();
    }

    /** The member, if it may answer; else null. Any thread. */
    FleetMember serving() {
        return failure == null && !closed ? member : null;
    }

    /**
     * Why others should be asked rather than this node: one line; empty if there is no reason. Takes the same time however
     * many groups there are. Any thread.
     */
    public String notReady() {
        FleetMember present = member;
        NodeFailure broken = failure;
        if (broken != null) {
            return broken.message();
        }
        if (closed) {
            return "the node is stopping";
        }
        String missing = present == null ? phase : present.readiness().missing();
        return missing.isEmpty() && !ready ? "the node is starting" : missing;
    }

    /** Answers another node's step; null if the founding is over in failure. On the node's lane. */
    FoundingReply founding(FoundingRequest request) {
        return founding == null || failure != null || closed ? null : founding.handle(request);
    }

    /** A client's stream is over. Any thread. */
    void streamClosed(EdgeStream stream) {
        streams.decrementAndGet();
        lane.execute(() -> {
            FleetMember present = member;
            if (present != null) {
                present.watchers().unwatch(stream);
            }
        });
    }

    private void open() throws IOException {
        StateFile identityFile = new StateFile(ports.disk(), IDENTITY_FILE, Identity.FILE_VERSION);
        StateFile configurationFile = new StateFile(ports.disk(), CONFIGURATION_FILE, ConfigurationHub.FILE_VERSION);
        Identity found = readIdentity(identityFile);
        if (found == null && !ports.disk().list(FleetMember.LOG_DIRECTORY).isEmpty()) {
            fail(NodeFailure.broken(
                    "the data directory has a log (" + ports.disk().describe(FleetMember.LOG_DIRECTORY)
                            + ") but no file " + identityFile.describe() + ": something was deleted; restore it"));
            return;
        }
        if (found != null
                && (found.hasLog() || ports.disk().exists(CONFIGURATION_FILE))
                && ports.disk().list(FleetMember.LOG_DIRECTORY).isEmpty()) {
            fail(NodeFailure.broken("the log in " + ports.disk().describe(FleetMember.LOG_DIRECTORY)
                    + " is gone: restore it; without it the node must not come back under its old id"));
            return;
        }
        if (found != null && !found.id().equals(config.id())) {
            fail(NodeFailure.refused("the data directory belongs to node " + found.id() + ", not " + config.id() + " ("
                    + identityFile.describe() + " says so): give this node a directory of its own"));
            return;
        }
        FoundingPlan plan = config.founding();
        String objection = plan.objection(found);
        if (objection != null) {
            fail(NodeFailure.refused(objection));
            return;
        }
        identity = found;
        String newFleetId = String.format(
                "%016x%016x", ports.runtime().randomSeed(), ports.runtime().randomSeed());
        founding = new Founding(plan, found, lane, calls, addresses::addressOf, newFleetId, new Founding.Steps() {
            @Override
            public boolean save(Identity next) {
                // founding knows nothing of the log
                Identity whole = identity != null && identity.hasLog() ? next.withLog() : next;
                try {
                    identityFile.write(whole.encode());
                } catch (IOException e) {
                    fail(NodeFailure.of(e));
                    return false;
                }
                identity = whole;
                return true;
            }

            @Override
            public void started(Identity founded) {
                join(founded, configurationFile, identityFile);
            }

            @Override
            public void failed(String message) {
                fail(NodeFailure.refused(message));
            }
        });
        founding.start();
        followPhase();
    }

    private Identity readIdentity(StateFile file) throws IOException {
        byte[] bytes = file.read().orElse(null);
        if (bytes == null) {
            return null;
        }
        try {
            return Identity.decode(bytes);
        } catch (IllegalArgumentException e) {
            throw file.damaged("holds no identity (" + e.getMessage() + ")");
        }
    }

    /** Keeps the reason for not being ready up to date while the founding goes on. */
    private void followPhase() {
        if (member == null && failure == null && !closed) {
            phase = founding.waitingFor();
            lane.after(200_000_000L, this::followPhase);
        }
    }

    private void join(Identity founded, StateFile configurationFile, StateFile identityFile) {
        if (closed || failure != null) {
            return;
        }
        try {
            member = new FleetMember(
                    config,
                    ports,
                    founded,
                    lane,
                    edge,
                    calls,
                    addresses,
                    configurationFile,
                    new FleetMember.Listener() {
                        @Override
                        public void answersGiven() {
                            gathered.send();
                        }

                        @Override
                        public void ready() {
                            if (failure == null && !closed) {
                                since = ports.runtime().clock().wallMillis();
                                ready = true;
                                listener.ready();
                            }
                        }

                        @Override
                        public void failed(NodeFailure reason) {
                            fail(reason);
                        }
                    });
        } catch (IOException | RuntimeException e) {
            LOG.error("{}: can't open the data directory", config.id(), e);
            fail(NodeFailure.of(e));
            return;
        }
        try {
            if (!identity.hasLog()) {
                // from here on a log that is gone is a loss
                Identity begun = identity.withLog();
                identityFile.write(begun.encode());
                identity = begun;
            }
            member.start();
        } catch (IOException e) {
            fail(NodeFailure.of(e));
        }
    }

    private void fail(NodeFailure reason) {
        if (failure == null && !closed) {
            failure = reason;
            if (founding != null) {
                founding.stop();
            }
            listener.failed(reason);
        }
    }
}
