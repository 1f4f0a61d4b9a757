package io.flotilla.it.lab;

import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.Get;
import io.flotilla.client.proto.HelloReply;
import io.flotilla.client.proto.ReadRequest;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.ServerFrame;
import io.flotilla.kv.engine.memory.MemoryEngine;
import io.flotilla.kv.machine.KvMachines;
import io.flotilla.kv.machine.KvStateMachine;
import io.flotilla.kv.machine.SessionLimits;
import io.flotilla.kv.service.KvService;
import io.flotilla.kv.service.NodeDirectory;
import io.flotilla.kv.service.ShardMap;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.RoleName;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.host.GroupStatus;
import io.flotilla.raft.host.HostListener;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.segment.LogConfig;
import io.flotilla.raft.log.segment.SegmentedLogStore;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.node.NodeRecords;
import io.flotilla.raft.sim.SimDisk;
import io.flotilla.raft.sim.SimRuntime;
import io.flotilla.raft.sim.SimTransport;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/**
 * One server of the key-value service: a production host with one group, its state machine over an engine in memory, and
 * the service in front. A crash ends the process: the log survives, the engine loses what it had not flushed.
 */
final class KvServer implements HostListener {
    /** More than a run writes: the engine flushes only when the log asks for it. */
    private static final int UNFLUSHED_BATCHES = 1_000_000;

    final int number;
    final NodeId id;
    private final KvGroup group;
    private final SplittableRandom random;
    private SimDisk disk;
    private MemoryEngine engine = new MemoryEngine(UNFLUSHED_BATCHES);
    private KvLog log;
    private SimRuntime runtime;
    private RaftHost host;
    private KvService service;
    private KvStateMachine machine;

    KvServer(KvGroup group, int number, SplittableRandom random) {
        this.group = group;
        this.number = number;
        this.id = id(number);
        this.random = random;
        this.disk = new SimDisk(id.value(), group.scheduler(), random.nextLong());
    }

    static NodeId id(int number) {
        return new NodeId("s" + number);
    }

    String address() {
        return id + ":1";
    }

    boolean isUp() {
        return service != null;
    }

    /** The present incarnation, or null. */
    SimRuntime runtime() {
        return runtime;
    }

    /** The service, past the network; null unless it is up. */
    KvService service() {
        return service;
    }

    boolean leads() {
        return status() != null && status().state().role() == RoleName.LEADER;
    }

    long term() {
        return status() == null ? 0 : status().state().term();
    }

    private GroupStatus status() {
        return host == null ? null : host.status(KvGroup.GROUP);
    }

    /** The bytes of Raft's own state on disk. */
    long stateBytes() {
        return log.stateBytes(KvGroup.GROUP);
    }

    /** The bytes that a snapshot of the state machine would have now. */
    long snapshotBytes() {
        long bytes = 0;
        try (SnapshotSource snapshot = machine.snapshot()) {
            for (SnapshotSource.Chunk part = snapshot.next(1 << 20); part != null; part = snapshot.next(1 << 20)) {
                bytes += part.bytes().length;
            }
        }
        return bytes;
    }

    /** What this replica holds now, right or out of date. Empty if it does not run or the key is absent. */
    String peek(String key) {
        if (machine == null) {
            return "";
        }
        Response.Builder response = Response.newBuilder();
        machine.read(
                ReadRequest.newBuilder()
                        .setShard(KvGroup.SHARD)
                        .setGet(Get.newBuilder().setKey(KvGroup.bytes(key)))
                        .build(),
                response);
        return response.getRead().getGet().getValue().toStringUtf8();
    }

    void start() {
        runtime = new SimRuntime(group.scheduler(), id.value(), random.split(), 0, 0);
        SimRuntime incarnation = runtime;
        incarnation.lane("main").execute(() -> open(incarnation));
        group.stepUntil(1_000, () -> service != null);
    }

    private void open(SimRuntime incarnation) {
        LogStore opened;
        NodeRecords records;
        try {
            log = new KvLog(
                    SegmentedLogStore.open(disk, "log", new LogConfig(1 << 20, 256L << 20, random.nextLong(), 4)),
                    group.maxStateBytes());
            opened = group.invariants().watch(id, incarnation, log);
            records = NodeRecords.open(disk, opened, incarnation.randomSeed());
        } catch (IOException e) {
            throw new AssertionError(id + " can't open its log", e);
        }
        SimTransport transport = new SimTransport(group.network(), incarnation, id, address());
        List<NodeId> all = new ArrayList<>();
        for (int i = 0; i < group.size(); i++) {
            all.add(id(i));
            transport.setAddress(id(i), id(i) + ":1");
        }
        KvMachines machines = new KvMachines(engine, incarnation.clock());
        RaftHost newHost = new RaftHost(
                group.timing().config(id),
                incarnation,
                opened,
                records,
                transport,
                group.invariants().watch(id, descriptor -> {
                    StateMachine made = machines.open(descriptor);
                    machine = (KvStateMachine) made;
                    return made;
                }),
                disk,
                this);
        newHost.start();
        newHost.createGroup(new GroupDescriptor(
                KvGroup.GROUP, Membership.of(all), KvGroup.genesis().toByteArray()));
        host = newHost;
        service = new KvService(
                newHost,
                machines,
                incarnation.clock(),
                new NodeDirectory() {
                    @Override
                    public String addressOf(NodeId node) {
                        return node + ":1";
                    }

                    @Override
                    public NodeId leaderOf(long group) {
                        return newHost.status(group).leader();
                    }

                    @Override
                    public boolean leads(long group) {
                        return id.equals(leaderOf(group));
                    }

                    @Override
                    public ShardMap shards() {
                        return new ShardMap(group.configuration());
                    }

                    @Override
                    public int featureLevel() {
                        return 1;
                    }
                },
                incarnation.lane("edge"));
    }

    /** A clerk's frame. The configuration is the only one that there will ever be. */
    void receive(ClientFrame frame, Consumer<ServerFrame> out) {
        if (frame.hasHello()) {
            out.accept(ServerFrame.newBuilder()
                    .setHello(HelloReply.newBuilder()
                            .setProtocolVersion(frame.getHello().getProtocolVersion())
                            .setNodeId(id.value())
                            .setFleetId(KvGroup.FLEET)
                            .setSessionWrites(SessionLimits.SESSION_WRITES)
                            .setSessionWindowMillis(SessionLimits.WINDOW_MILLIS)
                            .setWallMillis(runtime.clock().wallMillis()))
                    .build());
        }
        Consumer<Response> answer = response ->
                out.accept(ServerFrame.newBuilder().addResponses(response).build());
        List<Request> data = new ArrayList<>();
        for (Request request : frame.getRequestsList()) {
            switch (request.getBodyCase()) {
                case READ, WRITE, GOODBYE -> data.add(request);
                case CONFIGURATION, WATCH ->
                    answer.accept(Response.newBuilder()
                            .setId(request.getId())
                            .setConfiguration(group.configuration())
                            .build());
                // a clerk that can't reach the leader itself has to wait: that is what partitions are for here
                case PASS_ON ->
                    answer.accept(Response.newBuilder()
                            .setId(request.getId())
                            .setRefusal(Refusal.newBuilder()
                                    .setKind(Refusal.Kind.NOT_LEADER)
                                    .setMessage("this server passes nothing on"))
                            .build());
                default -> throw new AssertionError("no clerk asks for " + request);
            }
        }
        service.handle(data, answer::accept);
    }

    void crash() {
        SimRuntime dead = runtime;
        dead.kill();
        gone(dead);
        disk = disk.kill(group.scheduler().now());
        engine = engine.crash(random);
    }

    /** An orderly stop: whoever waits is answered. */
    void close() {
        RaftHost closing = host;
        closing.close();
        group.stepUntil(11_000, () -> closing.closed().isDone());
        if (!closing.closed().isDone()) {
            throw new AssertionError(id + " was told to stop 11 s ago and has not");
        }
        crash();
    }

    private void gone(SimRuntime dead) {
        runtime = null;
        host = null;
        service = null;
        machine = null;
        group.streams().died(dead);
    }

    @Override
    public void groupFailed(long groupId, Throwable cause) {
        group.scheduler().fail(new AssertionError(id + ": the group failed: " + cause, cause));
    }

    @Override
    public void nodeFailed(Throwable cause) {
        group.scheduler().fail(new AssertionError(id + " failed: " + cause, cause));
    }
}
