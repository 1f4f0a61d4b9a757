package io.flotilla.it.sim;

import io.flotilla.client.AsyncFlotillaClient;
import io.flotilla.client.ClientConfig;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.FleetChangeRequest;
import io.flotilla.client.proto.MoveShard;
import io.flotilla.client.proto.Shard;
import io.flotilla.it.sim.invariant.ConfigurationsAreImmutable;
import io.flotilla.it.sim.invariant.ExactlyOnce;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.sim.Coverage;
import io.flotilla.raft.sim.SimNetwork;
import io.flotilla.raft.sim.SimRuntime;
import io.flotilla.raft.sim.SimScheduler;
import io.flotilla.raft.sim.invariant.RaftInvariants;
import io.flotilla.raft.sim.invariant.Violation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;

/** A fleet of two groups with two shards in which nothing fails but what a test lets fail; all promises of Raft and of moves are checked. */
final class ScriptedFleet implements SimFleetNode.Fleet {
    static final long SECOND = 1_000_000_000L;
    static final long MILLI = 1_000_000L;
    private static final Duration SHORT = Duration.ofSeconds(5);

    final SplittableRandom random;
    final SimScheduler scheduler;
    final SimNetwork network;
    final MoveSteps steps = new MoveSteps();
    final Bank bank = Bank.at('\u0020');
    private final RaftInvariants invariants;
    private final SimStreams streams;
    private final SortedMap<String, SimFleetNode> nodes = new TreeMap<>();
    private final List<SimClient> tellers = new ArrayList<>();
    private final AsyncFlotillaClient operator;
    /** The configuration that the operator has changed last. */
    private long changed;

    /** Starts it and waits until it serves. @param size three nodes, or six: then the groups share none */
    ScriptedFleet(long seed, int size) {
        this(seed, size, 2);
    }

    /** The same with so many groups, of one shard each if there are more than two. */
    ScriptedFleet(long seed, int size, int groups) {
        scheduler = new SimScheduler(seed);
        network = new SimNetwork(scheduler);
        invariants = new RaftInvariants(scheduler, Fingerprints::ofResult, Fingerprints::ofState);
        network.observe(invariants);
        invariants.observe(steps);
        streams = new SimStreams(scheduler, network, new ConfigurationsAreImmutable()::sent, frame -> {});
        random = scheduler.randomStream();
        FleetShape shape = FleetShape.choose(random).with(size, groups, Math.max(2, groups));
        Coverage coverage = new Coverage();
        for (NodeId id : shape.seeds().keySet()) {
            nodes.put(
                    id.value(),
                    new SimFleetNode(
                            id, shape, scheduler, network, streams, invariants, random.split(), this, coverage));
        }
        nodes.values().forEach(SimFleetNode::start);
        operator = client(runtime("operator"), SHORT);
        await(
                "all nodes serve",
                60,
                () -> nodes.values().stream()
                        .allMatch(node -> node.whyNotServing().isEmpty()));
    }

    /** A place where a client is. */
    SimRuntime runtime(String name) {
        return new SimRuntime(scheduler, name, random.split(), 0, 0);
    }

    AsyncFlotillaClient client(SimRuntime runtime, Duration timeout) {
        return new AsyncFlotillaClient(
                ClientConfig.of(new ArrayList<>(addresses().values())).withTimeout(timeout),
                streams.connector(runtime),
                new SimClientRuntime(runtime));
    }

    /** Clients that move money between the accounts of the bank from now on. */
    void openBank(int clients) {
        for (int i = 1; i <= clients; i++) {
            SimClient teller = new SimClient(
                    "teller" + i,
                    scheduler,
                    new Keys(),
                    new Histories(),
                    new ExactlyOnce(),
                    streams,
                    () -> new ArrayList<>(addresses().values()),
                    ClientWork.ofBanks(List.of(bank)));
            tellers.add(teller);
            teller.start();
        }
    }

    /** Nobody moves money any more, and all that was moved is there, once. */
    void closeBank() {
        tellers.forEach(SimClient::stopAsking);
        await(
                "the bank's clients are answered",
                60,
                () -> tellers.stream().allMatch(teller -> teller.unanswered().isEmpty()));
        bank.book().closed(Bank.balances(value(operator.multiGet(bank.keys(), SHORT))));
    }

    List<String> nodes() {
        return List.copyOf(nodes.keySet());
    }

    void run(long nanos) {
        scheduler.runUntil(scheduler.now() + nanos);
    }

    void await(String what, int seconds, BooleanSupplier condition) {
        long end = scheduler.now() + seconds * SECOND;
        while (!condition.getAsBoolean()) {
            if (scheduler.now() >= end) {
                throw new Violation("Liveness", "not within %d s: %s%n%s", seconds, what, describe());
            }
            run(5 * MILLI);
        }
    }

    /** What somebody is told. */
    <T> T value(CompletableFuture<T> asked) {
        await("an answer", 60, asked::isDone);
        return asked.join();
    }

    Configuration newest() {
        CompletableFuture<Configuration> asked = operator.configuration(SHORT);
        await("a configuration", 60, asked::isDone);
        return asked.isCompletedExceptionally() ? Configuration.getDefaultInstance() : asked.join();
    }

    Shard shard(long id) {
        return newest().getShardsList().stream()
                .filter(shard -> shard.getId() == id)
                .findFirst()
                .orElse(Shard.getDefaultInstance());
    }

    /** The operator's wish; done when the controller has taken it. */
    void move(long shard, long to) {
        FleetChangeRequest change = FleetChangeRequest.newBuilder()
                .setFleetId(newest().getFleetId())
                .setMoveShard(MoveShard.newBuilder().setShard(shard).setTo(to))
                .build();
        changed = value(operator.changeFleet(change, Duration.ofSeconds(30))).getConfigurationNumber();
    }

    /** Nothing of any move is left. */
    void awaitMoves(int seconds) {
        await("all moves have ended", seconds, () -> {
            Configuration newest = newest();
            return newest.getNumber() > changed
                    && newest.getShardsList().stream().allMatch(shard -> shard.getTarget() == 0)
                    && nodes.values().stream()
                            .allMatch(node -> node.isUp() && node.moves().isEmpty());
        });
    }

    /** Who leads the group, by what was seen last; null if nobody does. */
    String leaderOf(long group) {
        NodeId leader = invariants.leaderOf(group);
        return leader == null ? null : leader.value();
    }

    /** Cuts the node's power, unless it is down. */
    void crash(String node, long downFor) {
        if (nodes.get(node).isUp()) {
            nodes.get(node).crash(true);
            scheduler.after(downFor, () -> start(node));
        }
    }

    private void start(String node) {
        if (!nodes.get(node).isUp()) {
            nodes.get(node).start();
        }
    }

    String describe() {
        StringBuilder text = new StringBuilder();
        nodes.values().forEach(node -> text.append(node.describe()).append(System.lineSeparator()));
        return text.toString();
    }

    @Override
    public SortedMap<NodeId, String> addresses() {
        TreeMap<NodeId, String> all = new TreeMap<>();
        nodes.forEach((name, node) -> all.put(new NodeId(name), node.address()));
        return all;
    }

    @Override
    public void stopped(NodeId node) {
        start(node.value());
    }
}
