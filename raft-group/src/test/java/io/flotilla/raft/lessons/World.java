package io.flotilla.raft.lessons;

import io.flotilla.raft.core.CoreConfig;
import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.RoleName;
import io.flotilla.raft.core.SoftState;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.host.DiskPace;
import io.flotilla.raft.host.GroupStatus;
import io.flotilla.raft.host.HostConfig;
import io.flotilla.raft.host.HostLimits;
import io.flotilla.raft.host.HostListener;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.RecoveredGroup;
import io.flotilla.raft.log.Tombstone;
import io.flotilla.raft.log.segment.LogConfig;
import io.flotilla.raft.log.segment.SegmentedLogStore;
import io.flotilla.raft.node.NodeRecords;
import io.flotilla.raft.runtime.Clock;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.runtime.NodeRuntime;
import io.flotilla.raft.sim.SimDisk;
import io.flotilla.raft.sim.SimNetwork;
import io.flotilla.raft.sim.SimRuntime;
import io.flotilla.raft.sim.SimScheduler;
import io.flotilla.raft.sim.SimTransport;
import io.flotilla.raft.sim.invariant.RaftInvariants;
import io.flotilla.raft.transfer.TransferConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * A few production hosts with some groups in virtual time. Nothing is broken here unless the test breaks it; every
 * safety property is checked at every event.
 */
final class World {
    static final long MILLI = 1_000_000;
    static final long SECOND = 1_000 * MILLI;

    /** Small parts, so that snapshots have many. */
    static final TransferConfig TRANSFERS =
            new TransferConfig(2, 2, 200, 4, 64L << 20, 500 * MILLI, SECOND, 15 * SECOND);

    /** For nodes that start from here on. */
    TransferConfig transfers = TRANSFERS;

    /** Heartbeat 250 ms, election timeout 1 to 2 s. */
    static final long ELECTION_NANOS = SECOND;

    final SimScheduler scheduler;
    final SimNetwork network;
    final RaftInvariants invariants;
    final List<Node> nodes = new ArrayList<>();
    private final SplittableRandom random;
    private final CoreConfig core;
    private final int groups;
    private final List<NodeId> ids = new ArrayList<>();

    World(long seed, int size, int groups, CoreConfig core) {
        this.core = core;
        this.groups = groups;
        scheduler = new SimScheduler(seed);
        network = new SimNetwork(scheduler);
        random = scheduler.randomStream();
        invariants = new RaftInvariants(
                scheduler,
                result -> result == null ? 0 : (Long) result,
                machine -> machine.as(RecordingMachine.class).hash());
        network.observe(invariants);
        for (int i = 1; i <= size; i++) {
            ids.add(new NodeId("n" + i));
        }
        for (NodeId id : ids) {
            nodes.add(new Node(id));
        }
    }

    World(long seed, int size) {
        this(seed, size, 1, CoreConfig.defaults());
    }

    World startAll() {
        nodes.forEach(Node::start);
        return this;
    }

    SplittableRandom random() {
        return random;
    }

    Node node(NodeId id) {
        return nodes.get(ids.indexOf(id));
    }

    void run(long nanos) {
        scheduler.runUntil(scheduler.now() + nanos);
    }

    /** Goes on until it is so. @return the nanoseconds it took */
    long until(long limitNanos, String what, BooleanSupplier so) {
        long begin = scheduler.now();
        while (!so.getAsBoolean()) {
            if (scheduler.now() - begin > limitNanos) {
                throw new AssertionError(what + ": not within " + limitNanos / MILLI + " ms");
            }
            scheduler.step();
        }
        return scheduler.now() - begin;
    }

    /** Waits for a leader among the nodes that run, in the highest term. */
    Node leader() {
        until(30 * ELECTION_NANOS, "a leader", () -> leaderNow() != null);
        return leaderNow();
    }

    /** The one that leads group 0 in the highest term, if all who run and can hear it say so. */
    Node leaderNow() {
        Node found = null;
        long term = 0;
        for (Node node : nodes) {
            term = Math.max(term, node.state(0).term());
        }
        for (Node node : nodes) {
            if (node.leads(0) && node.state(0).term() == term) {
                found = node;
            }
        }
        return found;
    }

    /** Cuts both directions between a node and all others. */
    void isolate(Node node) {
        for (NodeId other : ids) {
            if (!other.equals(node.id)) {
                network.cut(node.id.value(), other.value());
                network.cut(other.value(), node.id.value());
            }
        }
    }

    /** What became of a proposal. */
    static final class Outcome implements ProposalCallback {
        long index;
        Refusal refusal;
        int answers;

        @Override
        public void applied(long appliedIndex, Object result) {
            index = appliedIndex;
            answers++;
        }

        @Override
        public void refused(Refusal why) {
            refusal = why;
            answers++;
        }
    }

    /** Proposes at whoever leads until it is applied. @return the node that answered */
    Node write(String command) {
        for (int tries = 0; tries < 50; tries++) {
            Node leader = leader();
            Outcome outcome = leader.propose(command);
            long begin = scheduler.now();
            while (outcome.answers == 0 && scheduler.now() - begin < 5 * SECOND && leader.host != null) {
                scheduler.step();
            }
            if (outcome.answers == 1 && outcome.refusal == null) {
                return leader;
            }
            run(50 * MILLI);
        }
        throw new AssertionError(command + " is not applied");
    }

    /** Waits until the last command of every node that runs is this one, and all hold the same. */
    void untilAllHold(String last) {
        until(
                60 * SECOND,
                "every node holds " + last,
                () -> nodes.stream()
                        .allMatch(node -> node.host == null
                                || (!node.commands().isEmpty()
                                        && node.commands()
                                                .get(node.commands().size() - 1)
                                                .equals(last))));
        List<String> first = null;
        for (Node node : nodes) {
            if (node.host != null) {
                first = first == null ? node.commands() : first;
                if (!first.equals(node.commands())) {
                    throw new AssertionError(node.id + " holds " + node.commands() + ", another one " + first);
                }
            }
        }
    }

    /** A log that lets go of whatever the machine has saved. */
    private static final class TrimmedLog implements LogStore {
        private final LogStore log;
        private final Node node;
        private final TreeMap<Long, Long> bases = new TreeMap<>();

        TrimmedLog(LogStore log, Node node) {
            this.log = log;
            this.node = node;
            log.recovered()
                    .forEach(group ->
                            bases.put(group.descriptor().groupId(), group.base().index()));
        }

        @Override
        public List<RecoveredGroup> recovered() {
            return log.recovered();
        }

        @Override
        public List<Tombstone> tombstones() {
            return log.tombstones();
        }

        @Override
        public void write(List<GroupWrite> writes) throws IOException {
            for (GroupWrite write : writes) {
                if (write.base() != null) {
                    bases.put(write.groupId(), write.base().index());
                }
            }
            log.write(writes);
        }

        @Override
        public long lastBatch() {
            return log.lastBatch();
        }

        @Override
        public List<Pin> pins() {
            List<Pin> pins = new ArrayList<>();
            node.snapshots.forEach((group, snapshot) -> {
                if (node.saveEvery > 0 && snapshot.applied() > bases.getOrDefault(group, 0L)) {
                    pins.add(new Pin(group, snapshot.applied()));
                }
            });
            return pins.isEmpty() ? log.pins() : pins;
        }

        @Override
        public List<Entry> read(long groupId, long from, long to, int maxBytes) throws IOException {
            return log.read(groupId, from, to, maxBytes);
        }

        @Override
        public Upkeep upkeep() {
            return log.upkeep();
        }

        @Override
        public void close() throws IOException {
            log.close();
        }
    }

    private interface DiskWork<T> {
        T run() throws IOException;
    }

    final class Node implements HostListener {
        final NodeId id;
        final TreeMap<Long, RecordingMachine.Snapshot> snapshots = new TreeMap<>();
        final TreeMap<Long, RecordingMachine> machines = new TreeMap<>();
        SimDisk disk;
        SimRuntime runtime;
        RaftHost host;
        /** What one call to apply costs. */
        long applyNanos;
        /** What opening a machine costs. */
        long openNanos;

        /** After how many entries the machine saves itself; 0 for never. Then the log lets go of what is saved. */
        int saveEvery;

        int installs;
        /** Runs when a snapshot was installed, before anybody else knows. */
        Runnable onInstall = () -> {};

        int opens;
        int lanes;
        /** Each time the disk became slow, or was so no more. */
        final List<Boolean> slowDisk = new ArrayList<>();

        Node(NodeId id) {
            this.id = id;
            this.disk = new SimDisk(id.value(), scheduler, random.nextLong());
        }

        World world() {
            return World.this;
        }

        SoftState state(long group) {
            GroupStatus status = host == null ? null : host.status(group);
            return status == null ? new SoftState(0, RoleName.FOLLOWER, null, 0, 0) : status.state();
        }

        boolean leads(long group) {
            return state(group).role() == RoleName.LEADER;
        }

        List<String> commands() {
            RecordingMachine machine = machines.get(0L);
            return machine == null ? List.of() : machine.commands();
        }

        /** Writes a log before the first start, as if it had been written long ago. */
        void preload(HardState state, List<Entry> entries) {
            SimRuntime before = new SimRuntime(scheduler, id.value(), random.split(), 0, 0);
            Lane lane = before.lane("before");
            LogStore[] log = new LogStore[1];
            lane.execute(() -> log[0] = unchecked(() -> invariants.watch(id, before, openLog())));
            lane.execute(() -> unchecked(() -> {
                NodeRecords.open(disk, log[0], 0);
                log[0].write(List.of(new GroupWrite(0, descriptor(0), state, null, entries)));
                return null;
            }));
            run(SECOND);
            before.kill();
            disk = disk.kill(scheduler.now());
        }

        private static <T> T unchecked(DiskWork<T> work) {
            try {
                return work.run();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private GroupDescriptor descriptor(long group) {
            return new GroupDescriptor(group, Membership.of(ids), new byte[0]);
        }

        private LogStore openLog() throws IOException {
            return SegmentedLogStore.open(disk, "log", new LogConfig(256 << 10, random.nextLong(), 4));
        }

        void start() {
            runtime = new SimRuntime(scheduler, id.value(), random.split(), 0, 0);
            SimRuntime incarnation = runtime;
            incarnation.lane("main").execute(() -> open(incarnation));
            until(SECOND, "the start of " + id, () -> host != null);
        }

        private void open(SimRuntime incarnation) {
            LogStore log = unchecked(() -> invariants.watch(id, incarnation, new TrimmedLog(openLog(), this)));
            SimTransport transport = new SimTransport(network, incarnation, id, id + ":1");
            for (NodeId other : ids) {
                transport.setAddress(other, other + ":1");
            }
            NodeRecords records = unchecked(() -> NodeRecords.open(disk, log, incarnation.randomSeed()));
            lanes = 0;
            RaftHost opened = new RaftHost(
                    new HostConfig(id, core, 1, 1, 50 * MILLI, HostLimits.of(256L << 20)).withTransfers(transfers),
                    counted(incarnation),
                    log,
                    records,
                    transport,
                    invariants.watch(id, group -> {
                        scheduler.spend(openNanos);
                        opens++;
                        RecordingMachine machine = new RecordingMachine(this, group.groupId());
                        machines.put(group.groupId(), machine);
                        return machine;
                    }),
                    disk,
                    this);
            opened.start();
            for (int group = 0; group < groups; group++) {
                opened.createGroup(descriptor(group));
            }
            host = opened;
        }

        /** The runtime, with the lanes counted that it is asked for. */
        private NodeRuntime counted(SimRuntime incarnation) {
            return new NodeRuntime() {
                @Override
                public Lane lane(String name) {
                    lanes++;
                    return incarnation.lane(name);
                }

                @Override
                public Lane nonBlockingLane(String name) {
                    lanes++;
                    return incarnation.nonBlockingLane(name);
                }

                @Override
                public void runInline(Runnable work) {
                    incarnation.runInline(work);
                }

                @Override
                public void setInlineRuns(boolean allowed) {
                    incarnation.setInlineRuns(allowed);
                }

                @Override
                public boolean carry(long nanosApart) {
                    return incarnation.carry(nanosApart);
                }

                @Override
                public Clock clock() {
                    return incarnation.clock();
                }

                @Override
                public long randomSeed() {
                    return incarnation.randomSeed();
                }

                @Override
                public void close() {
                    incarnation.close();
                }
            };
        }

        void crash(boolean powerCut) {
            runtime.kill();
            runtime = null;
            host = null;
            machines.clear();
            disk = powerCut ? disk.crash(scheduler.now(), random.split()) : disk.kill(scheduler.now());
        }

        Outcome propose(String command) {
            Outcome outcome = new Outcome();
            propose(command, outcome);
            return outcome;
        }

        void propose(String command, ProposalCallback callback) {
            host.propose(0, command.getBytes(StandardCharsets.US_ASCII), callback);
        }

        /** Proposes the next one as soon as the one before is applied. */
        void proposeOneByOne(int count, Consumer<Integer> done) {
            proposeNext(1, count, done);
        }

        private void proposeNext(int number, int count, Consumer<Integer> done) {
            propose("command " + number, new ProposalCallback() {
                @Override
                public void applied(long index, Object result) {
                    if (number == count) {
                        done.accept(count);
                    } else {
                        proposeNext(number + 1, count, done);
                    }
                }

                @Override
                public void refused(Refusal refusal) {
                    throw new AssertionError("command " + number + " was refused: " + refusal);
                }
            });
        }

        @Override
        public void diskPaceChanged(DiskPace pace) {
            slowDisk.add(pace.isSlow());
        }

        @Override
        public void groupFailed(long groupId, Throwable cause) {
            scheduler.fail(new AssertionError(id + ": group " + groupId + " failed: " + cause, cause));
        }

        @Override
        public void nodeFailed(Throwable cause) {
            scheduler.fail(new AssertionError(id + " failed: " + cause, cause));
        }
    }
}
