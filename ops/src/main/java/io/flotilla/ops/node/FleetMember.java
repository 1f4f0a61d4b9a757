package io.flotilla.ops.node;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.CreationRecord;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.WatchRequest;
import io.flotilla.controller.decide.FeatureLevels;
import io.flotilla.controller.service.ControllerService;
import io.flotilla.kv.machine.KvMachines;
import io.flotilla.kv.service.KvService;
import io.flotilla.ops.node.configuration.ConfigurationHub;
import io.flotilla.ops.node.configuration.ControllerCalls;
import io.flotilla.ops.node.configuration.ControllerReports;
import io.flotilla.ops.node.configuration.MoveOutbox;
import io.flotilla.ops.node.configuration.PeerWatch;
import io.flotilla.ops.node.configuration.Reconciler;
import io.flotilla.ops.node.configuration.RecordCalls;
import io.flotilla.ops.node.configuration.Registration;
import io.flotilla.ops.node.configuration.Watchers;
import io.flotilla.ops.node.founding.Identity;
import io.flotilla.ops.node.move.NodeMoves;
import io.flotilla.ops.node.peer.AddressBook;
import io.flotilla.ops.node.peer.AddressHunt;
import io.flotilla.ops.node.peer.LaneClientRuntime;
import io.flotilla.ops.node.peer.PassedOnRequests;
import io.flotilla.ops.node.peer.PeerCalls;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.disk.StateFile;
import io.flotilla.raft.host.GroupStatus;
import io.flotilla.raft.host.HostListener;
import io.flotilla.raft.host.HostStats;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.segment.SegmentedLogStore;
import io.flotilla.raft.node.NodeRecords;
import io.flotilla.raft.runtime.Held;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.runtime.LogPace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
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
    private static final long LOOK_NANOS = 500_000_000L;

    private final NodeConfig config;
    private final NodePorts ports;
    private final Identity identity;
    private final Lane lane;
    private final AddressBook addresses;
    private final Listener listener;
    private final ConfigurationHub hub;
    private final NodeData rows;
    private final RaftHost host;
    private final KvService data;
    private final ControllerService controller;
    private final PeerWatch watch;
    private final AddressHunt hunt;
    private final Introductions introductions;
    private final LostMajorities lost;
    private final Readiness readiness;
    private final FirstConfiguration firstConfiguration;
    private final Reconciler reconciler;
    private final Registration registration;
    private final ControllerReports reports;
    private final NodeMoves moves;
    private final PassedOnRequests passedOn;
    private final Node self;
    private final AtomicBoolean closed = new AtomicBoolean();

    /**
     * Opens log and engine, and starts the replicas found in the log. Blocks.
     *
     * @param edge the lane where frames to clients leave
     * @throws IOException if the files can't be used
     */
    FleetMember(
            NodeConfig config,
            NodePorts ports,
            Identity identity,
            Lane lane,
            Lane edge,
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
        self = Node.newBuilder()
                .setId(config.id().value())
                .setAddress(config.address())
                .setHttpAddress(config.httpAddress())
                .setFeatureLevel(config.featureLevel())
                .build();
        hub = new ConfigurationHub(configurationFile, identity.fleetId(), lane, new ConfigurationHub.Followers() {
            @Override
            public void changed(Configuration newest) {
                follow(newest);
            }

            @Override
            public void recordsLearnt() {
                reconcile();
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
        NodeRecords records;
        try {
            records = NodeRecords.open(ports.disk(), log, ports.runtime().randomSeed());
            rows = new NodeData(ports, this::appliedHere);
        } catch (IOException | RuntimeException e) {
            log.close();
            throw e;
        }
        KvMachines machines = rows.machines();
        lost = new LostMajorities(config.id(), this::replica);
        log.recovered().forEach(group -> begun(group.descriptor().groupId()));
        host = new RaftHost(
                config.host(),
                ports.runtime(),
                log,
                records,
                ports.transport(),
                ports.parts().machines(new NodeMachines(ports.disk(), machines, this::configured)),
                ports.disk(),
                new HostEvents(config.id(), ports, lane, listener, this::moves, lost));
        controller = new ControllerService(
                host, addresses::addressOf, ports.runtime().clock());
        NodeKnowledge knowledge = new NodeKnowledge(addresses::addressOf, hub::newest, host::status);
        passedOn = new PassedOnRequests(
                config.id(),
                identity.fleetId(),
                ports.connector(),
                new LaneClientRuntime(ports.runtime(), "passing-on"),
                knowledge::leaderOf,
                addresses::addressOf);
        data = new KvService(host, machines, ports.runtime().clock(), knowledge, edge);
        ControllerCalls controllerCalls =
                new ControllerCalls(config.id(), lane, calls, addresses, host, controller, hub::newest);
        watch = new PeerWatch(
                lane,
                calls,
                addresses,
                this::others,
                hub::number,
                WatchRequest.newBuilder()
                        .setFrom(self)
                        .setFleetId(identity.fleetId())
                        .build(),
                configuration -> hub.offer(configuration, List.of()),
                hub::offer,
                ports.runtime().randomSeed());
        hunt = new AddressHunt(config.id(), identity.fleetId(), config.seeds(), lane, calls, addresses);
        introductions = new Introductions(
                config.id(),
                identity.fleetId(),
                hunt,
                this::others,
                hub::newest,
                host,
                controller,
                new LogPace(ports.runtime().clock()::nanos));
        readiness = new Readiness(config.id(), host, ports.runtime().clock(), lane, lost);
        firstConfiguration = new FirstConfiguration(config.id(), identity, host);
        registration = new Registration(
                self,
                identity.fleetId(),
                controllerCalls,
                ports.runtime()::randomSeed,
                () -> !closed.get(),
                reason -> listener.failed(NodeFailure.refused(reason)));
        reports = new ControllerReports(
                lane,
                controllerCalls,
                new LedGroups(
                        () -> rows.report(identity.fleetId(), config.id()),
                        host,
                        machines,
                        ports.runtime().clock()),
                () -> !closed.get(),
                hub::number,
                hub::answered,
                new ControllerWishes(config.id(), host, machines, this::moves));
        MoveOutbox outbox = new MoveOutbox(
                identity.fleetId(),
                lane,
                controllerCalls,
                () -> !closed.get(),
                reason -> LOG.warn("{}: {}", config.id(), reason));
        moves = new NodeMoves(
                config.id(),
                host,
                machines,
                ports.runtime().clock(),
                lane,
                calls,
                addresses,
                hub::newest,
                knowledge::featureLevel,
                outbox::tell,
                data.outrun(),
                ports.moveParts());
        moves.bind();
        RecordCalls recordCalls = new RecordCalls(
                config.id(),
                lane,
                calls,
                addresses,
                hub::newest,
                hub.records(),
                group -> !closed.get() && host.status(group) == null,
                this::reconcile);
        reconciler = new Reconciler(
                config.id(),
                lane,
                hub::newest,
                HostReplicaManager.controller(identity),
                hub.records(),
                HostReplicaManager.created(log.recovered()),
                new HostReplicaManager(host, this::begun),
                recordCalls::fetch);
    }

    void start() throws IOException {
        hub.load();
        if (!mayTakePart(hub.newest())) {
            return;
        }
        host.start();
        rows.start();
        if (hub.newest() == null) {
            reconcile();
        } else {
            follow(hub.newest());
        }
        watch.start();
        moves.start();
        hunt.start();
        tick();
    }

    /** On the node's lane. */
    Introductions introductions() {
        return introductions;
    }

    /** On the node's lane. */
    Watchers watchers() {
        return hub.watchers();
    }

    /** The newest configuration, or null. Any thread. */
    Configuration newest() {
        return hub.newest();
    }

    /** 0 if none is known. Any thread. */
    long configurationNumber() {
        return hub.number();
    }

    /** What the group was created with, or null if that is not known here. Any thread. */
    CreationRecord creationRecord(long group) {
        return hub.records().find(group);
    }

    /** Any thread. */
    KvService data() {
        return data;
    }

    /** Any thread. */
    PassedOnRequests passedOn() {
        return passedOn;
    }

    /** Any thread. */
    ControllerService controller() {
        return controller;
    }

    NodeMoves moves() {
        return moves;
    }

    /** Any thread. */
    Checksums checksums() {
        return rows.checksums();
    }

    /** Any thread. */
    List<GroupStatus> replicas() {
        return host.status();
    }

    /** Any thread. */
    HostStats stats() {
        return host.stats();
    }

    /** Any thread. */
    void held(Held held) {
        host.held(held);
        data.held(held);
    }

    private GroupStatus replica(long group) {
        return host.status(group);
    }

    private long appliedHere(long group) {
        GroupStatus replica = group == ControllerService.GROUP ? null : replica(group);
        return replica == null ? -1 : replica.applied();
    }

    /** Any thread, but for what says otherwise. */
    Readiness readiness() {
        return readiness;
    }

    private void begun(long group) {
        lost.leaderIs(group, null, ports.runtime().clock().nanos());
    }

    /** On the controller machine's lane. */
    private void configured(Configuration configuration, List<CreationRecord> created) {
        lane.execute(() -> {
            if (!closed.get()) {
                hub.offer(configuration, created);
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

    /** What a new configuration asks of this node. */
    private void follow(Configuration newest) {
        if (!mayTakePart(newest)) {
            return;
        }
        LOG.info("{}: configuration {}", config.id(), newest.getNumber());
        hunt.lookAgain(addresses.configured(newest));
        reconcile();
        registration.follow(newest);
        reports.start();
        moves.configured(newest);
    }

    private void reconcile() {
        if (!closed.get()) {
            reconciler.reconcile();
        }
    }

    /** A fleet may use what this program does not know: then it must not touch the log. */
    private boolean mayTakePart(Configuration newest) {
        String objection = newest == null ? null : FeatureLevels.objection(self, newest);
        if (objection != null) {
            listener.failed(NodeFailure.refused(objection));
        }
        return objection == null;
    }

    private void tick() {
        if (closed.get()) {
            return;
        }
        if (hub.newest() == null) {
            firstConfiguration.propose();
        }
        if (readiness.look(hub.newest())) {
            hunt.stop();
            listener.ready();
        }
        lane.after(readiness.isCaughtUp() ? LOOK_NANOS : TICK_NANOS, this::tick);
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
                hunt.close();
                moves.stop();
            });
            passedOn.stop();
            host.close();
        }
        CompletableFuture<Void> copies = new CompletableFuture<>();
        return host.closed()
                .handle((done, failed) -> {
                    moves.stopCopies(() -> copies.complete(null));
                    return copies.thenCompose(none -> rows.close())
                            .thenCompose(none -> failed == null
                                    ? CompletableFuture.<Void>completedFuture(null)
                                    : CompletableFuture.<Void>failedFuture(failed));
                })
                .thenCompose(all -> all);
    }
}
