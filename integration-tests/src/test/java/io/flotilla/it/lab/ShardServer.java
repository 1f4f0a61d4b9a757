package io.flotilla.it.lab;

import io.flotilla.client.proto.NodeStatus;
import io.flotilla.client.proto.ReplicaStatus;
import io.flotilla.kv.engine.memory.MemoryEngine;
import io.flotilla.kv.move.copy.CopyLimits;
import io.flotilla.kv.move.copy.DiskSpace;
import io.flotilla.ops.node.FleetNode;
import io.flotilla.ops.node.NodeConfig;
import io.flotilla.ops.node.NodeFailure;
import io.flotilla.ops.node.NodeListener;
import io.flotilla.ops.node.NodeParts;
import io.flotilla.ops.node.NodePorts;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.RoleName;
import io.flotilla.raft.host.HostConfig;
import io.flotilla.raft.lab.LabFailure;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.segment.LogConfig;
import io.flotilla.raft.machine.StateMachineFactory;
import io.flotilla.raft.sim.SimDisk;
import io.flotilla.raft.sim.SimRuntime;
import io.flotilla.raft.sim.SimTransport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.SplittableRandom;

/** A production node of a fleet on simulated ports, with the disk and the engine that outlive its crashes. */
final class ShardServer {
    private static final int SEGMENT_BYTES = 64 << 10;
    private static final long LOG_BYTES = 64L << 20;
    private static final long DISK_BYTES = 1L << 40;
    /** An engine flushes by itself after so many batches at most. */
    private static final int MOST_UNFLUSHED = 400;

    private static final int MOST_MILLIS_OFF = 500;
    private static final int MOST_DRIFT_PPM = 200;

    final NodeId id;
    private final ShardFleet fleet;
    private final SplittableRandom random;
    private SimDisk disk;
    private MemoryEngine engine;
    private KvLog log;
    private SimRuntime runtime;
    private FleetNode node;

    ShardServer(ShardFleet fleet, NodeId id, SplittableRandom random) {
        this.fleet = fleet;
        this.id = id;
        this.random = random;
        this.disk = new SimDisk(id.value(), fleet.scheduler(), random.nextLong());
        this.engine = new MemoryEngine(1 + random.nextInt(MOST_UNFLUSHED));
    }

    String address() {
        return ShardFleet.address(id);
    }

    boolean isUp() {
        return node != null;
    }

    void start() {
        SimRuntime incarnation = new SimRuntime(
                fleet.scheduler(),
                id.value(),
                random.split(),
                random.nextInt(2 * MOST_MILLIS_OFF) - MOST_MILLIS_OFF,
                random.nextInt(2 * MOST_DRIFT_PPM) - MOST_DRIFT_PPM);
        runtime = incarnation;
        HostConfig host = fleet.timing().config(id);
        NodeConfig config = new NodeConfig(id, address(), "", fleet.seeds(), 1, fleet.shards(), host);
        MemoryEngine opened = engine;
        node = new FleetNode(
                config,
                new NodePorts(
                        incarnation,
                        disk,
                        new Space(),
                        new SimTransport(fleet.network(), incarnation, id, address()),
                        fleet.streams().connector(incarnation),
                        () -> opened,
                        new Parts(incarnation)),
                new Listener(incarnation));
        fleet.streams().listen(address(), incarnation, node);
        node.start();
    }

    /** The process ends; half of the time with the power, so that what was not synced is lost. */
    void crash() {
        SimRuntime dead = runtime;
        dead.kill();
        runtime = null;
        node = null;
        fleet.streams().died(dead);
        disk = random.nextBoolean()
                ? disk.crash(fleet.scheduler().now(), random.split())
                : disk.kill(fleet.scheduler().now());
        engine = engine.crash(random.split());
    }

    /** The process stands still for a while, its clocks do not. */
    void pause(long millis) {
        runtime.pause(millis * 1_000_000);
    }

    /** What the node says of itself; nothing while it is down. */
    NodeStatus status() {
        return node == null ? NodeStatus.getDefaultInstance() : node.status();
    }

    boolean isReady() {
        return status().getReady();
    }

    /** The term that it leads the group in; -1 if it does not. */
    long leads(long group) {
        for (ReplicaStatus replica : status().getReplicasList()) {
            if (replica.getGroup() == group && replica.getRole().equals(RoleName.LEADER.name())) {
                return replica.getTerm();
            }
        }
        return -1;
    }

    boolean hasReplica(long group) {
        return status().getReplicasList().stream().anyMatch(replica -> replica.getGroup() == group);
    }

    /** The most bytes of Raft's own state that any of its groups of data has. */
    long largestState() {
        return log.groups().stream().mapToLong(log::stateBytes).max().orElse(0);
    }

    /** What its groups of data have in their logs and in the engine. */
    long storedBytes() {
        return log.groups().stream().mapToLong(log::stateBytes).sum() + engineBytes();
    }

    /** What the engine has: rows, sessions, and what is set aside or not yet deleted. */
    long engineBytes() {
        return engine.approximateBytes(new byte[0], null);
    }

    List<String> moves() {
        return status().getMovesList().stream()
                .map(move -> String.format(
                        "%s: shard %d from %d to %d (move %d) %s, waits for %s",
                        id,
                        move.getShard(),
                        move.getFrom(),
                        move.getTo(),
                        move.getMoveId(),
                        move.getPhase(),
                        move.getWaitsFor()))
                .toList();
    }

    private record Space() implements DiskSpace {
        @Override
        public long freeBytes() {
            return DISK_BYTES / 2;
        }

        @Override
        public long totalBytes() {
            return DISK_BYTES;
        }
    }

    private final class Parts implements NodeParts {
        private final SimRuntime incarnation;

        Parts(SimRuntime incarnation) {
            this.incarnation = incarnation;
        }

        @Override
        public LogConfig logConfig(long newStoreId) {
            return new LogConfig(SEGMENT_BYTES, LOG_BYTES, newStoreId, 4);
        }

        @Override
        public CopyLimits copyLimits() {
            return fleet.copies();
        }

        @Override
        public LogStore log(LogStore opened) {
            try {
                log = new KvLog(opened, fleet.maxStateBytes());
            } catch (IOException e) {
                throw new UncheckedIOException(id + " can't read its log", e);
            }
            return fleet.invariants().watch(id, incarnation, log);
        }

        @Override
        public StateMachineFactory machines(StateMachineFactory made) {
            return fleet.invariants().watch(id, made);
        }
    }

    private final class Listener implements NodeListener {
        private final SimRuntime incarnation;

        Listener(SimRuntime incarnation) {
            this.incarnation = incarnation;
        }

        @Override
        public void ready() {}

        @Override
        public void failed(NodeFailure failure) {
            if (runtime == incarnation) {
                fleet.scheduler().fail(new LabFailure("%s gave up: %s", id, failure.message()));
            }
        }
    }
}
