package io.flotilla.it.sim;

import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Shard;
import io.flotilla.controller.service.ControllerService;
import io.flotilla.it.history.LinearizabilityChecker;
import io.flotilla.it.sim.invariant.ConfigurationsAreImmutable;
import io.flotilla.it.sim.invariant.ExactlyOnce;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.sim.Coverage;
import io.flotilla.raft.sim.FaultPlan;
import io.flotilla.raft.sim.SimDisk;
import io.flotilla.raft.sim.SimFailure;
import io.flotilla.raft.sim.SimNetwork;
import io.flotilla.raft.sim.SimScheduler;
import io.flotilla.raft.sim.invariant.RaftInvariants;
import io.flotilla.raft.sim.invariant.Violation;
import io.flotilla.raft.transport.NodeStart;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * One run of a whole fleet: production nodes and production clients, faults from one seed, every promise checked while
 * it goes on. A run has three parts: faults; then none, and within a bounded virtual time every operation must succeed
 * again; then all data is read, and what every client saw is judged.
 */
public final class FleetSimulation implements FaultPlan.World {
    private static final long SECOND = 1_000_000_000L;
    private static final long HOUR_MILLIS = 3_600_000;
    private static final long LOOK_NANOS = SECOND / 4;
    /** Virtual seconds after the last fault by which everything must work again. */
    private static final int HEALING_SECONDS = 8;
    /** Virtual seconds during which all must succeed. */
    private static final int STRICT_SECONDS = 4;
    /** Virtual seconds after that by which all moves have ended: a voter that lags is waited for 60 s. */
    private static final int MOVE_SECONDS = 150;
    /** Virtual seconds, with faults, in which of all shards that go there and back none gets on. */
    private static final int STUCK_SECONDS = 300;
    /** Longer than any client waits. */
    private static final int LAST_ANSWER_SECONDS = 35;
    /** Virtual seconds within which a node holds nothing for a moment. */
    private static final int QUIET_SECONDS = 5;
    /** Virtual seconds within which a node is told that its directory is an older copy, twice. */
    private static final int FORGOTTEN_SECONDS = 15;
    /** How many looks come between two copies of a directory, on average. */
    private static final int LOOKS_PER_COPY = 40;

    private final SimScheduler scheduler;
    private final SimNetwork network;
    private final SimStreams streams;
    private final RaftInvariants invariants;
    private final ConfigurationsAreImmutable configurations = new ConfigurationsAreImmutable();
    private final Histories histories = new Histories();
    private final ExactlyOnce exactlyOnce = new ExactlyOnce();
    private final Coverage coverage = new Coverage();
    private final FaultPlan faults;
    private final TreeMap<String, SimFleetNode> nodes = new TreeMap<>();
    private final TreeMap<String, SimClient> clients = new TreeMap<>();
    private final List<String> nodeNames;
    private final List<String> clientNames;
    private final SplittableRandom clocks;
    private final SplittableRandom copies;
    private final MoveSteps steps = new MoveSteps();
    private final List<Bank> banks;
    /** Null if no shards move. */
    private final SimOperator operator;
    /** When and for how long; 0 if no client sleeps. */
    private long asleepFrom;

    private long asleepFor;

    private boolean areFaultsOver;
    /** Whatever breaks hinders nobody: all that is asked must be done soon. */
    private final boolean neverExcused;

    public FleetSimulation(long seed) {
        this(seed, FaultPlan.Profile.MIXED);
    }

    public FleetSimulation(long seed, FaultPlan.Profile profile) {
        this(seed, profile, false);
    }

    /** @param moves whether somebody moves shards meanwhile */
    public FleetSimulation(long seed, FaultPlan.Profile profile, boolean moves) {
        this(seed, profile, moves ? FleetShape::forMoves : FleetShape::choose, moves ? RandomMoves::new : null, false);
    }

    /** Two groups, on three nodes or on six of which they share none, between which shards go there and back. */
    static FleetSimulation thereAndBack(long seed) {
        return new FleetSimulation(
                seed,
                FaultPlan.Profile.SELDOM,
                random -> FleetShape.choose(random).with(seed % 2 == 0 ? 3 : 6, 2, 2),
                ThereAndBack::new,
                true);
    }

    private interface Operators {
        SimOperator operator(
                SimScheduler scheduler, SimStreams streams, Supplier<List<String>> endpoints, Coverage coverage);
    }

    /** @param operators null if no shards move */
    private FleetSimulation(
            long seed,
            FaultPlan.Profile profile,
            Function<SplittableRandom, FleetShape> shapes,
            Operators operators,
            boolean onlyBanks) {
        scheduler = new SimScheduler(seed);
        network = new SimNetwork(scheduler);
        invariants = new RaftInvariants(scheduler, Fingerprints::ofResult, Fingerprints::ofState);
        network.observe(invariants);
        invariants.observe(steps);
        streams = new SimStreams(scheduler, network, configurations::sent, this::asked);
        SplittableRandom random = scheduler.randomStream();
        FleetShape shape = shapes.apply(random);
        Members members = new Members();
        for (NodeId id : shape.seeds().keySet()) {
            nodes.put(
                    id.value(),
                    new SimFleetNode(
                            id, shape, scheduler, network, streams, invariants, random.split(), members, coverage));
        }
        Supplier<List<String>> endpoints = () -> new ArrayList<>(addresses().values());
        banks = operators == null ? List.of() : List.of(Bank.at('\u0020'), Bank.at('\u00a0'));
        boolean oneSleeps = operators != null && random.nextBoolean();
        if (oneSleeps) {
            asleepFrom = (2 + random.nextInt(40)) * SECOND;
            asleepFor = (60 + random.nextInt(90)) * SECOND;
        }
        Keys keys = new Keys();
        for (int i = 1; i <= shape.clients(); i++) {
            String name = "c" + i;
            ClientWork work = onlyBanks ? ClientWork.ofBanks(banks) : ClientWork.mixed(banks);
            clients.put(
                    name,
                    new SimClient(
                            name,
                            scheduler,
                            keys,
                            histories,
                            exactlyOnce,
                            streams,
                            endpoints,
                            oneSleeps && i == shape.clients() ? work.sleeping() : work));
        }
        nodeNames = new ArrayList<>(nodes.keySet());
        clientNames = new ArrayList<>(clients.keySet());
        clocks = random.split();
        copies = random.split();
        faults = new FaultPlan(scheduler, network, this, profile, coverage);
        neverExcused = profile == FaultPlan.Profile.CLIENT_CUTS;
        operator = operators == null ? null : operators.operator(scheduler, streams, endpoints, coverage);
        if (operator != null) {
            int oneOf = profile == FaultPlan.Profile.SELDOM ? 50 : 6;
            steps.tell(new StepCrashes(scheduler, oneOf));
        }
    }

    /**
     * Runs with faults for {@code seconds} of virtual time, then to the end.
     *
     * @throws SimFailure with the first promise that was broken, and when
     */
    public void run(int seconds) {
        runParts(() -> run(seconds * SECOND));
    }

    /** The same, with faults until each shard has been away and has come back so often. */
    void runThereAndBack(int times) {
        ThereAndBack traveller = (ThereAndBack) operator;
        runParts(() -> {
            long before = 0;
            long since = scheduler.now();
            while (traveller.times() < times) {
                run(SECOND);
                if (traveller.times() > before) {
                    before = traveller.times();
                    since = scheduler.now();
                } else if (scheduler.now() - since > STUCK_SECONDS * SECOND) {
                    throw new Violation(
                            "Liveness", "no shard got on in %d s after %d times: %s", STUCK_SECONDS, before, moves());
                }
            }
        });
    }

    private void runParts(Runnable withFaults) {
        try {
            runAll(withFaults);
        } catch (Violation | LinearizabilityChecker.UndecidedException e) {
            throw new SimFailure(scheduler.now(), e);
        } finally {
            coverage.add("leaderships", invariants.elections());
            coverage.add("snapshots installed", invariants.installs());
            coverage.add("logs cut", invariants.basesMoved());
            coverage.add("answers", histories.known());
            coverage.add("unknown outcomes", histories.unknown());
            coverage.add("shards that changed hands", steps.handovers());
            banks.forEach(bank -> coverage.add("transfers", bank.book().transfers()));
        }
    }

    private void runAll(Runnable withFaults) {
        nodes.values().forEach(SimFleetNode::start);
        clients.values().forEach(SimClient::start);
        if (operator != null) {
            operator.start();
        }
        look();
        if (asleepFor > 0) {
            scheduler.at(asleepFrom, this::sleep);
        }
        if (neverExcused) {
            run(HEALING_SECONDS * SECOND);
            clients.values().forEach(SimClient::expectSuccess);
        }
        faults.begin();
        withFaults.run();
        faults.end();
        areFaultsOver = true;
        if (operator != null) {
            operator.stopAsking();
        }
        run(HEALING_SECONDS * SECOND);
        nodes.values().forEach(SimFleetNode::takeCopy);
        clients.values().forEach(SimClient::expectSuccess);
        run(STRICT_SECONDS * SECOND);
        nodes.values().forEach(this::checkServes);
        if (operator != null) {
            awaitMoves();
        }
        while (clients.values().stream().anyMatch(SimClient::isAsleep)) {
            run(SECOND);
        }
        clients.values().forEach(SimClient::stopAsking);
        awaitAnswers();
        SimClient client = clients.firstEntry().getValue();
        client.readAll();
        awaitAnswers();
        client.useEveryShard();
        awaitAnswers();
        run(2 * SECOND);
        checkNothingHeld();
        putOneBackThatIsForgotten();
        checkReplicasAgree();
        histories.check();
    }

    /** A leadership that has just been handed over has an entry of its own on its way. */
    private void checkReplicasAgree() {
        long end = scheduler.now() + QUIET_SECONDS * SECOND;
        while (true) {
            try {
                invariants.checkReplicasAgree(node -> !nodes.get(node.value()).isGone());
                return;
            } catch (Violation differs) {
                if (scheduler.now() >= end || !differs.getMessage().startsWith("Liveness")) {
                    throw differs;
                }
                run(SECOND / 10);
            }
        }
    }

    /** Everything is answered and quiet: what was taken of the nodes' bounds is given back. */
    private void checkNothingHeld() {
        for (SimFleetNode node : nodes.values()) {
            // what nodes ask each other takes something for a moment
            long end = scheduler.now() + QUIET_SECONDS * SECOND;
            while (!node.held().isEmpty()) {
                if (scheduler.now() >= end) {
                    throw new Violation("NothingIsHeld", "%s at the end of the run", node.held());
                }
                run(SECOND / 100);
            }
        }
    }

    /**
     * Peers that crashed may have forgotten the last second of what a node told. Then its leaders, which know what it acknowledged, tell a
     * node with an older copy of its directory. One whose leaders changed, too, could not be told: so this comes in quiet, at the end.
     */
    private void putOneBackThatIsForgotten() {
        if (nodes.values().stream().anyMatch(SimFleetNode::isLost)) {
            return;
        }
        for (Map.Entry<String, SimFleetNode> node : nodes.entrySet()) {
            if (node.getValue().hasAcknowledgedMoreThanItsCopy()) {
                nodes.keySet().forEach(other -> network.forget(other, node.getKey()));
                network.mute(node.getKey());
                node.getValue().putBack(true);
                node.getValue().start();
                run(FORGOTTEN_SECONDS * SECOND);
                if (!node.getValue().isGone()) {
                    throw new Violation(
                            "LostEntriesAreTold",
                            "%s acknowledged more than its directory holds, and was not told",
                            node.getKey());
                }
                return;
            }
        }
    }

    private void asked(ClientFrame frame) {
        for (Request request : frame.getRequestsList()) {
            if (request.hasPassOn()) {
                coverage.count("requests to pass on");
            } else if (request.getPassedOn()) {
                coverage.count("requests passed on");
            }
        }
    }

    /** Nothing hinders any move any more: all come to their end, and what they left behind goes. */
    private void awaitMoves() {
        long end = scheduler.now() + MOVE_SECONDS * SECOND;
        while (!movesOver(operator.newest())) {
            if (scheduler.now() >= end) {
                throw new Violation("Liveness", "moves have not ended after %d s: %s", MOVE_SECONDS, moves());
            }
            run(SECOND / 10);
        }
    }

    private void sleep() {
        for (SimClient client : clients.values()) {
            if (client.sleeps()) {
                client.sleep(asleepFor);
                coverage.count("clients that slept for minutes");
            }
        }
    }

    private boolean movesOver(Configuration newest) {
        return newest.getNumber() > 0
                && newest.getShardsList().stream().allMatch(shard -> shard.getTarget() == 0)
                && moves().isEmpty();
    }

    private List<String> moves() {
        return nodes.values().stream().flatMap(node -> node.moves().stream()).toList();
    }

    private void checkServes(SimFleetNode node) {
        String why = node.whyNotServing();
        if (!why.isEmpty()) {
            throw new Violation("Liveness", "%s, %d s after the last fault", why, HEALING_SECONDS + STRICT_SECONDS);
        }
    }

    /** The state of the world, for people. */
    public String describe() {
        StringBuilder text = new StringBuilder();
        nodes.values().forEach(node -> text.append(node.describe()).append(System.lineSeparator()));
        unanswered().forEach(each -> text.append("unanswered: ").append(each).append(System.lineSeparator()));
        return text.append("so far: ").append(coverage).toString();
    }

    /** What happened, and how often. */
    public Coverage coverage() {
        return coverage;
    }

    /** Where the nodes are now; where they were first until all have known a configuration. */
    private SortedMap<NodeId, String> addresses() {
        TreeMap<NodeId, String> all = new TreeMap<>();
        nodes.forEach((name, node) -> all.put(new NodeId(name), node.address()));
        return all;
    }

    /** Now and then a leader that has to do with a move crashes right after a step of it. */
    private final class StepCrashes implements MoveSteps.Listener {
        private static final long MOST_NANOS = 30_000_000L;

        private final SplittableRandom random;
        private final int oneOf;

        StepCrashes(SimScheduler scheduler, int oneOf) {
            this.random = scheduler.randomStream();
            this.oneOf = oneOf;
        }

        @Override
        public void applied(KvCommand.KindCase kind, long group, long shard) {
            if (random.nextInt(oneOf) > 0) {
                return;
            }
            long[] groups = {ControllerService.GROUP, group, other(group, shard)};
            int choice = random.nextInt(groups.length);
            scheduler.after(random.nextLong(MOST_NANOS), () -> {
                NodeId leader = invariants.leaderOf(groups[choice]);
                if (leader != null && faults.crashNow(leader.value())) {
                    String who = choice == 0 ? "the controller" : choice == 1 ? "the group itself" : "the other group";
                    coverage.count("crashes after " + kind + ": the leader of " + who);
                }
            });
        }

        /** The other end of the shard's move, as far as that is known. */
        private long other(long group, long shard) {
            for (Shard known : operator.seen().getShardsList()) {
                if (known.getId() == shard && known.getTarget() != 0) {
                    return known.getTarget() == group ? known.getGroup() : known.getTarget();
                }
            }
            return group;
        }
    }

    private final class Members implements SimFleetNode.Fleet {
        @Override
        public SortedMap<NodeId, String> addresses() {
            return FleetSimulation.this.addresses();
        }

        @Override
        public void stopped(NodeId node) {
            faults.stopped(node.value());
        }
    }

    private void run(long nanos) {
        scheduler.runUntil(scheduler.now() + nanos);
    }

    private void awaitAnswers() {
        long end = scheduler.now() + LAST_ANSWER_SECONDS * SECOND;
        while (!unanswered().isEmpty()) {
            if (scheduler.now() >= end) {
                throw new Violation("Liveness", "these operations never ended: %s", unanswered());
            }
            run(SECOND / 10);
        }
    }

    private List<String> unanswered() {
        List<String> all = new ArrayList<>();
        clients.values().forEach(client -> all.addAll(client.unanswered()));
        return all;
    }

    /** Looks at every node again and again: what it says of itself only grows while it lives. */
    private void look() {
        for (SimFleetNode node : nodes.values()) {
            if (!areFaultsOver && copies.nextInt(LOOKS_PER_COPY) == 0) {
                node.takeCopy();
            }
        }
        nodes.values().forEach(node -> node.look(invariants.monotonicity()));
        scheduler.after(LOOK_NANOS, this::look);
    }

    /** The fingerprint of all that happened. */
    public long trace() {
        return scheduler.trace().value();
    }

    /** Virtual seconds since the beginning. */
    public double seconds() {
        return scheduler.now() / 1e9;
    }

    public String summary() {
        return String.format(
                "%d nodes, %d clients, %d faults, %d leaderships, %d answers, %d unknown, %d events, trace %016x",
                nodes.size(),
                clients.size(),
                faults.faults(),
                invariants.elections(),
                histories.known(),
                histories.unknown(),
                scheduler.trace().events(),
                trace());
    }

    @Override
    public List<String> nodes() {
        return nodeNames;
    }

    @Override
    public List<String> clients() {
        return clientNames;
    }

    @Override
    public boolean isUp(String node) {
        return nodes.get(node).isUp();
    }

    @Override
    public void crash(String node, boolean powerCut) {
        nodes.get(node).crash(powerCut);
    }

    @Override
    public void start(String node) {
        nodes.get(node).start();
    }

    @Override
    public void pause(String name, long nanos) {
        nodes.get(name).pause(nanos);
    }

    @Override
    public void holdLane(String name, long nanos) {
        nodes.get(name).holdLane(nanos);
    }

    @Override
    public void close(String node, Runnable closed) {
        nodes.get(node).close(closed);
    }

    @Override
    public boolean move(String node) {
        if (!nodes.values().stream().allMatch(SimFleetNode::isFounded) || !othersStayed(node)) {
            return false;
        }
        nodes.get(node).move();
        return true;
    }

    /** One node stays where it was, for clients that come back and know the first addresses only. */
    private boolean othersStayed(String node) {
        return nodes.entrySet().stream()
                .anyMatch(other -> !other.getKey().equals(node)
                        && !other.getValue().hasMoved()
                        && !other.getValue().isLost());
    }

    @Override
    public void setWallClock(String node, long offByMillis) {
        nodes.get(node).setWallClock(offByMillis);
        if (Math.abs(offByMillis) > HOUR_MILLIS && clocks.nextBoolean()) {
            // most who set a clock to another day notice soon
            scheduler.after(
                    1 + clocks.nextLong(2 * SECOND), () -> nodes.get(node).setWallClock(offByMillis % 1_000));
        }
    }

    @Override
    public void stallDisk(String node, long nanos) {
        nodes.get(node).disk().stall(nanos);
    }

    @Override
    public void fillDisk(String node, long left) {
        SimDisk disk = nodes.get(node).disk();
        disk.capacity(disk.usedBytes() + left);
    }

    @Override
    public void mendDisk(String node) {
        nodes.get(node).disk().mend();
    }

    @Override
    public void failSync(String node, int passing) {
        nodes.get(node).disk().failForceAfter(passing);
    }

    @Override
    public boolean rot(String node) {
        return othersStayed(node) && nodes.get(node).rot();
    }

    @Override
    public boolean putBack(String name) {
        SimFleetNode node = nodes.get(name);
        if (node.copy() == null || node.isLost() || !othersStayed(name)) {
            return false;
        }
        NodeId id = new NodeId(name);
        NodeStart start = node.startOfCopy();
        for (SimFleetNode other : nodes.values()) {
            if (start == null || other != node && !other.isLost() && !other.refuses(id, start)) {
                return false;
            }
        }
        network.mute(name);
        node.putBack(false);
        return true;
    }

    @Override
    public boolean isGone(String node) {
        return nodes.get(node).isGone();
    }

    @Override
    public Set<FaultPlan.Kind> impossible() {
        return EnumSet.noneOf(FaultPlan.Kind.class);
    }

    @Override
    public void restartClient(String client) {
        clients.get(client).restart();
    }

    @Override
    public void setSyncLatency(String node, long minNanos, long maxNanos) {
        nodes.get(node).setSyncLatency(minNanos, maxNanos);
    }

    @Override
    public String someLeader() {
        return invariants.lastLeader() == null ? null : invariants.lastLeader().value();
    }
}
