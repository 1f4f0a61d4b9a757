package io.flotilla.it.lab;

import com.google.protobuf.ByteString;
import io.flotilla.client.net.Connector;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.Shard;
import io.flotilla.client.proto.ShardRef;
import io.flotilla.it.history.KeyOperation;
import io.flotilla.it.history.LinearizabilityChecker;
import io.flotilla.it.sim.Fingerprints;
import io.flotilla.kv.proto.KvGenesis;
import io.flotilla.raft.lab.LabFailure;
import io.flotilla.raft.lab.LabRuns;
import io.flotilla.raft.lab.LabTiming;
import io.flotilla.raft.lab.LabWires;
import io.flotilla.raft.sim.SimFailure;
import io.flotilla.raft.sim.SimNetwork;
import io.flotilla.raft.sim.SimRuntime;
import io.flotilla.raft.sim.SimScheduler;
import io.flotilla.raft.sim.invariant.RaftInvariants;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;

/**
 * The servers of one replicated key-value service and its clerks, and what a lab test does to them. The test is the only
 * one who lets time pass. All of a run follows from its seed; every safety property of Raft is checked at every event
 * besides, and at the end each key's history must be linearizable.
 */
final class KvGroup implements LabRuns.World, Clerk.Home {
    static final long GROUP = 1;
    static final String FLEET = "lab";
    static final ShardRef SHARD =
            ShardRef.newBuilder().setId(1).setEpoch(1).setGroup(GROUP).build();

    private static final long MILLI = 1_000_000;
    /** The labs end a test that takes longer. */
    private static final long CAP_NANOS = 120_000 * MILLI;

    private final SimScheduler scheduler;
    private final SimNetwork network;
    private final KvStreams streams;
    private final RaftInvariants invariants;
    private final LabTiming timing;
    private final SplittableRandom random;
    private final long maxStateBytes;
    private final List<KvServer> servers = new ArrayList<>();
    private final List<Clerk> clerks = new ArrayList<>();
    private final Map<String, List<KeyOperation>> histories = new TreeMap<>();
    private final Configuration configuration;
    private long operations;

    /**
     * @param unreliable whether messages are lost and late
     * @param maxStateBytes what Raft's own state may have before the log lets go of its beginning; -1 for any amount
     */
    KvGroup(long seed, LabTiming timing, int size, boolean unreliable, long maxStateBytes) {
        this.timing = timing;
        this.maxStateBytes = maxStateBytes;
        scheduler = new SimScheduler(seed);
        network = new SimNetwork(scheduler);
        random = scheduler.randomStream();
        LabWires wires = new LabWires(scheduler.randomStream());
        wires.setUnreliable(unreliable);
        network.setCarrier(wires);
        streams = new KvStreams(scheduler, network);
        streams.setUnreliable(unreliable);
        invariants = new RaftInvariants(scheduler, Fingerprints::ofResult, Fingerprints::ofState);
        network.observe(invariants);
        Configuration.Builder built = Configuration.newBuilder().setNumber(1).setFleetId(FLEET);
        Group.Builder group = Group.newBuilder().setId(GROUP).setCreatedIn(1);
        for (int i = 0; i < size; i++) {
            KvServer server = new KvServer(this, i, random.split());
            servers.add(server);
            streams.listen(server.address(), server);
            built.addNodes(Node.newBuilder().setId(server.id.value()).setAddress(server.address()));
            built.addControllerReplicas(server.id.value());
            group.addReplicas(server.id.value());
        }
        configuration =
                built.addGroups(group).addAllShards(genesis().getShardsList()).build();
        servers.forEach(KvServer::start);
    }

    /** One shard with all keys. */
    static KvGenesis genesis() {
        return KvGenesis.newBuilder()
                .addShards(Shard.newBuilder().setId(1).setEpoch(1).setGroup(GROUP))
                .build();
    }

    static ByteString bytes(String text) {
        return ByteString.copyFromUtf8(text);
    }

    // --- the world ---

    @Override
    public SimScheduler scheduler() {
        return scheduler;
    }

    SimNetwork network() {
        return network;
    }

    KvStreams streams() {
        return streams;
    }

    RaftInvariants invariants() {
        return invariants;
    }

    @Override
    public SplittableRandom random() {
        return random;
    }

    @Override
    public List<String> addresses() {
        return servers.stream().map(KvServer::address).toList();
    }

    @Override
    public Connector connector(SimRuntime clerk) {
        return streams.connector(clerk);
    }

    Configuration configuration() {
        return configuration;
    }

    long maxStateBytes() {
        return maxStateBytes;
    }

    int size() {
        return servers.size();
    }

    KvServer server(int number) {
        return servers.get(number);
    }

    @Override
    public LabTiming timing() {
        return timing;
    }

    @Override
    public double seconds() {
        return scheduler.now() / 1e9;
    }

    /** Answered operations of all clerks so far. */
    long operations() {
        return operations;
    }

    /** Lets time pass. */
    void sleep(long millis) {
        scheduler.runUntil(scheduler.now() + millis * MILLI);
        checkTime();
    }

    /** Goes on event by event until it is so, or the time is over. */
    void stepUntil(long millis, BooleanSupplier so) {
        long end = scheduler.now() + millis * MILLI;
        while (!so.getAsBoolean() && scheduler.now() < end && scheduler.step()) {
            // on
        }
        checkTime();
    }

    /** As {@link #stepUntil}, and it must be so in time. */
    @Override
    public void await(long millis, String what, BooleanSupplier so) {
        stepUntil(millis, so);
        if (!so.getAsBoolean()) {
            throw new LabFailure("after %d ms still not so: %s", millis, what);
        }
    }

    private void checkTime() {
        if (scheduler.now() > CAP_NANOS) {
            throw new LabFailure("test took longer than 120 seconds");
        }
    }

    // --- clerks ---

    Clerk clerk() {
        Clerk clerk = new Clerk(this, "c" + clerks.size());
        clerks.add(clerk);
        return clerk;
    }

    /** A clerk that reaches these servers alone. */
    Clerk clerk(List<Integer> reached) {
        Clerk clerk = clerk();
        connect(clerk, reached);
        return clerk;
    }

    void connect(Clerk clerk, List<Integer> reached) {
        for (KvServer server : servers) {
            link(clerk.name, server.id.value(), reached.contains(server.number));
        }
    }

    @Override
    public void answered(String key, KeyOperation operation) {
        histories.computeIfAbsent(key, k -> new ArrayList<>()).add(operation);
        operations += operation.isKnown() ? 1 : 0;
    }

    // --- what a test may break ---

    private void link(String a, String b, boolean whole) {
        if (whole) {
            network.heal(a, b);
            network.heal(b, a);
        } else {
            network.cut(a, b);
            network.cut(b, a);
        }
    }

    /** Servers of different parts don't reach each other; clerks reach all that they reached before. */
    void partition(List<Integer> part) {
        for (KvServer a : servers) {
            for (KvServer b : servers) {
                link(a.id.value(), b.id.value(), part.contains(a.number) == part.contains(b.number));
            }
        }
    }

    void connectAll() {
        partition(List.of());
    }

    void crashAll() {
        servers.forEach(KvServer::crash);
    }

    void startAll() {
        servers.forEach(KvServer::start);
    }

    // --- the labs' questions ---

    /** Waits for it; the leader of the highest term. */
    KvServer leader() {
        KvServer[] leader = new KvServer[1];
        await(10_000, "one server leads", () -> {
            leader[0] = null;
            for (KvServer server : servers) {
                if (server.leads() && (leader[0] == null || server.term() > leader[0].term())) {
                    leader[0] = server;
                }
            }
            return leader[0] != null;
        });
        return leader[0];
    }

    /** The most bytes of Raft's own state that any server keeps on disk. */
    long largestState() {
        return servers.stream().mapToLong(KvServer::stateBytes).max().orElseThrow();
    }

    /** The most bytes that a snapshot of any server has. */
    long largestSnapshot() {
        return servers.stream().mapToLong(KvServer::snapshotBytes).max().orElseThrow();
    }

    /** Whether any server let go of anything of its log, or took another's snapshot. */
    boolean hasSnapshots() {
        return invariants.basesMoved() + invariants.installs() > 0;
    }

    @Override
    public void finish() {
        checkTime();
        for (Clerk clerk : clerks) {
            clerk.end();
        }
        // a lab test must not leave anything behind that runs on without it
        for (KvServer server : servers) {
            if (server.isUp()) {
                server.crash();
            }
        }
        try {
            while (scheduler.step()) {
                // what was planned runs into nothing
            }
        } catch (SimFailure e) {
            throw new LabFailure("after the end: %s", e.getMessage());
        }
        histories.forEach((key, history) -> {
            String wrong = LinearizabilityChecker.check(history);
            if (wrong != null) {
                throw new LabFailure("the history of key %s is not linearizable: %s", key, wrong);
            }
        });
    }
}
