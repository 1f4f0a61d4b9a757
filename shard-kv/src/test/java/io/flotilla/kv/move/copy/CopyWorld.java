package io.flotilla.kv.move.copy;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Mutation;
import io.flotilla.client.proto.Shard;
import io.flotilla.client.proto.WriteRequest;
import io.flotilla.kv.engine.KvEngine;
import io.flotilla.kv.engine.memory.MemoryEngine;
import io.flotilla.kv.engine.rocks.RocksEngine;
import io.flotilla.kv.machine.KvMachines;
import io.flotilla.kv.machine.KvStateMachine;
import io.flotilla.kv.machine.RecordReader;
import io.flotilla.kv.machine.ShardCopy;
import io.flotilla.kv.machine.Writes;
import io.flotilla.kv.proto.FreezeCommand;
import io.flotilla.kv.proto.GoodbyeCommand;
import io.flotilla.kv.proto.HoldReport;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.kv.proto.KvGenesis;
import io.flotilla.kv.proto.MoveOutCommand;
import io.flotilla.kv.proto.MoveReply;
import io.flotilla.kv.proto.MoveRequest;
import io.flotilla.kv.proto.ShardGoodbyes;
import io.flotilla.kv.proto.ShardWrites;
import io.flotilla.kv.proto.WriteCommand;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.sim.SimDisk;
import io.flotilla.raft.sim.SimNetwork;
import io.flotilla.raft.sim.SimRuntime;
import io.flotilla.raft.sim.SimScheduler;
import io.flotilla.raft.sim.SimTransport;
import io.flotilla.raft.transfer.TransferConfig;
import io.flotilla.raft.transfer.TransferCounters;
import io.flotilla.raft.transfer.Transfers;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.GroupMessage;
import io.flotilla.raft.transport.NodeStart;
import io.flotilla.raft.transport.PeerRecord;
import io.flotilla.raft.transport.TransportReceiver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Nodes with replicas of an owner and of a target, in virtual time. Two lists of entries stand for the groups' logs; a test says how far
 * each replica has applied its.
 */
final class CopyWorld implements AutoCloseable {
    static final long MILLI = 1_000_000L;
    static final long SECOND = 1000 * MILLI;
    static final long OWNER = Writes.GROUP;
    static final long TARGET = 9;
    static final long MOVE = 11;
    static final Shard SHARD = Writes.low();
    static final HoldKey KEY = new HoldKey(TARGET, SHARD.getId(), MOVE);

    final SimScheduler scheduler;
    final SimNetwork network;
    final SplittableRandom random;
    final Map<String, Node> nodes = new TreeMap<>();
    final List<Entry> ownersLog = new ArrayList<>();
    final List<Entry> targetsLog = new ArrayList<>();
    /** Null: engines in memory. */
    private final Path home;

    CopyLimits limits = limits(1);
    /** How much longer than others answers to questions are on their way. */
    long answerNanos;

    private int opened;

    CopyWorld(long seed, Path home) {
        this.scheduler = new SimScheduler(seed);
        this.network = new SimNetwork(scheduler);
        this.random = new SplittableRandom(seed);
        try {
            this.home = home == null ? null : Files.createTempDirectory(home, "world");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Small parts and files, so that little data makes many of them. */
    static CopyLimits limits(int copies) {
        return new CopyLimits(
                copies,
                2,
                1L << 30,
                300,
                1_500,
                4_000,
                5,
                1L << 20,
                600,
                2,
                300 * MILLI,
                SECOND,
                100 * MILLI,
                10 * MILLI,
                20 * MILLI);
    }

    private static TransferConfig transfers() {
        return new TransferConfig(4, 4, 300, 4, 1L << 30, 50 * MILLI, 100 * MILLI, 2 * SECOND);
    }

    Node add(String name, long... groups) {
        Node node = new Node(name, groups);
        nodes.put(name, node);
        return node;
    }

    void start() {
        nodes.values().forEach(Node::start);
    }

    Node node(String name) {
        return nodes.get(name);
    }

    void run(long nanos) {
        scheduler.runUntil(scheduler.now() + nanos);
    }

    void until(String what, BooleanSupplier condition) {
        long end = scheduler.now() + 120 * SECOND;
        while (!condition.getAsBoolean()) {
            if (scheduler.now() >= end) {
                throw new AssertionError("not within 120 s: " + what + "; " + reports());
            }
            run(MILLI);
        }
    }

    private String reports() {
        StringBuilder all = new StringBuilder();
        nodes.values().forEach(node -> {
            if (node.isUp()) {
                all.append(node.id).append(": ").append(node.pullers.reports()).append(' ');
            }
        });
        return all.toString();
    }

    // ---- entries ----

    private static void add(List<Entry> log, KvCommand command) {
        log.add(new Entry(1, log.size() + 1, EntryKind.COMMAND, command.toByteArray()));
    }

    void moveOut() {
        moveOut(SHARD.getId(), MOVE);
    }

    void moveOut(long shard, long move) {
        add(
                ownersLog,
                KvCommand.newBuilder()
                        .setMoveOut(MoveOutCommand.newBuilder()
                                .setShard(shard)
                                .setMove(move)
                                .setEpoch(
                                        shard == SHARD.getId()
                                                ? SHARD.getEpoch()
                                                : Writes.high().getEpoch())
                                .setTarget(TARGET)
                                .setChangeIndexRows(1_000_000))
                        .build());
    }

    void freeze() {
        add(
                ownersLog,
                KvCommand.newBuilder()
                        .setFreeze(FreezeCommand.newBuilder()
                                .setShard(SHARD.getId())
                                .setMove(MOVE)
                                .setTargetTerm(1))
                        .build());
    }

    void target(KvCommand command) {
        add(targetsLog, command);
    }

    private final Map<Long, Long> sequences = new TreeMap<>();

    void write(long session, Mutation mutation) {
        long sequence = sequences.merge(session, 1L, Long::sum);
        WriteRequest write = Writes.write(session, sequence, mutation).toBuilder()
                .setFirstUnacknowledged(Math.max(1, sequence - session % 4))
                .build();
        add(
                ownersLog,
                KvCommand.newBuilder()
                        .setWrites(WriteCommand.newBuilder()
                                .addShards(ShardWrites.newBuilder()
                                        .setShard(SHARD.getId())
                                        .setTimeMillis(Writes.NOW)
                                        .addWrites(write)))
                        .build());
    }

    void goodbye(long session) {
        sequences.remove(session);
        add(
                ownersLog,
                KvCommand.newBuilder()
                        .setGoodbyes(GoodbyeCommand.newBuilder()
                                .addShards(ShardGoodbyes.newBuilder()
                                        .setShard(SHARD.getId())
                                        .setTimeMillis(Writes.NOW)
                                        .addGoodbyes(Writes.goodbye(session))))
                        .build());
    }

    static String key(int n) {
        return String.format("k%04d", n);
    }

    /** Rows of 100 bytes or so. */
    void fill(int rows) {
        for (int i = 0; i < rows; i++) {
            write(1 + i % 5, Writes.put(key(i), "v" + i + "-" + "x".repeat(80)));
        }
    }

    void someWrite(int keys) {
        long session = 1 + random.nextInt(7);
        String key = key(random.nextInt(keys));
        switch (random.nextInt(8)) {
            case 0:
            case 1:
                write(session, Writes.delete(key));
                break;
            case 2:
                write(session, Writes.append(key, "+"));
                break;
            case 3:
                goodbye(session);
                break;
            case 4:
                write(
                        session,
                        Writes.batch(
                                Writes.put(key, "batch"),
                                Writes.delete(key(random.nextInt(keys))),
                                Writes.put(key(random.nextInt(keys)), "b".repeat(200))));
                break;
            default:
                write(session, Writes.put(key, "w" + random.nextInt(1_000) + "y".repeat(random.nextInt(120))));
        }
    }

    /** All replicas of the owner that are up apply all. */
    void applyOwners() {
        nodes.values().stream().filter(Node::isUp).forEach(node -> node.apply(OWNER, ownersLog.size()));
    }

    /** What a copy of the shard has, by kind and key. */
    static Map<String, ByteString> content(ShardCopy copy) {
        Map<String, ByteString> content = new TreeMap<>();
        try (CopyReader reader = new CopyReader(copy, CopyFormat.ANY_VIEW, () -> {})) {
            for (var part = reader.next(1_000); part != null; part = reader.next(1_000)) {
                RecordReader records = new RecordReader(part.bytes());
                records.getVarint();
                records.getVarint();
                records.getVarint();
                records.get(records.getVarint("position", 1_000));
                while (records.hasMore()) {
                    byte kind = records.get();
                    if (kind != CopyFormat.END) {
                        int length = kind == CopyFormat.SESSION ? 16 : records.getVarint("key", 4096);
                        ByteString key = ByteString.copyFrom(records.get(length));
                        byte[] value = records.get(records.getVarint("row", 1 << 21));
                        String name = kind == CopyFormat.SESSION
                                ? "session " + key.substring(7, 8).byteAt(0)
                                : key.toStringUtf8();
                        content.put(name, ByteString.copyFrom(value));
                    }
                }
            }
        }
        return content;
    }

    @Override
    public void close() {
        nodes.values().forEach(Node::stop);
    }

    final class Node implements TransportReceiver {
        final NodeId id;
        final List<Long> groups = new ArrayList<>();
        KvEngine engine;
        SimDisk disk;
        SimRuntime runtime;
        Lane applier;
        Transfers transfers;
        HoldPullers pullers;
        CopyCounters counters;
        final Map<Long, KvStateMachine> machines = new TreeMap<>();
        final List<HoldReport> told = new ArrayList<>();
        private KvMachines opener;
        private Path directory;
        private int starts;

        long freeBytes = 1L << 40;
        /** Bytes of replies to questions that came from other nodes. */
        long repliesIn;

        Node(String name, long... groups) {
            this.id = new NodeId(name);
            this.disk = new SimDisk(name, scheduler, random.nextLong());
            for (long group : groups) {
                this.groups.add(group);
            }
            if (home == null) {
                engine = new MemoryEngine();
            } else {
                directory = home.resolve(name + "-" + opened++);
                engine = open(directory);
            }
        }

        boolean isUp() {
            return runtime != null && runtime.isAlive();
        }

        void start() {
            runtime = new SimRuntime(scheduler, id.value(), random.split(), 0, 0);
            applier = runtime.nonBlockingLane("applier");
            SimTransport transport = new SimTransport(network, runtime, id, id + ":1");
            for (String other : nodes.keySet()) {
                transport.setAddress(new NodeId(other), other + ":1");
            }
            opener = new KvMachines(engine, runtime.clock());
            for (long group : groups) {
                KvStateMachine machine = (KvStateMachine) opener.open(descriptor(group));
                machines.put(group, machine);
            }
            transfers = new Transfers(
                    transfers(), runtime.clock(), runtime.lane("transfers"), transport, disk, new TransferCounters());
            counters = new CopyCounters();
            CopyPorts ports = new CopyPorts(
                    id, runtime.clock(), transfers, this::visit, opener::published, this::ask, space(), counters);
            pullers = new HoldPullers(ports, limits, random.nextLong(), this::told);
            pullers.bind();
            starts++;
            transport.start(new NodeStart(starts, starts, 0), () -> 0, peer -> PeerRecord.NONE, this);
            transfers.start(scheduler::fail);
        }

        private GroupDescriptor descriptor(long group) {
            KvGenesis.Builder genesis = KvGenesis.newBuilder();
            if (group == OWNER) {
                genesis.addShards(Writes.low()).addShards(Writes.high());
            }
            return new GroupDescriptor(group, Membership.of(id), genesis.build().toByteArray());
        }

        private DiskSpace space() {
            return new DiskSpace() {
                @Override
                public long freeBytes() {
                    return freeBytes;
                }

                @Override
                public long totalBytes() {
                    return 1L << 20;
                }
            };
        }

        /** A report is told on the lane: what it says must survive a crash right then. */
        private void told(HoldReport report) {
            if (runtime.isAlive()) {
                told.add(report);
            }
        }

        HoldReport last() {
            return told.isEmpty() ? HoldReport.getDefaultInstance() : told.get(told.size() - 1);
        }

        void visit(long group, Consumer<KvStateMachine> task) {
            applier.executeBlocking(() -> task.accept(machines.get(group)));
        }

        /** Runs it on the applier lane, and waits. */
        <T> T now(long group, Function<KvStateMachine, T> task) {
            List<T> answer = new ArrayList<>(1);
            boolean[] done = new boolean[1];
            visit(group, machine -> {
                answer.add(task.apply(machine));
                done[0] = true;
            });
            until("an answer of " + id, () -> done[0]);
            return answer.get(0);
        }

        private void ask(NodeId to, MoveRequest request, Consumer<MoveReply> answer) {
            SimRuntime asking = runtime;
            Node other = node(to.value());
            if (network.isCut(id.value(), to.value())) {
                return;
            }
            scheduler.after(network.delay(), () -> {
                if (!other.isUp()) {
                    return;
                }
                SimRuntime answering = other.runtime;
                other.visit(request.getGroup(), machine -> {
                    MoveReply reply = SourceAnswers.answer(machine, request);
                    scheduler.after(network.delay() + answerNanos, () -> {
                        if (asking.isAlive() && answering.isAlive() && !network.isCut(to.value(), id.value())) {
                            repliesIn += reply.getRowsCount() + reply.getSessionsCount();
                            answer.accept(reply);
                        }
                    });
                });
            });
        }

        /** Up to an index. */
        void apply(long group, int upTo) {
            List<Entry> log = group == OWNER ? ownersLog : targetsLog;
            visit(group, machine -> {
                if (machine != null && machine.appliedIndex() < upTo) {
                    machine.apply(List.copyOf(log.subList((int) machine.appliedIndex(), upTo)));
                    machine.writeBack();
                }
            });
        }

        void want(String... owners) {
            want(KEY, owners);
        }

        void want(HoldKey key, String... owners) {
            TreeMap<HoldKey, OwnerReplicas> wanted = new TreeMap<>();
            wanted.put(
                    key,
                    new OwnerReplicas(OWNER, Stream.of(owners).map(NodeId::new).toList()));
            pullers.want(wanted);
        }

        /** @param powerCut whether what was not flushed is lost */
        void crash(boolean powerCut) {
            runtime.kill();
            machines.clear();
            if (home == null) {
                MemoryEngine memory = (MemoryEngine) engine;
                engine = powerCut ? memory.crash(random) : memory.crash(memory.unflushedBatches());
            } else {
                Path left = directory;
                if (powerCut) {
                    directory = home.resolve(id + "-" + opened++);
                    copyFiles(left, directory);
                }
                // whatever is open in the engine that nobody looks at any more
                pullers.stop();
                transfers.stop();
                engine.close();
                engine = open(directory);
            }
            disk = powerCut ? disk.crash(scheduler.now(), random.split()) : disk.kill(scheduler.now());
        }

        void stop() {
            if (isUp()) {
                transfers.lane().execute(() -> {
                    pullers.stop();
                    transfers.stop();
                });
                run(SECOND);
                runtime.kill();
            }
            machines.clear();
            engine.close();
        }

        Map<String, ByteString> ofOwner() {
            return now(OWNER, machine -> content(machine.moves().copy(SHARD.getId(), MOVE)));
        }

        /** Null if there is no whole hold. */
        Map<String, ByteString> ofHold() {
            return now(TARGET, machine -> {
                ShardCopy copy = machine.moves().copyOfHold(SHARD.getId(), MOVE);
                return copy == null ? null : content(copy);
            });
        }

        long held() {
            return now(TARGET, machine -> machine.moves().holdChangeNumber(SHARD.getId(), MOVE));
        }

        long ownersChange() {
            return now(
                    OWNER, machine -> machine.moves().state(SHARD.getId(), MOVE).changeNumber());
        }

        @Override
        public void receive(NodeId from, List<GroupMessage> messages) {}

        @Override
        public void receiveBulk(NodeId from, BulkMessage message) {
            transfers.receive(from, message);
        }
    }

    /** One whose flushes take no virtual time: a thread of its own would need real time. */
    private static KvEngine open(Path directory) {
        KvEngine rocks = RocksEngine.open(directory);
        return (KvEngine) Proxy.newProxyInstance(
                KvEngine.class.getClassLoader(), new Class<?>[] {KvEngine.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("flushSoon")) {
                        rocks.flush();
                        return null;
                    }
                    try {
                        return method.invoke(rocks, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    /** What a power cut now would leave of an engine in a directory, which may change its files meanwhile. */
    private static void copyFiles(Path from, Path to) {
        boolean isWhole = false;
        while (!isWhole) {
            try {
                List<Path> before = files(from);
                for (Path file : before) {
                    Path copy = to.resolve(from.relativize(file));
                    if (Files.isDirectory(file)) {
                        Files.createDirectories(copy);
                    } else {
                        Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
                    }
                }
                isWhole = files(from).equals(before);
            } catch (NoSuchFileException deletedMeanwhile) {
                isWhole = false;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static List<Path> files(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.sorted().toList();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }
}
