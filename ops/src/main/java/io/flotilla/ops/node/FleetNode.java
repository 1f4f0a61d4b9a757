package io.flotilla.ops.node;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.HelloReply;
import io.flotilla.client.proto.NodeCounters;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.ReplicaStatus;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.kv.engine.EngineException;
import io.flotilla.kv.service.Answers;
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
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.disk.StateFile;
import io.flotilla.raft.host.GroupStatus;
import io.flotilla.raft.host.HostLimits;
import io.flotilla.raft.host.HostStats;
import io.flotilla.raft.runtime.Lane;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
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
    private static final int MAX_WATCHES_PER_STREAM = 16;

    private final NodeConfig config;
    private final NodePorts ports;
    private final NodeListener listener;
    private final Lane lane;
    private final Lane edge;
    private final PeerCalls calls;
    private final AddressBook addresses;
    private final Services services = new Services();
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
                services,
                gathered,
                new IntakeBudget(limits.memoryBytes()),
                new AnswerBudget(limits.memoryBytes()),
                ports.runtime().clock(),
                edge);
        maxStreams = limits.maxClientStreams();
        addresses = new AddressBook(config.id(), config.address(), ports.transport());
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
        NodeStatus.Builder status = NodeStatus.newBuilder()
                .setId(config.id().value())
                .setAddress(config.address())
                .setHttpAddress(config.httpAddress())
                .setFleetId(fleetId())
                .setVersion(ProgramVersion.VALUE)
                .setPid(config.process().pid())
                .setMachine(config.process().machine());
        FleetMember present = member;
        NodeFailure broken = failure;
        if (present != null && !closed) {
            status.setConfigurationNumber(present.configurationNumber());
            present.replicas().forEach(replica -> status.addReplicas(describe(replica)));
            status.setCounters(describe(present.stats()));
        }
        status.setReady(ready && broken == null && !closed);
        if (!status.getReady()) {
            status.setReason(notReady(present, broken));
        }
        return status.build();
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

    private String notReady(FleetMember present, NodeFailure broken) {
        if (broken != null) {
            return broken.message();
        }
        if (closed) {
            return "the node is stopping";
        }
        return present == null ? phase : present.missing();
    }

    private static NodeCounters describe(HostStats stats) {
        return NodeCounters.newBuilder()
                .setLogsCut(stats.basesMoved())
                .setSnapshotsSent(stats.snapshotsSent())
                .setSnapshotBytesSent(stats.snapshotBytesOut())
                .setSnapshotsInstalled(stats.snapshotsInstalled())
                .setSnapshotBytesReceived(stats.snapshotBytesIn())
                .build();
    }

    private static ReplicaStatus describe(GroupStatus replica) {
        ReplicaStatus.Builder status = ReplicaStatus.newBuilder()
                .setGroup(replica.groupId())
                .setTerm(replica.state().term())
                .setCommitIndex(replica.state().committed())
                .setAppliedIndex(replica.applied())
                .setFirstIndex(replica.firstIndex())
                .setLastIndex(replica.state().last())
                .setRole(replica.state().role().name());
        for (NodeId node : replica.membership().all()) {
            status.addReplicas(node.value());
        }
        if (replica.leader() != null) {
            status.setLeader(replica.leader().value());
        }
        if (replica.failure() != null) {
            status.setFailure(replica.failure());
        }
        return status.build();
    }

    private void open() throws IOException {
        StateFile identityFile = new StateFile(ports.disk(), IDENTITY_FILE);
        StateFile configurationFile = new StateFile(ports.disk(), CONFIGURATION_FILE);
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
        FoundingPlan plan = new FoundingPlan(
                config.id(), config.address(), config.httpAddress(), config.seeds(), config.groups(), config.shards());
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
                    config, ports, founded, lane, calls, addresses, configurationFile, new FleetMember.Listener() {
                        @Override
                        public void answersGiven() {
                            gathered.send();
                        }

                        @Override
                        public void ready() {
                            if (failure == null && !closed) {
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

    private final class Services implements EdgeStream.Services {
        @Override
        public HelloReply hello() {
            return HelloReply.newBuilder()
                    .setProtocolVersion(PeerCalls.PROTOCOL_VERSION)
                    .setNodeId(config.id().value())
                    .setFleetId(fleetId())
                    .setWallMillis(ports.runtime().clock().wallMillis())
                    .build();
        }

        @Override
        public void data(List<Request> requests, Answers out) {
            FleetMember present = serving();
            if (present != null) {
                present.data().handle(requests, out);
                return;
            }
            for (Request request : requests) {
                out.accept(unavailable(request.getId()));
            }
        }

        @Override
        public void other(EdgeStream stream, Request request, Consumer<Response> out) {
            long id = request.getId();
            switch (request.getBodyCase()) {
                case CONFIGURATION -> configuration(request, out);
                case REGISTER_NODE -> controller(request, out);
                case WATCH -> watch(stream, request, out);
                case NODE_STATUS ->
                    out.accept(Response.newBuilder()
                            .setId(id)
                            .setNodeStatus(status())
                            .build());
                case REPLICA_CHECKSUM -> {
                    FleetMember present = serving();
                    out.accept(
                            present == null
                                    ? unavailable(id)
                                    : present.checksums().answer(request));
                }
                case FOUNDING ->
                    lane.execute(() -> {
                        if (founding == null || failure != null || closed) {
                            out.accept(unavailable(id));
                        } else {
                            out.accept(Response.newBuilder()
                                    .setId(id)
                                    .setFounding(founding.handle(request.getFounding()))
                                    .build());
                        }
                    });
                default -> out.accept(refusal(id, Refusal.Kind.INVALID, "this node does not know such a request"));
            }
        }

        @Override
        public void closed(EdgeStream stream) {
            streams.decrementAndGet();
            lane.execute(() -> {
                FleetMember present = member;
                if (present != null) {
                    present.hub().unwatch(stream);
                }
            });
        }

        private void configuration(Request request, Consumer<Response> out) {
            if (request.getConfiguration().getNumber() > 0
                    || request.getConfiguration().getLinearizable()) {
                controller(request, out);
                return;
            }
            FleetMember present = serving();
            Configuration newest = present == null ? null : present.newest();
            out.accept(
                    newest == null
                            ? unavailable(request.getId())
                            : Response.newBuilder()
                                    .setId(request.getId())
                                    .setConfiguration(newest)
                                    .build());
        }

        private void controller(Request request, Consumer<Response> out) {
            FleetMember present = serving();
            if (present == null) {
                out.accept(unavailable(request.getId()));
            } else {
                present.controller().handle(request, out);
            }
        }

        private void watch(EdgeStream stream, Request request, Consumer<Response> out) {
            lane.execute(() -> {
                FleetMember present = serving();
                if (present == null) {
                    out.accept(unavailable(request.getId()));
                } else if (present.hub().watches(stream) >= MAX_WATCHES_PER_STREAM) {
                    out.accept(
                            refusal(request.getId(), Refusal.Kind.INVALID, "this stream has too many watches already"));
                } else if (stream.isOpen()) {
                    present.introduced(request.getWatch());
                    present.hub()
                            .watch(
                                    new ConfigurationHub.Watch(stream, request.getId()),
                                    request.getWatch().getAbove(),
                                    configuration -> out.accept(Response.newBuilder()
                                            .setId(request.getId())
                                            .setConfiguration(configuration)
                                            .build()));
                }
            });
        }

        /** The member, if it may answer. */
        private FleetMember serving() {
            return failure == null && !closed ? member : null;
        }

        private Response unavailable(long id) {
            return refusal(
                    id,
                    Refusal.Kind.UNAVAILABLE,
                    "node " + config.id() + " does not serve now: " + notReady(member, failure));
        }

        private Response refusal(long id, Refusal.Kind kind, String message) {
            return Response.newBuilder()
                    .setId(id)
                    .setRefusal(Refusal.newBuilder().setKind(kind).setMessage(message))
                    .build();
        }
    }
}
