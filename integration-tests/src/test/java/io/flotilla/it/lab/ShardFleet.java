package io.flotilla.it.lab;

import io.flotilla.client.net.Connector;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.FleetChangeReply;
import io.flotilla.client.proto.GroupState;
import io.flotilla.it.history.KeyOperation;
import io.flotilla.it.history.LinearizabilityChecker;
import io.flotilla.it.sim.Fingerprints;
import io.flotilla.it.sim.SimStreams;
import io.flotilla.it.sim.invariant.ConfigurationsAreImmutable;
import io.flotilla.kv.move.copy.CopyLimits;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.lab.LabFailure;
import io.flotilla.raft.lab.LabRuns;
import io.flotilla.raft.lab.LabTiming;
import io.flotilla.raft.lab.LabWires;
import io.flotilla.raft.sim.SimFailure;
import io.flotilla.raft.sim.SimNetwork;
import io.flotilla.raft.sim.SimRuntime;
import io.flotilla.raft.sim.SimScheduler;
import io.flotilla.raft.sim.invariant.RaftInvariants;
import io.flotilla.raft.sim.invariant.Violation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;

/**
 * A fleet of production nodes with its controller, clerks and operators, and what a lab test does to them. Groups of data
 * have places: three nodes each, apart from the controller's nodes; a group that joins at a place a second time is another
 * group. The test is the only one who lets time pass. All of a run follows from its seed. Whatever the test checks, every safety
 * property of Raft is checked at every event, each configuration that is shown covers all keys once, at the end all moves end and
 * replicas agree, and each key's history must be linearizable.
 */
final class ShardFleet implements LabRuns.World, Clerk.Home {
    /**
     * What a test needs.
     *
     * @param controllers nodes of the controller's group, which have no groups of data but the first one
     * @param dataNodes further nodes; places share them if there are not three for each
     * @param maxStateBytes what Raft's own state of a group may have before the log lets go of its beginning; -1 for any amount
     */
    record Shape(int controllers, int dataNodes, int places, int shards, LabNet net, long maxStateBytes) {
        /** Five controllers, and places that share no node. */
        static Shape of(int places, int shards) {
            return new Shape(5, 3 * places, places, shards, LabNet.RELIABLE, -1);
        }

        Shape on(LabNet other) {
            return new Shape(controllers, dataNodes, places, shards, other, maxStateBytes);
        }

        Shape withTransfers(long bytes) {
            return new Shape(controllers, dataNodes, places, shards, net, bytes);
        }

        Shape sharing(int nodes) {
            return new Shape(controllers, nodes, places, shards, net, maxStateBytes);
        }
    }

    private static final long MILLI = 1_000_000;
    /** The labs end a test that takes longer, what comes before it not counted. */
    private static final long CAP_NANOS = 120_000 * MILLI;

    private static final long OPENING_MILLIS = 60_000;
    private static final long BALANCE_MILLIS = 300;
    /** All moves have ended by then once nothing is broken: a voter that lags is waited for 60 s. */
    private static final long QUIET_MILLIS = 150_000;

    private static final int AGREEMENT_TRIES = 20;
    private static final long AGREEMENT_MILLIS = 500;

    private static final int REPLICAS = 3;

    private final SimScheduler scheduler;
    private final SimNetwork network;
    private final LabWires wires;
    private final SimStreams streams;
    private final RaftInvariants invariants;
    private final LabTiming timing;
    private final SplittableRandom random;
    private final Shape shape;
    private final CopyLimits copies;
    private final TreeMap<String, ShardServer> servers = new TreeMap<>();
    private final List<List<String>> places = new ArrayList<>();
    /** The group at each place; 0 if there is none. */
    private final long[] groups;

    private final List<Clerk> clerks = new ArrayList<>();
    private final List<FleetOperator> operators = new ArrayList<>();
    private final Map<String, List<KeyOperation>> histories = new TreeMap<>();
    private final FleetOperator operator;
    /** The newest that anybody was shown. */
    private Configuration shown = Configuration.getDefaultInstance();

    /** The highest number that an operator was told. */
    private long told;

    private String fleetId = "";
    private boolean balancing;
    private boolean balanceAsked;
    private boolean over;
    private long cap = Long.MAX_VALUE;

    ShardFleet(long seed, LabTiming timing, Shape shape) {
        this.timing = timing;
        this.shape = shape;
        scheduler = new SimScheduler(seed);
        network = new SimNetwork(scheduler);
        random = scheduler.randomStream();
        wires = new LabWires(scheduler.randomStream());
        network.setCarrier(wires);
        invariants = new RaftInvariants(scheduler, Fingerprints::ofResult, Fingerprints::ofState);
        network.observe(invariants);
        ConfigurationsAreImmutable configurations = new ConfigurationsAreImmutable(this::shown);
        streams = new SimStreams(scheduler, network, configurations::sent, frame -> {});
        copies = random.nextBoolean() ? CopyLimits.defaults() : smallCopies();
        for (int i = 1; i <= shape.controllers; i++) {
            add("c" + i);
        }
        for (int i = 1; i <= shape.dataNodes; i++) {
            add(String.format("d%02d", i));
        }
        List<String> hosts = servers.keySet().stream()
                .filter(name -> shape.dataNodes == 0 || name.startsWith("d"))
                .toList();
        for (int place = 0; place < shape.places; place++) {
            List<String> nodes = new ArrayList<>();
            for (int r = 0; r < REPLICAS; r++) {
                nodes.add(hosts.get((place * REPLICAS + r) % hosts.size()));
            }
            places.add(nodes);
        }
        groups = new long[shape.places];
        LabNet.RELIABLE.rule(network, wires, streams);
        operator = operator();
    }

    /** The fleet is founded: one group has all shards, on the controller's first nodes. Before all else. */
    ShardFleet found() {
        servers.values().forEach(ShardServer::start);
        await(
                OPENING_MILLIS,
                "the fleet is founded",
                () -> servers.values().stream().allMatch(ShardServer::isReady));
        fleetId = servers.firstEntry().getValue().status().getFleetId();
        begin();
        return this;
    }

    /** Parts, files and rounds of a few rows. */
    private CopyLimits smallCopies() {
        return new CopyLimits(
                1 + random.nextInt(2),
                1 + random.nextInt(2),
                1L << 20,
                100 + random.nextInt(1_000),
                500 + random.nextInt(5_000),
                2_000 + random.nextInt(10_000),
                5,
                1L << 20,
                100 + random.nextInt(5_000),
                1 + random.nextInt(3),
                300 * MILLI,
                1_000 * MILLI,
                100 * MILLI,
                50 * MILLI,
                (1 + random.nextInt(100)) * MILLI);
    }

    private void add(String name) {
        servers.put(name, new ShardServer(this, new NodeId(name), random.split()));
    }

    /** From here on the test's network rules, and its time counts. */
    private void begin() {
        shape.net.rule(network, wires, streams);
        cap = scheduler.now() + CAP_NANOS * shape.net.patience();
    }

    /** Groups begin at these places, and have all shards once the group that the fleet was founded with has left. */
    void open(int... first) {
        LabNet.RELIABLE.rule(network, wires, streams);
        cap = Long.MAX_VALUE;
        join(first);
        await(OPENING_MILLIS, "the first groups are in balance", () -> !balancing);
        boolean[] left = new boolean[1];
        leave(1, left);
        await(OPENING_MILLIS, "the group of the founding may leave", () -> left[0]);
        rebalance();
        await(OPENING_MILLIS, "the first groups have all shards", () -> !balancing && isQuiet());
        begin();
    }

    static boolean isNode(String name) {
        return name.startsWith("c") || name.startsWith("d");
    }

    static String address(NodeId node) {
        return node + ":1";
    }

    // --- the world ---

    @Override
    public SimScheduler scheduler() {
        return scheduler;
    }

    @Override
    public SplittableRandom random() {
        return random;
    }

    @Override
    public List<String> addresses() {
        return servers.values().stream().map(ShardServer::address).toList();
    }

    @Override
    public Connector connector(SimRuntime clerk) {
        return streams.connector(clerk);
    }

    SimNetwork network() {
        return network;
    }

    SimStreams streams() {
        return streams;
    }

    RaftInvariants invariants() {
        return invariants;
    }

    CopyLimits copies() {
        return copies;
    }

    SortedMap<NodeId, String> seeds() {
        TreeMap<NodeId, String> seeds = new TreeMap<>();
        servers.values().forEach(server -> seeds.put(server.id, server.address()));
        return seeds;
    }

    boolean isReliable() {
        return shape.net == LabNet.RELIABLE;
    }

    int shards() {
        return shape.shards;
    }

    long maxStateBytes() {
        return shape.maxStateBytes;
    }

    String fleetId() {
        return fleetId;
    }

    @Override
    public LabTiming timing() {
        return timing;
    }

    @Override
    public double seconds() {
        return scheduler.now() / 1e9;
    }

    long millis() {
        return scheduler.now() / MILLI;
    }

    /** Lets time pass. */
    void sleep(long millis) {
        scheduler.runUntil(scheduler.now() + millis * MILLI);
        checkTime();
    }

    /** Lets less than so much time pass. */
    void sleepUpTo(long millis) {
        sleep(random.nextLong(millis));
    }

    /** Does it once so much time has passed, while the test goes on. */
    void later(long millis, Runnable action) {
        scheduler.after(millis * MILLI, action);
    }

    /** Goes on event by event until it is so, or the time is over. */
    boolean stepUntil(long millis, BooleanSupplier so) {
        long end = scheduler.now() + millis * MILLI;
        while (!so.getAsBoolean() && scheduler.now() < end && scheduler.step()) {
            // on
        }
        checkTime();
        return so.getAsBoolean();
    }

    @Override
    public void await(long millis, String what, BooleanSupplier so) {
        if (!stepUntil(millis, so)) {
            throw new LabFailure("after %d ms still not so: %s%n%s", millis, what, describe());
        }
    }

    private String describe() {
        StringBuilder text = new StringBuilder(KeyCover.text(shown));
        for (ShardServer server : servers.values()) {
            server.moves().forEach(move -> text.append("\n    ").append(move));
        }
        return text.toString();
    }

    private void checkTime() {
        if (scheduler.now() > cap) {
            throw new LabFailure("test took longer than 120 seconds");
        }
    }

    private void shown(Configuration configuration) {
        KeyCover.check(configuration);
        if (configuration.getNumber() > shown.getNumber()) {
            shown = configuration;
        }
    }

    /** An operator was told that there is a configuration of this number. */
    void told(long number) {
        told = Math.max(told, number);
    }

    /** The newest configuration that anybody was shown. */
    Configuration shown() {
        return shown;
    }

    // --- clerks and operators ---

    Clerk clerk() {
        Clerk clerk = new Clerk(this, "k" + clerks.size());
        clerks.add(clerk);
        return clerk;
    }

    FleetOperator operator() {
        FleetOperator made = new FleetOperator(this, "o" + operators.size());
        operators.add(made);
        return made;
    }

    /** The one that joins and leaves for the test. */
    FleetOperator firstOperator() {
        return operator;
    }

    @Override
    public void answered(String key, KeyOperation operation) {
        histories.computeIfAbsent(key, k -> new ArrayList<>()).add(operation);
    }

    // --- groups that come and go ---

    /** The group at a place; 0 if there is none. */
    long group(int place) {
        return groups[place];
    }

    List<String> nodes(int place) {
        return places.get(place);
    }

    /**
     * Groups begin at these places. They get their share of the shards from then on, as soon as they have a leader.
     *
     * @return the number of the configuration that has the last of them
     */
    long join(int... at) {
        long number = 0;
        for (int place : at) {
            FleetChangeReply reply = operator.change(FleetOperator.join(places.get(place)));
            groups[place] = reply.getGroup();
            number = reply.getConfigurationNumber();
        }
        operator.newest();
        rebalance();
        return number;
    }

    /**
     * The groups at these places give their shards away from now on, and end. Waits until another group has a leader, without
     * which the controller refuses that.
     */
    void leave(int... at) {
        for (int place : at) {
            boolean[] done = new boolean[1];
            leave(groups[place], done);
            await(OPENING_MILLIS, "group " + groups[place] + " may leave", () -> done[0]);
            groups[place] = 0;
        }
        operator.newest();
        rebalance();
    }

    private void leave(long group, boolean[] done) {
        operator.change(FleetOperator.leave(group), reply -> done[0] = true, line -> {
            if (!line.contains("no other group can take the shards")) {
                throw new LabFailure("group %d may not leave: %s", group, line);
            }
            later(BALANCE_MILLIS, () -> leave(group, done));
        });
    }

    /** Asks until the groups have equally many shards, within one. */
    private void rebalance() {
        balanceAsked = true;
        if (!balancing) {
            balancing = true;
            balanceAgain();
        }
    }

    private void balanceAgain() {
        if (over) {
            balancing = false;
            return;
        }
        balanceAsked = false;
        operator.change(FleetOperator.rebalance(), this::rebalanced, line -> {
            throw new LabFailure("a rebalance was refused: %s", line);
        });
    }

    private void rebalanced(FleetChangeReply reply) {
        if (reply.getMovesCount() == 0 && reply.getWarningsCount() == 0 && !balanceAsked && isBalanced()) {
            balancing = false;
        } else {
            later(BALANCE_MILLIS, this::balanceAgain);
        }
    }

    private boolean isBalanced() {
        TreeMap<Long, Integer> counts = KeyCover.counts(shown);
        shown.getGroupsList().stream()
                .filter(group -> group.getState() == GroupState.GROUP_STATE_LEAVING)
                .forEach(group -> counts.remove(group.getId()));
        return counts.values().stream().mapToInt(c -> c).max().orElse(0)
                        - counts.values().stream().mapToInt(c -> c).min().orElse(0)
                <= 1;
    }

    /** Whether each group that shall have shards has its share, and has it as an owner. */
    boolean isDone() {
        return !balancing && isSettled();
    }

    /** Whether all shards are where they shall be, and groups that left have ended. */
    boolean isSettled() {
        return shown.getNumber() >= told
                && shown.getShardsList().stream().allMatch(shard -> shard.getTarget() == 0)
                && shown.getGroupsList().stream()
                        .noneMatch(group -> group.getState() == GroupState.GROUP_STATE_LEAVING);
    }

    void awaitSettled(long millis) {
        await(millis * shape.net.patience(), "all shards are where they shall be", this::isSettled);
    }

    /** Whether, besides, no node has anything left to do for any move. */
    boolean isQuiet() {
        return isSettled()
                && servers.values().stream().allMatch(server -> server.moves().isEmpty());
    }

    /**
     * Waits until all that was asked for is done, longer where answers come late.
     *
     * @return how long that took, in milliseconds
     */
    long awaitDone(long millis) {
        long begin = millis();
        await(millis * shape.net.patience(), "all shards are where they shall be", this::isDone);
        return millis() - begin;
    }

    // --- servers ---

    ShardServer server(String name) {
        return servers.get(name);
    }

    List<ShardServer> servers() {
        return List.copyOf(servers.values());
    }

    List<ShardServer> servers(int place) {
        return places.get(place).stream().map(servers::get).toList();
    }

    /** Waits for it: the node that leads the group, of the highest term. */
    ShardServer leader(long group) {
        await(30_000, "group " + group + " has a leader", () -> leaderNow(group) != null);
        return leaderNow(group);
    }

    /** Null if nobody leads the group. */
    private ShardServer leaderNow(long group) {
        ShardServer leader = null;
        for (ShardServer server : servers.values()) {
            if (server.leads(group) > (leader == null ? -1 : leader.leads(group))) {
                leader = server;
            }
        }
        return leader;
    }

    /** Waits until the group is led by another one in a later term. */
    void awaitLeaderAfter(ShardServer old, long group) {
        await(30_000, "another one than " + old.id + " leads group " + group, () -> {
            ShardServer now = leaderNow(group);
            return now != null && now != old;
        });
    }

    /** The leader of the group at a place. */
    ShardServer leaderAt(int place) {
        return leader(groups[place]);
    }

    void stop(int... at) {
        for (int place : at) {
            servers(place).stream().filter(ShardServer::isUp).forEach(ShardServer::crash);
        }
    }

    void start(int... at) {
        for (int place : at) {
            servers(place).stream().filter(server -> !server.isUp()).forEach(ShardServer::start);
        }
    }

    /** Nothing reaches the node, and nothing comes from it. */
    void cutOff(ShardServer server) {
        link(server, false);
    }

    void reconnect(ShardServer server) {
        link(server, true);
    }

    private void link(ShardServer server, boolean whole) {
        List<String> others = new ArrayList<>(servers.keySet());
        clerks.forEach(clerk -> others.add(clerk.name));
        for (int i = 0; i < operators.size(); i++) {
            others.add("o" + i);
        }
        for (String other : others) {
            for (List<String> way :
                    Arrays.asList(List.of(server.id.value(), other), List.of(other, server.id.value()))) {
                if (whole) {
                    network.heal(way.get(0), way.get(1));
                } else {
                    network.cut(way.get(0), way.get(1));
                }
            }
        }
    }

    void setNet(LabNet net) {
        net.rule(network, wires, streams);
    }

    // --- the labs' questions ---

    /** The numbers of shards that the group at a place owns, from 0 in the order of keys. */
    List<Integer> owned(int place) {
        List<Integer> numbers = new ArrayList<>();
        for (int i = 0; i < shown.getShardsCount(); i++) {
            if (shown.getShards(i).getGroup() == groups[place]) {
                numbers.add(i);
            }
        }
        return numbers;
    }

    /** How many shards are on their way to the group at a place. */
    int coming(int place) {
        return (int) shown.getShardsList().stream()
                .filter(shard -> shard.getTarget() == groups[place])
                .count();
    }

    /** The most bytes of Raft's own state that any group has on any node. */
    long largestState() {
        return servers.values().stream()
                .mapToLong(ShardServer::largestState)
                .max()
                .orElseThrow();
    }

    /** Whether any log was cut, or any replica took another's snapshot. */
    boolean hasSnapshots() {
        return invariants.basesMoved() + invariants.installs() > 0;
    }

    /**
     * The labs' check of logs: within eight times the bound; and without a bound no log is cut, but where a replica that came too
     * late for a copy of a shard took a snapshot.
     */
    void checkLogs(LabRuns runs) {
        if (shape.maxStateBytes >= 0) {
            runs.atMost("bytes of a group's Raft state", largestState(), 8 * shape.maxStateBytes);
            return;
        }
        runs.measure("snapshots installed", invariants.installs(), 0);
        if (invariants.basesMoved() > invariants.installs()) {
            throw new LabFailure("a log was cut %d times, though snapshots are off", invariants.basesMoved());
        }
    }

    @Override
    public void finish() {
        checkTime();
        cap = Long.MAX_VALUE;
        over = true;
        network.healAll();
        LabNet.RELIABLE.rule(network, wires, streams);
        servers.values().stream().filter(server -> !server.isUp()).forEach(ShardServer::start);
        await(
                QUIET_MILLIS,
                "all moves have ended, and every node serves",
                () -> isQuiet() && servers.values().stream().allMatch(ShardServer::isReady));
        operator.newest();
        awaitAgreement();
        clerks.forEach(Clerk::end);
        operators.forEach(FleetOperator::end);
        // a lab test must not leave anything behind that runs on without it
        servers.values().forEach(ShardServer::crash);
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

    /** What was reported last may just be on its way. */
    private void awaitAgreement() {
        Violation last = null;
        for (int i = 0; i < AGREEMENT_TRIES; i++) {
            sleep(AGREEMENT_MILLIS);
            try {
                invariants.checkReplicasAgree(node -> true);
                return;
            } catch (Violation e) {
                last = e;
            }
        }
        throw last;
    }
}
