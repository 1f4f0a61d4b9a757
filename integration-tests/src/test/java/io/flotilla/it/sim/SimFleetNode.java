package io.flotilla.it.sim;

import io.flotilla.client.net.Connector;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.client.proto.ReplicaStatus;
import io.flotilla.kv.engine.memory.MemoryEngine;
import io.flotilla.ops.node.FleetNode;
import io.flotilla.ops.node.NodeConfig;
import io.flotilla.ops.node.NodeFailure;
import io.flotilla.ops.node.NodeListener;
import io.flotilla.ops.node.NodeParts;
import io.flotilla.ops.node.NodePorts;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.host.HostConfig;
import io.flotilla.raft.host.HostLimits;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.segment.LogConfig;
import io.flotilla.raft.machine.StateMachineFactory;
import io.flotilla.raft.sim.SimDisk;
import io.flotilla.raft.sim.SimNetwork;
import io.flotilla.raft.sim.SimRuntime;
import io.flotilla.raft.sim.SimScheduler;
import io.flotilla.raft.sim.SimTransport;
import io.flotilla.raft.sim.invariant.Monotonicity;
import io.flotilla.raft.sim.invariant.RaftInvariants;
import io.flotilla.raft.sim.invariant.Violation;
import java.util.SplittableRandom;

/** A production node on simulated ports, with the disk and the engine that outlive its crashes. */
final class SimFleetNode {
    private static final long TICK_NANOS = 50_000_000L;

    private final NodeId id;
    private final FleetShape shape;
    private final SimScheduler scheduler;
    private final SimNetwork network;
    private final SimStreams streams;
    private final RaftInvariants invariants;
    private final SplittableRandom random;

    private SimDisk disk;
    private MemoryEngine engine;
    private SimRuntime runtime;
    private FleetNode node;
    private int incarnations;

    SimFleetNode(
            NodeId id,
            FleetShape shape,
            SimScheduler scheduler,
            SimNetwork network,
            SimStreams streams,
            RaftInvariants invariants,
            SplittableRandom random) {
        this.id = id;
        this.shape = shape;
        this.scheduler = scheduler;
        this.network = network;
        this.streams = streams;
        this.invariants = invariants;
        this.random = random;
        this.disk = new SimDisk(id.value(), scheduler, random.nextLong());
        this.engine = new MemoryEngine(shape.unflushedBatches());
    }

    boolean isUp() {
        return runtime != null;
    }

    void start() {
        incarnations++;
        long offset = random.nextLong(2 * shape.maxClockOffsetMillis()) - shape.maxClockOffsetMillis();
        SimRuntime incarnation =
                new SimRuntime(scheduler, id.value(), random.split(), offset, random.nextInt(400) - 200);
        runtime = incarnation;
        String address = shape.seeds().get(id);
        HostConfig host = new HostConfig(
                id,
                shape.core(),
                shape.workers(),
                shape.workers(),
                TICK_NANOS,
                HostLimits.of(256L << 20).withCounts(10_000, 10_000, 10_000));
        NodeConfig config = new NodeConfig(id, address, "", shape.seeds(), shape.groups(), shape.shards(), host);
        Connector connector = streams.connector(incarnation);
        SimTransport transport = new SimTransport(network, incarnation, id, address);
        MemoryEngine opened = engine;
        node = new FleetNode(
                config,
                new NodePorts(incarnation, disk, transport, connector, () -> opened, new Watched(incarnation)),
                new Listener());
        streams.listen(address, incarnation, node);
        node.start();
    }

    void pause(long nanos) {
        if (runtime != null) {
            runtime.pause(nanos);
        }
    }

    void crash(boolean powerCut) {
        SimRuntime dead = runtime;
        dead.kill();
        runtime = null;
        node = null;
        streams.died(dead);
        disk = powerCut ? disk.crash(scheduler.now(), random.split()) : disk.kill(scheduler.now());
        engine = engine.crash(random.split());
    }

    void setSyncLatency(long minNanos, long maxNanos) {
        disk.syncLatency(minNanos, maxNanos);
    }

    void look(Monotonicity monotonicity) {
        if (node == null) {
            return;
        }
        NodeStatus status = node.status();
        String owner = "incarnation " + incarnations + " of " + id;
        monotonicity.sees(owner, "configuration number", status.getConfigurationNumber());
        for (ReplicaStatus replica : status.getReplicasList()) {
            String group = " of group " + replica.getGroup();
            monotonicity.sees(owner, "term" + group, replica.getTerm());
            monotonicity.sees(owner, "commit index" + group, replica.getCommitIndex());
            monotonicity.sees(owner, "applied index" + group, replica.getAppliedIndex());
        }
    }

    private final class Watched implements NodeParts {
        private final SimRuntime incarnation;

        Watched(SimRuntime incarnation) {
            this.incarnation = incarnation;
        }

        @Override
        public LogConfig logConfig(long newStoreId) {
            return new LogConfig(shape.segmentBytes(), newStoreId, 4);
        }

        @Override
        public LogStore log(LogStore opened) {
            return invariants.watch(id, incarnation, opened);
        }

        @Override
        public StateMachineFactory machines(StateMachineFactory made) {
            return invariants.watch(id, made);
        }
    }

    private final class Listener implements NodeListener {
        @Override
        public void ready() {}

        @Override
        public void failed(NodeFailure failure) {
            scheduler.fail(new Violation("NodesLive", "%s gave up: %s", id, failure.message()));
        }
    }
}
