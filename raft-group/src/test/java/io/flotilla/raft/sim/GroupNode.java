package io.flotilla.raft.sim;

import io.flotilla.raft.core.CoreConfig;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.RoleName;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.host.HostConfig;
import io.flotilla.raft.host.HostLimits;
import io.flotilla.raft.host.HostListener;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.segment.LogConfig;
import io.flotilla.raft.log.segment.SegmentedLogStore;
import io.flotilla.raft.machine.EntryGuard;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.machine.StateMachineFactory;
import io.flotilla.raft.node.NodeRecords;
import io.flotilla.raft.sim.invariant.RaftInvariants;
import io.flotilla.raft.sim.invariant.Violation;
import io.flotilla.raft.transfer.TransferConfig;
import io.flotilla.raft.transport.NodeStart;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Consumer;

/** One node of {@link GroupSimulation}: a disk and what machines keep on it, and, while it is up, a production host. */
final class GroupNode {
    /**
     * What all nodes of a run are made of.
     *
     * @param random the run's, from which each node draws in its turn
     * @param holds null if no entries are guarded
     */
    record World(
            SimScheduler scheduler,
            SimNetwork network,
            RaftInvariants invariants,
            SplittableRandom random,
            CoreConfig core,
            TransferConfig snapshots,
            int segmentBytes,
            int maxDriftPpm,
            List<NodeId> all,
            List<GroupDescriptor> founded,
            HoldBook holds,
            Coverage coverage) {}

    final NodeId id;
    private final World world;
    private final Consumer<GroupNode> onStop;
    private final Map<Long, ChainStore> chains = new TreeMap<>();
    private SimDisk disk;
    private SimRuntime runtime;
    private RaftHost host;
    private final boolean hasNonBlockingMachines;
    private long leasedReads;

    /** @param onStop told when the node has given up, for its disk is broken */
    GroupNode(NodeId id, World world, Consumer<GroupNode> onStop) {
        this.id = id;
        this.world = world;
        this.onStop = onStop;
        this.hasNonBlockingMachines = world.random.nextInt(4) > 0;
        this.disk = new SimDisk(id.value(), world.scheduler, world.random.nextLong());
    }

    boolean isUp() {
        return runtime != null;
    }

    /** Null while the node is down or just starting. */
    RaftHost host() {
        return host;
    }

    SimDisk disk() {
        return disk;
    }

    /** Reads that asked nobody, in all lives that are over, and in this one up to {@link #countReads}. */
    long leasedReads() {
        return leasedReads;
    }

    void start() {
        runtime = new SimRuntime(
                        world.scheduler,
                        id.value(),
                        world.random.split(),
                        world.random.nextInt(60_000),
                        world.random.nextInt(2 * world.maxDriftPpm) - world.maxDriftPpm)
                .counting(world.coverage);
        SimRuntime incarnation = runtime;
        incarnation.lane("main").execute(() -> open(incarnation));
    }

    private void open(SimRuntime incarnation) {
        LogStore log;
        NodeRecords records;
        try {
            LogConfig config = new LogConfig(world.segmentBytes, world.random.nextLong(), 4);
            log = world.invariants.watch(id, incarnation, SegmentedLogStore.open(disk, "log", config));
            records = NodeRecords.open(disk, log, incarnation.randomSeed());
        } catch (IOException e) {
            stopped(incarnation, new Violation("Recovery", "%s can't open its files: %s", id, e.getMessage()));
            return;
        }
        SimTransport transport = new SimTransport(world.network, incarnation, id, id + ":1");
        for (NodeId other : world.all) {
            transport.setAddress(other, other + ":1");
        }
        HostConfig config = new HostConfig(
                id,
                world.core,
                1 + world.random.nextInt(2),
                1,
                50_000_000L,
                HostLimits.of(256L << 20).withCounts(1000, 1000, 10_000).withGatherBytes(500),
                world.snapshots);
        RaftHost opened = new RaftHost(
                config,
                incarnation,
                log,
                records,
                transport,
                world.invariants.watch(id, machines(incarnation)),
                disk,
                new Listener(incarnation));
        opened.start();
        for (GroupDescriptor group : world.founded) {
            if (group.membership().contains(id)) {
                opened.createGroup(group);
            }
        }
        // opening took its time: nobody meets the host before
        world.scheduler.whenReached(() -> {
            if (runtime == incarnation) {
                host = opened;
            }
        });
    }

    private StateMachineFactory machines(SimRuntime incarnation) {
        return new StateMachineFactory() {
            @Override
            public StateMachine open(GroupDescriptor group) {
                EntryGuard guard = world.holds == null ? EntryGuard.NONE : world.holds.guard(id);
                ChainStore store = chains.computeIfAbsent(group.groupId(), g -> ChainStore.empty());
                return new ChainMachine(
                        world.scheduler, incarnation, world.random.split(), store, hasNonBlockingMachines, guard);
            }

            @Override
            public void drop(long groupId) {
                chains.remove(groupId);
            }

            @Override
            public boolean isApart(long groupId) {
                return groupId % 3 == 0;
            }
        };
    }

    /** The node can't go on. Only a disk that was broken is a reason. */
    private void stopped(SimRuntime incarnation, Throwable cause) {
        world.scheduler.at(world.scheduler.now(), () -> {
            if (runtime != incarnation) {
                return;
            }
            if (disk.faultsShown() == 0) {
                world.scheduler.fail(cause);
                return;
            }
            crash(false);
            onStop.accept(this);
        });
    }

    void countReads() {
        leasedReads += host == null ? 0 : host.stats().leasedReads();
    }

    void pause(long nanos) {
        if (runtime != null) {
            runtime.pause(nanos);
        }
    }

    void holdLane(long nanos) {
        if (runtime != null) {
            runtime.holdLane(nanos);
        }
    }

    void setWallClock(long offByMillis) {
        if (runtime != null) {
            runtime.setWallClock(offByMillis);
        }
    }

    void crash(boolean powerCut) {
        countReads();
        runtime.kill();
        runtime = null;
        host = null;
        long now = world.scheduler.now();
        disk = powerCut ? disk.crash(now, world.random.split()) : disk.kill(now);
        chains.replaceAll((group, chain) -> chain.crash(now, world.random));
    }

    /** What it remembers of another node, that one has said. */
    void checkPeers() {
        if (host == null) {
            return;
        }
        host.peers().forEach((peer, status) -> {
            long told = world.network.greetings().durable(peer);
            if (status.known().durableBatch() > told) {
                throw new Violation("DurableBatches", "%s knows %s of %s, which told %s", id, status, peer, told);
            }
        });
    }

    private final class Listener implements HostListener {
        private final SimRuntime incarnation;
        private final TreeMap<NodeId, NodeStart> up = new TreeMap<>();
        private final TreeMap<Long, Long> terms = new TreeMap<>();

        Listener(SimRuntime incarnation) {
            this.incarnation = incarnation;
        }

        @Override
        public void groupFailed(long groupId, Throwable cause) {
            world.scheduler.fail(new AssertionError(id + ": group " + groupId + " failed: " + cause, cause));
        }

        @Override
        public void peerUp(NodeId peer, NodeStart start) {
            world.coverage.count("peers up");
            if (up.put(peer, start) != null) {
                world.scheduler.fail(new Violation("PeersUp", "%s hears twice that %s is up", id, peer));
            }
        }

        @Override
        public void peerDown(NodeId peer, NodeStart start) {
            world.coverage.count("peers down");
            if (!start.equals(up.remove(peer))) {
                world.scheduler.fail(new Violation("PeersUp", "%s hears that %s, %s is down", id, peer, start));
            }
        }

        @Override
        public void roleChanged(long groupId, RoleName role, long term, NodeId leader) {
            Long before = terms.put(groupId, term);
            if (before != null && before > term || role == RoleName.LEADER && !id.equals(leader)) {
                world.scheduler.fail(new Violation(
                        "Roles",
                        "%s tells of group %s: %s in %s after %s of %s",
                        id,
                        groupId,
                        role,
                        term,
                        before,
                        leader));
            }
            if (role == RoleName.LEADER) {
                world.coverage.count("leaders told");
            }
        }

        @Override
        public boolean heldBack(long groupId, Entry entry, NodeId from) {
            return world.holds.heldBack(id, entry);
        }

        @Override
        public void nodeFailed(Throwable cause) {
            stopped(incarnation, new AssertionError(id + " failed: " + cause, cause));
        }
    }
}
