package io.flotilla.raft.sim;

import io.flotilla.raft.core.CoreConfig;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipEntry;
import io.flotilla.raft.host.GroupStatus;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.host.ReadAt;
import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.host.TransferCallback;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.sim.invariant.LinearizableReads;
import io.flotilla.raft.sim.invariant.Liveness;
import io.flotilla.raft.sim.invariant.RaftInvariants;
import io.flotilla.raft.sim.invariant.Violation;
import io.flotilla.raft.transfer.TransferConfig;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * The library alone under the simulator: production core, host and log on a few nodes with a few groups, proposals and
 * reads through the host's door, faults from one seed, then a time without faults in which everything must work again.
 */
final class GroupSimulation implements FaultPlan.World {
    private static final long SECOND = 1_000_000_000L;
    private static final int GROUPS = 3;
    private static final int GUARDED_GROUP = 1;

    private final SimScheduler scheduler;
    private final SimNetwork network;
    private final RaftInvariants invariants;
    private final FaultPlan faults;
    private final SplittableRandom random;
    private final List<GroupNode> nodes = new ArrayList<>();
    private final List<String> names = new ArrayList<>();
    private final LinearizableReads linearizableReads = new LinearizableReads();
    private final Coverage coverage = new Coverage();
    private final List<GroupDescriptor> founded = new ArrayList<>();
    /** Null if memberships stay as they are. */
    private final MembershipOwner owner;
    /** Null if no entries are guarded. */
    private final HoldBook holds;

    private boolean calm;
    private boolean quiet;
    private long proposed;
    private long acknowledgements;
    private long reads;
    private long transfers;

    GroupSimulation(long seed) {
        this(seed, FaultPlan.Profile.MIXED, changesMemberships(seed), false);
    }

    /** Whether the memberships change in a seed's run. */
    static boolean changesMemberships(long seed) {
        return seed % 4 != 0;
    }

    /** With memberships that stay as they are. */
    GroupSimulation(long seed, FaultPlan.Profile profile) {
        this(seed, profile, false, false);
    }

    /** With guarded entries in one of the groups, and memberships that change in three seeds of four. */
    static GroupSimulation guarded(long seed) {
        return new GroupSimulation(seed, FaultPlan.Profile.MIXED, changesMemberships(seed), true);
    }

    private GroupSimulation(long seed, FaultPlan.Profile profile, boolean changes, boolean guarded) {
        scheduler = new SimScheduler(seed);
        network = new SimNetwork(scheduler);
        random = scheduler.randomStream();
        invariants = new RaftInvariants(
                scheduler,
                result -> result == null ? 0 : (Long) result,
                machine -> machine.as(ChainMachine.class).chain());
        network.observe(invariants);
        int size = changes ? 3 + random.nextInt(5) : random.nextInt(3) == 0 ? 5 : 3;
        int appendBytes = random.nextBoolean() ? 40 : 192 << 10;
        CoreConfig core =
                new CoreConfig(20, 5, appendBytes, 1 + random.nextInt(64), 4 << 20, 1 << 20, 1 << 20, 4 << 10, true);
        int segmentBytes = random.nextInt(5) == 0 ? 1 << 20 : 8192 << random.nextInt(2);
        int maxDriftPpm = random.nextBoolean() ? 45_000 : 200;
        TransferConfig snapshots = new TransferConfig(
                1 + random.nextInt(2),
                1 + random.nextInt(2),
                100 + random.nextInt(2_000),
                1 + random.nextInt(8),
                10_000L << random.nextInt(10),
                SECOND / 4,
                SECOND / 2,
                3 * SECOND);
        List<NodeId> ids = new ArrayList<>();
        for (int i = 1; i <= size; i++) {
            ids.add(new NodeId("n" + i));
            names.add("n" + i);
        }
        int founders = changes ? 1 + random.nextInt(size) : size;
        for (int group = 0; group < GROUPS; group++) {
            founded.add(new GroupDescriptor(group, Membership.of(ids.subList(0, founders)), new byte[0]));
        }
        holds = guarded ? new HoldBook(scheduler, ids, coverage) : null;
        if (guarded) {
            invariants.judgeHolds(holds::holds);
        }
        GroupNode.World world = new GroupNode.World(
                scheduler,
                network,
                invariants,
                random,
                core,
                snapshots,
                segmentBytes,
                maxDriftPpm,
                ids,
                founded,
                holds,
                coverage);
        for (NodeId id : ids) {
            nodes.add(new GroupNode(id, world, this::stopped));
        }
        owner = changes ? new MembershipOwner(scheduler, fleet, founded, coverage) : null;
        invariants.properties().askForMemberships(this::inForce);
        faults = new FaultPlan(scheduler, network, this, profile, coverage);
    }

    /** Runs for about {@code seconds} of virtual time with faults, then until all is well again. */
    void run(int seconds) {
        nodes.forEach(GroupNode::start);
        faults.begin();
        propose();
        read();
        transfer();
        if (owner != null) {
            owner.begin();
        }
        if (holds != null) {
            proposeGuarded();
        }
        scheduler.runUntil(seconds * SECOND);
        faults.end();
        calm = true;
        if (owner != null) {
            owner.calmDown();
        }
        long[] before = new long[GROUPS];
        Arrays.setAll(before, linearizableReads::acknowledged);
        // a disk may be stalled for ten seconds more, until the leader that waits for it gives up; and a change of
        // membership may need a replica that needs a snapshot first, one of the slowest kind
        // or what entries that are held back name must come first, one after the other
        int patience = holds == null ? 20 : 30;
        scheduler.runUntil((seconds + patience) * SECOND);
        for (int group = 0; group < GROUPS; group++) {
            long atEnd = before[group];
            int id = group;
            check(() -> Liveness.progressed(id, atEnd, linearizableReads.acknowledged(id), patience));
        }
        quiet = true;
        // a snapshot of the slowest kind takes its time, and others may come before it
        scheduler.runUntil((seconds + patience + 50) * SECOND);
        // and if many need one, they get theirs one after another
        for (int more = 0; more < 20 && misfit() != null; more++) {
            scheduler.runUntil(scheduler.now() + 10 * SECOND);
        }
        nodes.forEach(GroupNode::countReads);
        check(() -> nodes.forEach(GroupNode::checkPeers));
        check(this::checkMemberships);
        check(() -> invariants.checkReplicasAgree(node -> true));
    }

    private List<MembershipEntry> inForce(long group) {
        List<MembershipEntry> all = new ArrayList<>();
        for (GroupNode node : nodes) {
            GroupStatus status = node.host() == null ? null : node.host().status(group);
            if (status != null) {
                all.add(status.newest());
            }
        }
        return all;
    }

    private void checkMemberships() {
        String misfit = misfit();
        if (misfit != null) {
            throw new Violation("Liveness", "%s", misfit);
        }
    }

    /** Who is a member by what was committed last has a replica that knows it, and nobody else has one; else what is wrong. */
    private String misfit() {
        for (int group = 0; group < GROUPS; group++) {
            Membership committed = invariants.properties().membership(group);
            for (GroupNode node : nodes) {
                GroupStatus status = node.host().status(group);
                boolean fits = committed.contains(node.id)
                        ? status != null && status.membership().equals(committed) && !committed.isJoint()
                        : status == null;
                if (!fits) {
                    return "group " + group + " has " + committed + ", but " + node.id + " has " + status + "; all: "
                            + statuses(group);
                }
            }
        }
        return null;
    }

    private List<String> statuses(long group) {
        return nodes.stream()
                .map(node -> node.id + " " + node.host().status(group))
                .toList();
    }

    private final MembershipOwner.Fleet fleet = new MembershipOwner.Fleet() {
        @Override
        public List<NodeId> nodes() {
            return nodes.stream().map(node -> node.id).toList();
        }

        @Override
        public RaftHost host(NodeId id) {
            return node(id.value()).host();
        }
    };

    Coverage coverage() {
        return coverage;
    }

    private void check(Runnable property) {
        try {
            property.run();
        } catch (Violation e) {
            throw new SimFailure(scheduler.now(), e);
        }
    }

    String summary() {
        return String.format(
                "%d nodes, %d faults, %d elections, %d proposals, %d acknowledged, %d reads, %d of them leased, %d snapshots, %d transfers,"
                        + " trace %016x",
                nodes.size(),
                faults.faults(),
                invariants.elections(),
                proposed,
                acknowledgements,
                reads,
                leasedReads(),
                invariants.installs(),
                transfers,
                scheduler.trace().value());
    }

    long installs() {
        return invariants.installs();
    }

    /** How often another node took over because it was to. */
    long transfers() {
        return transfers;
    }

    /** Reads that asked nobody. */
    long leasedReads() {
        return nodes.stream().mapToLong(GroupNode::leasedReads).sum();
    }

    long virtualNanos() {
        return scheduler.now();
    }

    long events() {
        return scheduler.trace().events();
    }

    long trace() {
        return scheduler.trace().value();
    }

    private void propose() {
        if (quiet) {
            return;
        }
        scheduler.after(1 + random.nextLong(SECOND / 50), this::propose);
        GroupNode node = nodes.get(random.nextInt(nodes.size()));
        int group = random.nextInt(GROUPS);
        if (node.host() == null) {
            return;
        }
        int burst = random.nextInt(10) == 0 ? 20 : 1;
        for (int i = 0; i < burst; i++) {
            proposed++;
            byte[] payload = ("p" + proposed + "-".repeat(random.nextInt(60))).getBytes(StandardCharsets.US_ASCII);
            node.host().propose(group, payload, new ProposalCallback() {
                @Override
                public void applied(long index, Object result) {
                    acknowledgements++;
                    linearizableReads.acknowledges(group, index);
                }

                @Override
                public void refused(Refusal refusal) {}
            });
        }
    }

    private void proposeGuarded() {
        if (!calm) {
            scheduler.after(1 + random.nextLong(3 * SECOND), this::proposeGuarded);
            proposeGuarded(holds.next(), 20);
        }
    }

    /** As who drives a move does: here and there, until it is done. */
    private void proposeGuarded(String name, int attempts) {
        GroupNode node = nodes.get(random.nextInt(nodes.size()));
        if (attempts == 0 || calm) {
            return;
        }
        boolean[] done = {false};
        scheduler.after(SECOND / 20 + random.nextLong(SECOND / 4), () -> {
            if (!done[0]) {
                proposeGuarded(name, attempts - 1);
            }
        });
        if (node.host() == null) {
            return;
        }
        node.host().proposeGuarded(GUARDED_GROUP, name.getBytes(StandardCharsets.US_ASCII), new ProposalCallback() {
            @Override
            public void applied(long index, Object result) {
                done[0] = true;
                coverage.count("guarded entries applied");
                linearizableReads.acknowledges(GUARDED_GROUP, index);
            }

            @Override
            public void refused(Refusal refusal) {
                if (refusal instanceof Refusal.Guarded) {
                    coverage.count("guarded commands refused");
                }
            }
        });
    }

    private void read() {
        scheduler.after(1 + random.nextLong(SECOND / 50), this::read);
        GroupNode node = nodes.get(random.nextInt(nodes.size()));
        int group = random.nextInt(GROUPS);
        if (node.host() == null) {
            return;
        }
        long floor = linearizableReads.floor(group);
        ReadAt at = random.nextBoolean() ? ReadAt.ANY_REPLICA : ReadAt.LEADER;
        int burst = random.nextInt(20) == 0 ? 20 : 1;
        boolean isLong = random.nextInt(8) == 0;
        for (int i = 0; i < burst; i++) {
            node.host().read(group, at, new ReadCallback() {
                @Override
                public Runnable read(StateMachine machine) {
                    long index = machine.appliedIndex();
                    return () -> {
                        reads++;
                        linearizableReads.answers(group, node.id, floor, index);
                    };
                }

                @Override
                public boolean isLong() {
                    return isLong;
                }

                @Override
                public void refused(Refusal refusal) {}
            });
        }
    }

    /** Somebody wants another leader, who may not be there, or may lead already. */
    private void transfer() {
        if (quiet) {
            return;
        }
        scheduler.after(random.nextLong(4 * SECOND), this::transfer);
        GroupNode node = nodes.get(random.nextInt(nodes.size()));
        NodeId target = nodes.get(random.nextInt(nodes.size())).id;
        if (node.host() == null) {
            return;
        }
        node.host().transferLeadership(random.nextInt(GROUPS), target, new TransferCallback() {
            @Override
            public void transferred(NodeId leader) {
                if (!leader.equals(node.id)) {
                    transfers++;
                }
            }

            @Override
            public void refused(Refusal refusal) {}
        });
    }

    private void stopped(GroupNode node) {
        faults.stopped(node.id.value());
    }

    private GroupNode node(String name) {
        return nodes.get(names.indexOf(name));
    }

    @Override
    public List<String> nodes() {
        return names;
    }

    @Override
    public List<String> clients() {
        return List.of();
    }

    @Override
    public boolean isUp(String name) {
        return node(name).isUp();
    }

    @Override
    public void crash(String name, boolean powerCut) {
        node(name).crash(powerCut);
    }

    @Override
    public void start(String name) {
        node(name).start();
    }

    @Override
    public void pause(String name, long nanos) {
        node(name).pause(nanos);
    }

    @Override
    public void holdLane(String name, long nanos) {
        node(name).holdLane(nanos);
    }

    @Override
    public void close(String name, Runnable closed) {
        throw new UnsupportedOperationException("nodes are never closed here");
    }

    @Override
    public boolean move(String name) {
        return false;
    }

    @Override
    public void setWallClock(String name, long offByMillis) {
        node(name).setWallClock(offByMillis);
    }

    @Override
    public void stallDisk(String name, long nanos) {
        node(name).disk().stall(nanos);
    }

    @Override
    public void fillDisk(String name, long left) {
        node(name).disk().capacity(node(name).disk().usedBytes() + left);
    }

    @Override
    public void mendDisk(String name) {
        node(name).disk().mend();
    }

    @Override
    public void failSync(String name, int passing) {
        node(name).disk().failForceAfter(passing);
    }

    @Override
    public boolean rot(String name) {
        return false;
    }

    @Override
    public boolean isGone(String name) {
        return false;
    }

    @Override
    public Set<FaultPlan.Kind> impossible() {
        return EnumSet.of(
                FaultPlan.Kind.CLOSE,
                FaultPlan.Kind.MOVE,
                FaultPlan.Kind.ROT,
                FaultPlan.Kind.PUT_BACK,
                FaultPlan.Kind.RESTART_CLIENT);
    }

    @Override
    public void restartClient(String client) {
        throw new UnsupportedOperationException("there are no clients here");
    }

    @Override
    public void setSyncLatency(String name, long minNanos, long maxNanos) {
        node(name).disk().syncLatency(minNanos, maxNanos);
    }

    @Override
    public String someLeader() {
        return invariants.lastLeader() == null ? null : invariants.lastLeader().value();
    }
}
