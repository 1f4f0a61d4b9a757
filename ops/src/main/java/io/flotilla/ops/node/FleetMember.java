package io.flotilla.ops.node;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.ConfigurationRequest;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.RegisterNodeRequest;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Shard;
import io.flotilla.client.proto.WatchRequest;
import io.flotilla.controller.decide.Placement;
import io.flotilla.controller.proto.ControllerCommand;
import io.flotilla.controller.proto.FoundFleet;
import io.flotilla.controller.service.ControllerService;
import io.flotilla.kv.engine.EngineException;
import io.flotilla.kv.engine.KvEngine;
import io.flotilla.kv.machine.KvMachines;
import io.flotilla.kv.proto.KvGenesis;
import io.flotilla.kv.service.KvService;
import io.flotilla.kv.service.NodeDirectory;
import io.flotilla.ops.node.configuration.ConfigurationHub;
import io.flotilla.ops.node.configuration.ControllerCalls;
import io.flotilla.ops.node.configuration.PeerWatch;
import io.flotilla.ops.node.founding.Identity;
import io.flotilla.ops.node.peer.AddressBook;
import io.flotilla.ops.node.peer.AddressHunt;
import io.flotilla.ops.node.peer.PeerCalls;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.RoleName;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.disk.StateFile;
import io.flotilla.raft.host.DiskHangsException;
import io.flotilla.raft.host.GroupStatus;
import io.flotilla.raft.host.HostListener;
import io.flotilla.raft.host.HostStats;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.RecoveredGroup;
import io.flotilla.raft.log.segment.SegmentedLogStore;
import io.flotilla.raft.runtime.Lane;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node that takes part in a fleet: its replicas, the services over them, and the configuration that says which
 * replicas belong here. Belongs to the node's lane, but for the getters of services and {@link #close}.
 */
final class FleetMember {
    static final String LOG_DIRECTORY = "log";

    /** What a member tells its node. */
    interface Listener {
        void ready();

        void failed(NodeFailure failure);

        /** As {@link HostListener#answersGiven}, on an applier's lane. */
        void answersGiven();
    }

    private static final Logger LOG = LoggerFactory.getLogger(FleetMember.class);
    private static final long TICK_NANOS = 50_000_000L;
    private static final int TICKS_BETWEEN_FOUNDING_PROPOSALS = 10;

    private final NodeConfig config;
    private final NodePorts ports;
    private final Identity identity;
    private final Lane lane;
    private final AddressBook addresses;
    private final Listener listener;
    private final ConfigurationHub hub;
    private final KvEngine engine;
    private final RaftHost host;
    private final KvService data;
    private final ControllerService controller;
    private final Checksums checksums;
    private final ControllerCalls controllerCalls;
    private final PeerWatch watch;
    private final AddressHunt hunt;
    private final Readiness readiness;

    /** Groups with a replica here, or whose creation record is being fetched. */
    private final TreeSet<Long> replicas = new TreeSet<>();

    private final AtomicBoolean closed = new AtomicBoolean();
    private boolean registering;
    private boolean caughtUp;
    private int ticks;
    private volatile String missing = "the log is being replayed";

    /**
     * Opens log and engine, and starts the replicas found in the log. Blocks.
     *
     * @throws IOException if the files can't be used
     */
    FleetMember(
            NodeConfig config,
            NodePorts ports,
            Identity identity,
            Lane lane,
            PeerCalls calls,
            AddressBook addresses,
            StateFile configurationFile,
            Listener listener)
            throws IOException {
        this.config = config;
        this.ports = ports;
        this.identity = identity;
        this.lane = lane;
        this.addresses = addresses;
        this.listener = listener;
        addresses.configured(identity.nodes());
        hub = new ConfigurationHub(configurationFile, identity.fleetId(), new ConfigurationHub.Followers() {
            @Override
            public void changed(Configuration newest) {
                follow(newest);
            }

            @Override
            public void diskFailed(IOException cause) {
                listener.failed(NodeFailure.of(cause));
            }
        });
        LogStore log = ports.parts()
                .log(SegmentedLogStore.open(
                        ports.disk(),
                        LOG_DIRECTORY,
                        ports.parts().logConfig(ports.runtime().randomSeed())));
        try {
            engine = ports.engine().get();
        } catch (RuntimeException e) {
            log.close();
            throw e;
        }
        for (RecoveredGroup group : log.recovered()) {
            replicas.add(group.descriptor().groupId());
        }
        KvMachines machines = new KvMachines(engine);
        checksums = new Checksums(ports.runtime().lane("checksums"), machines, this::appliedHere);
        host = new RaftHost(
                config.host(),
                ports.runtime(),
                log,
                ports.transport(),
                ports.parts().machines(new NodeMachines(ports.disk(), machines, this::configured)),
                new Failures());
        controller = new ControllerService(host, addresses::addressOf);
        data = new KvService(host, ports.runtime().clock(), new NodeDirectory() {
            @Override
            public String addressOf(NodeId node) {
                return addresses.addressOf(node);
            }

            @Override
            public long configurationNumber() {
                return FleetMember.this.configurationNumber();
            }
        });
        controllerCalls = new ControllerCalls(config.id(), lane, calls, addresses, host, controller, hub::newest);
        watch = new PeerWatch(
                lane,
                calls,
                addresses,
                this::others,
                this::configurationNumber,
                WatchRequest.newBuilder()
                        .setFrom(self())
                        .setFleetId(identity.fleetId())
                        .build(),
                hub::offer,
                ports.runtime().randomSeed());
        hunt = new AddressHunt(config.id(), identity.fleetId(), config.seeds(), lane, calls, addresses);
        readiness = new Readiness(config.id(), host);
    }

    void start() throws IOException {
        host.start();
        createController();
        hub.load();
        watch.start();
        hunt.start();
        tick();
    }

    ConfigurationHub hub() {
        return hub;
    }

    /** Any thread. */
    KvService data() {
        return data;
    }

    /** Any thread. */
    ControllerService controller() {
        return controller;
    }

    /** Any thread. */
    Checksums checksums() {
        return checksums;
    }

    /** 0 if none is known. Any thread. */
    long configurationNumber() {
        Configuration newest = hub.newest();
        return newest == null ? 0 : newest.getNumber();
    }

    /** The newest configuration, or null. Any thread. */
    Configuration newest() {
        return hub.newest();
    }

    /** Any thread. */
    List<GroupStatus> replicas() {
        return host.status();
    }

    /** Any thread. */
    HostStats stats() {
        return host.stats();
    }

    private long appliedHere(long group) {
        GroupStatus replica = group == ControllerService.GROUP ? null : host.status(group);
        return replica == null ? -1 : replica.applied();
    }

    /** Why the node is not ready: one line; empty if it is. Any thread. */
    String missing() {
        return missing;
    }

    /** On the controller machine's lane. */
    private void configured(Configuration configuration) {
        lane.execute(() -> {
            if (!closed.get()) {
                hub.offer(configuration);
            }
        });
    }

    private List<NodeId> others() {
        Configuration newest = hub.newest();
        List<NodeId> others = new ArrayList<>();
        for (Node node : newest == null ? identity.nodes() : newest.getNodesList()) {
            if (!node.getId().equals(config.id().value())) {
                others.add(new NodeId(node.getId()));
            }
        }
        return others;
    }

    private void createController() {
        List<NodeId> voters = Placement.controllerReplicas(
                        identity.nodes().stream().map(Node::getId).toList())
                .stream()
                .map(NodeId::new)
                .toList();
        if (voters.contains(config.id()) && replicas.add(ControllerService.GROUP)) {
            host.createGroup(new GroupDescriptor(ControllerService.GROUP, Membership.of(voters), new byte[0]));
        }
    }

    /** What a new configuration asks of this node. */
    private void follow(Configuration newest) {
        LOG.info("{}: configuration {}", config.id(), newest.getNumber());
        hunt.lookAgain(addresses.configured(newest));
        for (Group group : newest.getGroupsList()) {
            if (group.getReplicasList().contains(config.id().value()) && replicas.add(group.getId())) {
                create(group);
            }
        }
        register();
    }

    private void create(Group group) {
        Configuration creator = hub.creatorOf(group);
        if (creator != null) {
            create(group.getId(), creator);
            return;
        }
        Request request = Request.newBuilder()
                .setId(1)
                .setConfiguration(ConfigurationRequest.newBuilder().setNumber(group.getCreatedIn()))
                .build();
        controllerCalls.ask(request, () -> !closed.get(), response -> {
            if (response.hasConfiguration()) {
                create(group.getId(), response.getConfiguration());
            } else {
                listener.failed(NodeFailure.broken("the creation record of group " + group.getId() + " is gone: "
                        + response.getRefusal().getMessage()));
            }
        });
    }

    private void create(long id, Configuration creator) {
        for (Group group : creator.getGroupsList()) {
            if (group.getId() == id) {
                KvGenesis.Builder genesis = KvGenesis.newBuilder();
                for (Shard shard : creator.getShardsList()) {
                    if (shard.getGroup() == id) {
                        genesis.addShards(shard);
                    }
                }
                List<NodeId> voters =
                        group.getReplicasList().stream().map(NodeId::new).toList();
                host.createGroup(new GroupDescriptor(
                        id, Membership.of(voters), genesis.build().toByteArray()));
            }
        }
    }

    /** Tells the controller where this node serves, if its last word on that is another one. */
    private void register() {
        if (registering || registered()) {
            return;
        }
        registering = true;
        Request request = Request.newBuilder()
                .setId(1)
                .setRegisterNode(RegisterNodeRequest.newBuilder()
                        .setFleetId(identity.fleetId())
                        .setNode(self()))
                .build();
        controllerCalls.ask(request, () -> !closed.get(), response -> {
            registering = false;
            if (response.hasRegisterNode()) {
                LOG.info(
                        "{}: registered at {} in configuration {}",
                        config.id(),
                        config.address(),
                        response.getRegisterNode().getConfigurationNumber());
            } else {
                listener.failed(NodeFailure.refused("the controller refuses to register this node: "
                        + response.getRefusal().getMessage()));
            }
        });
    }

    private Node self() {
        return Node.newBuilder()
                .setId(config.id().value())
                .setAddress(config.address())
                .setHttpAddress(config.httpAddress())
                .build();
    }

    /** Another node says where it is. */
    void introduced(WatchRequest request) {
        if (request.hasFrom() && request.getFleetId().equals(identity.fleetId())) {
            for (NodeId other : others()) {
                if (other.value().equals(request.getFrom().getId())) {
                    addresses.found(other, request.getFrom().getAddress());
                }
            }
        }
    }

    private boolean registered() {
        for (Node node : hub.newest().getNodesList()) {
            if (node.getId().equals(config.id().value())) {
                return node.getAddress().equals(config.address())
                        && node.getHttpAddress().equals(config.httpAddress());
            }
        }
        return false;
    }

    private void tick() {
        if (closed.get() || caughtUp) {
            return;
        }
        if (hub.newest() == null) {
            foundIfLeader();
        }
        ticks++;
        missing = readiness.missing(hub.newest());
        if (missing.isEmpty()) {
            caughtUp = true;
            hunt.stop();
            listener.ready();
            return;
        }
        lane.after(TICK_NANOS, this::tick);
    }

    private void foundIfLeader() {
        GroupStatus status = host.status(ControllerService.GROUP);
        if (ticks % TICKS_BETWEEN_FOUNDING_PROPOSALS != 0
                || status == null
                || status.state().role() != RoleName.LEADER) {
            return;
        }
        byte[] command = ControllerCommand.newBuilder()
                .setFound(FoundFleet.newBuilder()
                        .setFleetId(identity.fleetId())
                        .addAllNodes(identity.nodes())
                        .setGroups(identity.groups())
                        .setShards(identity.shards()))
                .build()
                .toByteArray();
        host.propose(ControllerService.GROUP, command, new ProposalCallback() {
            @Override
            public void applied(long index, Object result) {
                LOG.info("{}: founded fleet {}: {}", config.id(), identity.fleetId(), result);
            }

            @Override
            public void refused(Refusal refusal) {
                LOG.info("{}: the founding is tried again: {}", config.id(), refusal);
            }
        });
    }

    /**
     * Begins to stop the replicas, then flushes and closes the engine. Any thread; returns at once.
     *
     * @return completes when all is closed, on any lane
     */
    CompletableFuture<Void> close() {
        if (!closed.getAndSet(true)) {
            lane.execute(() -> {
                watch.stop();
                hunt.stop();
            });
            host.close();
        }
        CompletableFuture<Void> over = new CompletableFuture<>();
        host.closed()
                .whenComplete((done, failed) -> checksums.close(() -> {
                    try {
                        engine.close();
                    } catch (RuntimeException e) {
                        over.completeExceptionally(e);
                        return;
                    }
                    if (failed == null) {
                        over.complete(null);
                    } else {
                        over.completeExceptionally(failed);
                    }
                }));
        return over;
    }

    private final class Failures implements HostListener {
        @Override
        public void answersGiven() {
            listener.answersGiven();
        }

        @Override
        public void groupFailed(long groupId, Throwable cause) {
            LOG.error("{}: the replica of group {} was halted", config.id(), groupId, cause);
            NodeFailure failure;
            if (cause instanceof UncheckedIOException disk) {
                failure = NodeFailure.of(disk.getCause());
            } else if (cause instanceof EngineException) {
                failure = NodeFailure.of(cause);
            } else {
                failure = NodeFailure.broken(
                        "the replica of group " + groupId + " was halted: " + NodeFailure.text(cause));
            }
            lane.execute(() -> listener.failed(failure));
        }

        @Override
        public void nodeFailed(Throwable cause) {
            LOG.error("{}: the node can't go on", config.id(), cause);
            // the host does not know where things lie
            NodeFailure failure = NodeFailure.of(
                    cause instanceof DiskHangsException
                            ? new IOException(
                                    "the disk of " + ports.disk().describe(LOG_DIRECTORY) + ": " + cause.getMessage())
                            : cause);
            lane.execute(() -> listener.failed(failure));
        }
    }
}
