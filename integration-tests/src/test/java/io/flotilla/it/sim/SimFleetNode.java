package io.flotilla.it.sim;

import io.flotilla.client.net.Connector;
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
import io.flotilla.raft.host.HostConfig;
import io.flotilla.raft.host.HostLimits;
import io.flotilla.raft.log.LogDamageException;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.segment.LogConfig;
import io.flotilla.raft.log.segment.SegmentedLogStore;
import io.flotilla.raft.machine.StateMachineFactory;
import io.flotilla.raft.sim.Coverage;
import io.flotilla.raft.sim.SimDisk;
import io.flotilla.raft.sim.SimNetwork;
import io.flotilla.raft.sim.SimRuntime;
import io.flotilla.raft.sim.SimScheduler;
import io.flotilla.raft.sim.SimTransport;
import io.flotilla.raft.sim.invariant.Monotonicity;
import io.flotilla.raft.sim.invariant.RaftInvariants;
import io.flotilla.raft.sim.invariant.Violation;
import io.flotilla.raft.transport.NodeStart;
import io.flotilla.raft.transport.PeerRecord;
import java.io.IOException;
import java.util.List;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;

/** A production node on simulated ports, with the disk and the engine that outlive its crashes. */
final class SimFleetNode {
    private static final long TICK_NANOS = 50_000_000L;
    private static final long SECOND = 1_000_000_000L;
    /** A node that was told to close is down by then, whatever its disk does meanwhile. */
    private static final long CLOSING_NANOS = 60 * SECOND;
    /** A node whose disk failed a sync has stopped by then, unless it was paused. */
    private static final long STOPPING_NANOS = 15 * SECOND;

    private static final int ROT_TRIES = 30;
    private static final int CRASH_TRIALS = 4;
    private static final String LOG = "log";
    /** What its file system is said to have, unless it is filled. */
    private static final long DISK_BYTES = 1L << 40;

    /** What the node's world is to know and to do. */
    interface Fleet {
        /** Where every node is, or will be when it starts. */
        SortedMap<NodeId, String> addresses();

        /** A node has stopped by itself, because its disk failed. */
        void stopped(NodeId node);
    }

    private final NodeId id;
    private final FleetShape shape;
    private final SimScheduler scheduler;
    private final SimNetwork network;
    private final SimStreams streams;
    private final RaftInvariants invariants;
    private final SplittableRandom random;
    private final Fleet fleet;
    private final Coverage coverage;

    private String address;
    private SimDisk disk;
    private MemoryEngine engine;
    private SimRuntime runtime;
    private FleetNode node;
    private int incarnations;
    private int moves;
    private boolean founded;
    private boolean ready;
    private boolean closing;
    private boolean rotten;
    /** Made while the node ran; null if there is none. */
    private DirectoryCopy copy;
    /** An older copy of its directory is in the place of its own. */
    private boolean isPutBack;

    private boolean isForgotten;

    private int refusals;
    private boolean gone;
    private long syncFailedAt = -1;

    /** Of a page of a scan: few, so that pages end among rows that are gone. */
    private static final int PAGE_STEPS = 6;

    SimFleetNode(
            NodeId id,
            FleetShape shape,
            SimScheduler scheduler,
            SimNetwork network,
            SimStreams streams,
            RaftInvariants invariants,
            SplittableRandom random,
            Fleet fleet,
            Coverage coverage) {
        this.id = id;
        this.shape = shape;
        this.scheduler = scheduler;
        this.network = network;
        this.streams = streams;
        this.invariants = invariants;
        this.random = random;
        this.fleet = fleet;
        this.coverage = coverage;
        this.address = shape.seeds().get(id);
        this.disk = new SimDisk(id.value(), scheduler, random.nextLong());
        this.engine = new MemoryEngine(shape.unflushedBatches()).withMostSteps(PAGE_STEPS);
    }

    boolean isUp() {
        return runtime != null;
    }

    void start() {
        incarnations++;
        ready = false;
        syncFailedAt = -1;
        long offset = random.nextLong(2 * shape.maxClockOffsetMillis()) - shape.maxClockOffsetMillis();
        SimRuntime incarnation =
                new SimRuntime(scheduler, id.value(), random.split(), offset, drift()).counting(coverage);
        runtime = incarnation;
        HostConfig host = new HostConfig(
                id,
                shape.core(),
                shape.workers(),
                shape.workers(),
                TICK_NANOS,
                HostLimits.of(256L << 20).withCounts(10_000, 10_000, 10_000).withGatherBytes(500));
        NodeConfig config = new NodeConfig(id, address, "", fleet.addresses(), shape.groups(), shape.shards(), host);
        Connector connector = streams.connector(incarnation);
        SimTransport transport = new SimTransport(network, incarnation, id, address);
        MemoryEngine opened = engine;
        node = new FleetNode(
                config,
                new NodePorts(incarnation, disk, space(), transport, connector, () -> opened, new Watched(incarnation)),
                new Listener(incarnation));
        streams.listen(address, incarnation, node);
        node.start();
    }

    /** A disk that is being filled has no room for copies; one that fails otherwise does not say so. */
    private DiskSpace space() {
        SimDisk used = disk;
        return new DiskSpace() {
            @Override
            public long freeBytes() {
                return Math.min(DISK_BYTES, used.capacity()) - Math.min(DISK_BYTES, used.usedBytes());
            }

            @Override
            public long totalBytes() {
                return DISK_BYTES;
            }
        };
    }

    private int drift() {
        return random.nextInt(2 * shape.maxDriftPpm()) - shape.maxDriftPpm();
    }

    String address() {
        return address;
    }

    /** Whether it has ever known a configuration. */
    boolean isFounded() {
        return founded;
    }

    boolean isGone() {
        return gone;
    }

    /** Whether it will never serve again, whether or not it knows. */
    boolean isLost() {
        return gone || rotten || isPutBack;
    }

    /** Copies the directory of the node if it runs. */
    void takeCopy() {
        if (runtime != null && ready && !closing && !isLost()) {
            copy = DirectoryCopy.of(disk, engine, scheduler.now());
        }
    }

    /** Null if there is none. */
    DirectoryCopy copy() {
        return copy;
    }

    /** Which start it would be with its copy; null if it could not begin. */
    NodeStart startOfCopy() {
        return copy.start(scheduler.now(), logConfig(1));
    }

    /** What is taken of its bounds, in words, but for the streams that other nodes and clients have open; empty if nothing is. */
    String held() {
        if (node == null) {
            return "";
        }
        TreeMap<String, Long> held = new TreeMap<>(node.held());
        long streams = held.getOrDefault("client streams", 0L);
        held.remove("client streams");
        long open = this.streams.openAt(runtime);
        if (streams != open) {
            held.put("client streams counted, of " + open, streams);
        }
        return held.isEmpty() ? "" : id + " holds " + held;
    }

    /** Whether it would refuse a start of another node, also if it loses what it has not made durable. */
    boolean refuses(NodeId other, NodeStart start) {
        for (int i = 0; i < CRASH_TRIALS; i++) {
            SimDisk cut = disk.crash(scheduler.now(), random.split());
            PeerRecord known = DirectoryCopy.known(cut.copy(scheduler.now()), other, logConfig(1));
            if (known == null || !mustRefuse(known, start)) {
                return false;
            }
        }
        return true;
    }

    /** In words of its own: what production makes of it is what is tested. */
    private static boolean mustRefuse(PeerRecord known, NodeStart start) {
        boolean wasThere = start.incarnation() <= known.incarnation() && start.nonce() != known.nonce();
        return wasThere || start.heldBatch() < known.durableBatch();
    }

    /** Crashes, and begins with the copy at its next start. @param forgotten whether its peers forgot what it told */
    void putBack(boolean forgotten) {
        isForgotten = forgotten;
        crash(false);
        disk = copy.disk();
        disk.mend();
        engine = copy.engine();
        isPutBack = true;
    }

    /** Whether it acknowledged to a leader elsewhere what its copy does not hold, as far as that is committed. */
    boolean hasAcknowledgedMoreThanItsCopy() {
        if (copy == null || node == null || isLost()) {
            return false;
        }
        SortedMap<Long, Long> held = copy.ends(scheduler.now(), logConfig(1));
        for (ReplicaStatus replica : node.status().getReplicasList()) {
            boolean isLedElsewhere =
                    !replica.getLeader().isEmpty() && !replica.getLeader().equals(id.value());
            if (isLedElsewhere && held.getOrDefault(replica.getGroup(), Long.MAX_VALUE) < replica.getCommitIndex()) {
                return true;
            }
        }
        return false;
    }

    boolean hasMoved() {
        return moves > 0;
    }

    /** From its next start on. */
    void move() {
        moves++;
        String host = address.substring(0, address.indexOf(':'));
        address = host + ":" + (8_000 + moves);
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
        SimRuntime dead = runtime;
        dead.kill();
        runtime = null;
        node = null;
        closing = false;
        streams.died(dead);
        disk = powerCut ? disk.crash(scheduler.now(), random.split()) : disk.kill(scheduler.now());
        engine = engine.crash(random.split());
    }

    void close(Runnable closed) {
        if (closing) {
            return;
        }
        closing = true;
        SimRuntime incarnation = runtime;
        SimDisk used = disk;
        node.close();
        node.closed()
                .whenComplete((done, failure) -> scheduler.at(scheduler.now(), () -> {
                    if (runtime != incarnation) {
                        return;
                    }
                    if (failure != null && used.faultsShown() == 0) {
                        scheduler.fail(new Violation("NodesLive", "%s can't be closed: %s", id, failure));
                    }
                    crash(false);
                    closed.run();
                }));
        scheduler.after(CLOSING_NANOS, () -> {
            if (runtime == incarnation) {
                scheduler.fail(new Violation(
                        "Liveness", "%s was told to close %d s ago and has not", id, CLOSING_NANOS / SECOND));
            }
        });
    }

    SimDisk disk() {
        return disk;
    }

    /**
     * Cuts the node's power and flips a bit that its log can't miss, if one is found. Only after a power cut: a damaged
     * file whose name was not durable yet may be replaced by its intact predecessor at the next one.
     */
    boolean rot() {
        SimDisk cut = disk.crash(scheduler.now(), random.split());
        List<String> files = cut.list(LOG);
        for (int i = 0; i < ROT_TRIES && !files.isEmpty(); i++) {
            String path = LOG + '/' + files.get(random.nextInt(files.size()));
            int bit = random.nextInt(8);
            double where = random.nextDouble();
            try {
                SimDisk trial = cut.copy(scheduler.now());
                long position = (long) (trial.size(path) * where * where);
                if (trial.size(path) == 0) {
                    continue;
                }
                trial.flipBit(path, position, bit);
                if (isDamaged(trial)) {
                    crash(true);
                    disk = cut;
                    disk.flipBit(path, position, bit);
                    rotten = true;
                    return true;
                }
            } catch (IOException e) {
                throw new AssertionError("the simulated disk failed where it must not", e);
            }
        }
        return false;
    }

    private boolean isDamaged(SimDisk trial) throws IOException {
        trial.mend();
        try {
            SegmentedLogStore.open(trial, LOG, logConfig(1)).close();
            return false;
        } catch (LogDamageException seen) {
            return true;
        }
    }

    private LogConfig logConfig(long newStoreId) {
        return new LogConfig(shape.segmentBytes(), shape.logBytes(), newStoreId, 4);
    }

    void setSyncLatency(long minNanos, long maxNanos) {
        disk.syncLatency(minNanos, maxNanos);
    }

    /** What is wrong with it, though nothing is broken any more; empty if it serves. */
    String whyNotServing() {
        if (gone) {
            return "";
        }
        if (rotten) {
            return id + " was not seen to refuse its rotten log";
        }
        if (isPutBack) {
            return id + " was not seen to be refused with an older copy of its directory";
        }
        if (node == null) {
            return id + " is down";
        }
        NodeStatus status = node.status();
        return status.getReady() ? "" : id + " is not ready: " + status.getReason();
    }

    /** The moves that it knows of, in words. */
    List<String> moves() {
        return node == null
                ? List.of()
                : node.status().getMovesList().stream()
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

    /** For people: what it says of itself. */
    String describe() {
        if (node == null) {
            return id + (gone ? " is gone" : " is down");
        }
        StringBuilder text = new StringBuilder(id + " (" + (closing ? "closing" : ready ? "ready" : "starting") + ")");
        for (ReplicaStatus replica : node.status().getReplicasList()) {
            text.append(String.format(
                    " g%d:%s t%d of %s, committed %d, applied %d, last %d;",
                    replica.getGroup(),
                    replica.getRole(),
                    replica.getTerm(),
                    replica.getLeader().isEmpty() ? "nobody" : replica.getLeader(),
                    replica.getCommitIndex(),
                    replica.getAppliedIndex(),
                    replica.getLastIndex()));
        }
        moves().forEach(move -> text.append("\n    ").append(move));
        return text.toString();
    }

    void look(Monotonicity monotonicity) {
        if (node == null) {
            return;
        }
        checkStops();
        if (closing) {
            return;
        }
        NodeStatus status = node.status();
        founded |= status.getConfigurationNumber() > 0;
        String owner = "incarnation " + incarnations + " of " + id;
        monotonicity.sees(owner, "configuration number", status.getConfigurationNumber());
        for (ReplicaStatus replica : status.getReplicasList()) {
            String group = " of group " + replica.getGroup();
            monotonicity.sees(owner, "term" + group, replica.getTerm());
            monotonicity.sees(owner, "commit index" + group, replica.getCommitIndex());
            monotonicity.sees(owner, "applied index" + group, replica.getAppliedIndex());
        }
    }

    /** After a failed sync nothing may be promised any more: the node must stop. */
    private void checkStops() {
        if (disk.failedForces() == 0 || runtime.isPaused()) {
            syncFailedAt = -1;
        } else if (syncFailedAt < 0) {
            syncFailedAt = scheduler.now();
        } else if (scheduler.now() - syncFailedAt > STOPPING_NANOS) {
            throw new Violation("FailStop", "a sync failed on %s, but it goes on", id);
        }
    }

    /** A replica halts for a disk that fails only if it says so: else it is a defect that a broken disk must not hide. */
    private boolean isOfTheDisk(NodeFailure failure) {
        String message = failure.message();
        return disk.faultsShown() > 0
                && (!message.contains("halted")
                        || message.contains(SimDisk.NO_SPACE)
                        || message.contains(SimDisk.SYNC_FAILED));
    }

    private void stopped(SimRuntime incarnation, NodeFailure failure) {
        if (runtime != incarnation) {
            return;
        }
        if (rotten) {
            coverage.count("rotten logs refused");
            gone = true;
            crash(false);
        } else if (isPutBack && !isOfTheDisk(failure)) {
            refused(failure.message());
        } else if (isOfTheDisk(failure)) {
            crash(false);
            fleet.stopped(id);
        } else {
            scheduler.fail(new Violation("NodesLive", "%s gave up: %s", id, failure.message()));
        }
    }

    /** It must be told why, write that down, and stay refused. */
    private void refused(String message) {
        refusals++;
        boolean isKnown = message.contains("an earlier start was refused");
        String teller = isForgotten ? "were acknowledged to" : "does not take this start";
        if (!message.contains(teller)
                || !message.contains("is an older copy of the one that this node ran with")
                || isKnown != refusals > 1) {
            scheduler.fail(new Violation("OldCopiesAreRefused", "%s ended otherwise: %s", id, message));
        }
        crash(false);
        if (refusals == 1) {
            coverage.count(isForgotten ? "lost entries that were told" : "old copies refused");
            fleet.stopped(id);
        } else {
            gone = true;
        }
    }

    private final class Watched implements NodeParts {
        private final SimRuntime incarnation;

        Watched(SimRuntime incarnation) {
            this.incarnation = incarnation;
        }

        @Override
        public LogConfig logConfig(long newStoreId) {
            return SimFleetNode.this.logConfig(newStoreId);
        }

        @Override
        public CopyLimits copyLimits() {
            return shape.copies();
        }

        @Override
        public LogStore log(LogStore opened) {
            return isPutBack ? opened : invariants.watch(id, incarnation, opened);
        }

        @Override
        public StateMachineFactory machines(StateMachineFactory made) {
            return isPutBack ? made : invariants.watch(id, made);
        }
    }

    private final class Listener implements NodeListener {
        private final SimRuntime incarnation;

        Listener(SimRuntime incarnation) {
            this.incarnation = incarnation;
        }

        @Override
        public void ready() {
            if (runtime == incarnation) {
                ready = true;
                if (isPutBack) {
                    scheduler.fail(new Violation("OldCopiesAreRefused", "%s serves from an older copy", id));
                }
                if (rotten) {
                    scheduler.fail(new Violation("DamageIsRefused", "%s serves from a log that rotted", id));
                }
            }
        }

        @Override
        public void failed(NodeFailure failure) {
            scheduler.at(scheduler.now(), () -> stopped(incarnation, failure));
        }
    }
}
