package io.flotilla.raft.sim;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.transport.GroupMessage;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What goes wrong in a run, and when. Each seed chooses which kinds of faults there are and how often they come, so
 * that seeds differ in character and not only in detail.
 */
public final class FaultPlan {
    private static final long MILLI = 1_000_000L;

    /** What can be broken. Places are named as in the network. */
    public interface World {
        /** All nodes, up or down, always in the same order. */
        List<String> nodes();

        List<String> clients();

        boolean isUp(String node);

        /** Ends a node at once. @param powerCut its disk also loses what it had not synced */
        void crash(String node, boolean powerCut);

        void start(String node);

        /** Stops a node's process for a while if it is up. */
        void pause(String node, long nanos);

        void restartClient(String client);

        void setSyncLatency(String node, long minNanos, long maxNanos);

        /** A node that led a group lately, or null. */
        String someLeader();
    }

    /** Which faults there are. */
    public enum Profile {
        /** The seed's choice of all kinds. */
        MIXED,
        /** Elections all the time, under the worst circumstances for them. */
        ELECTIONS
    }

    private enum Kind {
        CRASH_ONE,
        CRASH_LEADER,
        CRASH_BRIEFLY,
        CRASH_ALL,
        ISOLATE,
        ISOLATE_LEADER,
        CUT_ONE_WAY,
        SPLIT,
        BAD_NETWORK,
        SLOW_DISK,
        PAUSE,
        /** A leader that stops for so long that another one takes its place, and does not hear of it when it goes on. */
        FREEZE_LEADER,
        /** Elections meet: messages linger and come twice, and voters crash just after they voted. */
        ELECTION_STORM,
        RESTART_CLIENT
    }

    private final SimScheduler scheduler;
    private final SimNetwork network;
    private final World world;
    private final SplittableRandom random;
    private final List<Kind> kinds = new ArrayList<>();
    private final long meanGap;
    private final SimNetwork.Quality usual;
    private boolean over;
    private long stormUntil;
    private int faults;

    public FaultPlan(SimScheduler scheduler, SimNetwork network, World world, Profile profile) {
        this.scheduler = scheduler;
        this.network = network;
        this.world = world;
        this.random = scheduler.randomStream();
        if (profile == Profile.ELECTIONS) {
            kinds.add(Kind.ELECTION_STORM);
        } else {
            chooseKinds();
        }
        meanGap = between(100, 3_000);
        network.observe(this::voted);
        usual = random.nextInt(3) == 0 ? badQuality(0.1) : SimNetwork.Quality.healthy();
    }

    private void chooseKinds() {
        for (Kind kind : Kind.values()) {
            int weight = random.nextInt(3) == 0 ? 0 : 1 + random.nextInt(4);
            if (kind == Kind.CRASH_ALL || kind == Kind.RESTART_CLIENT || kind == Kind.ELECTION_STORM) {
                weight = Math.min(weight, 1);
            }
            for (int i = 0; i < weight; i++) {
                kinds.add(kind);
            }
        }
        if (kinds.isEmpty()) {
            kinds.add(Kind.CRASH_LEADER);
        }
    }

    /** Faults come from now on. */
    public void begin() {
        network.setQuality(usual);
        next();
    }

    /** No more faults; what is broken is repaired at once. */
    public void end() {
        over = true;
        network.healAll();
        network.setQuality(SimNetwork.Quality.healthy());
        for (String node : world.nodes()) {
            normalDisk(node);
            start(node);
        }
    }

    /** How many faults there were. */
    public int faults() {
        return faults;
    }

    private void next() {
        scheduler.after(random.nextLong(2 * meanGap) + MILLI, () -> {
            if (!over) {
                faults++;
                strike(kinds.get(random.nextInt(kinds.size())));
                next();
            }
        });
    }

    private void strike(Kind kind) {
        switch (kind) {
            case CRASH_ONE -> crash(someNode(), duration(20, 10_000));
            case CRASH_LEADER -> crash(leader(), duration(20, 10_000));
            case CRASH_BRIEFLY -> crash(someNode(), between(1, 60));
            case CRASH_ALL -> {
                for (String node : world.nodes()) {
                    crash(node, between(10, 3_000));
                }
            }
            case ISOLATE -> isolate(someNode(), duration(100, 10_000));
            case ISOLATE_LEADER -> isolate(leader(), duration(100, 10_000));
            case CUT_ONE_WAY -> cut(somePlace(), somePlace(), duration(100, 10_000));
            case SPLIT -> split();
            case BAD_NETWORK -> {
                network.setQuality(badQuality(0.4));
                later(duration(300, 8_000), () -> network.setQuality(usual));
            }
            case SLOW_DISK -> {
                String node = someNode();
                long slow = between(5, 600);
                world.setSyncLatency(node, slow / 4, slow);
                later(duration(500, 8_000), () -> normalDisk(node));
            }
            case PAUSE -> world.pause(random.nextBoolean() ? leader() : someNode(), duration(100, 8_000));
            case FREEZE_LEADER -> freeze(leader());
            case ELECTION_STORM -> storm();
            case RESTART_CLIENT -> {
                if (!world.clients().isEmpty()) {
                    world.restartClient(pick(world.clients()));
                }
            }
        }
    }

    private void storm() {
        long length = between(2_000, 6_000);
        stormUntil = scheduler.now() + length;
        network.setQuality(new SimNetwork.Quality(0.05, 0.5, 0.5, between(100, 1_500), MILLI / 10, 5 * MILLI));
        crash(leader(), between(500, 3_000));
        later(length, () -> network.setQuality(usual));
    }

    private void voted(NodeId voter, NodeId candidate, GroupMessage message) {
        if (scheduler.now() < stormUntil
                && message.message() instanceof Message.VoteReply reply
                && reply.granted()
                && random.nextInt(4) == 0) {
            later(between(1, 10), () -> crash(voter.value(), between(1, 50)));
        }
    }

    private void crash(String node, long downFor) {
        if (world.isUp(node)) {
            world.crash(node, random.nextInt(4) > 0);
            scheduler.after(downFor, () -> start(node));
        }
    }

    private void start(String node) {
        if (!world.isUp(node)) {
            world.start(node);
        }
    }

    private void freeze(String node) {
        long frozen = between(1_500, 4_000);
        world.pause(node, frozen);
        isolate(node, frozen + between(300, 2_500));
        if (!world.clients().isEmpty() && random.nextBoolean()) {
            // one that knows nothing asks whoever comes first
            later(frozen, () -> world.restartClient(pick(world.clients())));
        }
    }

    private void isolate(String node, long length) {
        for (String other : world.nodes()) {
            if (!other.equals(node)) {
                cut(node, other, length);
                cut(other, node, length);
            }
        }
    }

    private void split() {
        long length = duration(300, 10_000);
        List<String> places = new ArrayList<>(world.nodes());
        places.addAll(world.clients());
        List<String> left = new ArrayList<>();
        List<String> right = new ArrayList<>();
        for (String place : places) {
            (random.nextBoolean() ? left : right).add(place);
        }
        for (String a : left) {
            for (String b : right) {
                cut(a, b, length);
                cut(b, a, length);
            }
        }
    }

    private void cut(String from, String to, long length) {
        network.cut(from, to);
        later(length, () -> network.heal(from, to));
    }

    private void later(long delay, Runnable repair) {
        scheduler.after(delay, () -> {
            if (!over) {
                repair.run();
            }
        });
    }

    private void normalDisk(String node) {
        world.setSyncLatency(node, MILLI / 10, MILLI / 2);
    }

    private SimNetwork.Quality badQuality(double worst) {
        return new SimNetwork.Quality(
                random.nextDouble() * worst / 2,
                random.nextDouble() * worst,
                random.nextDouble() * worst,
                between(1, 800),
                MILLI / 10,
                between(1, 60));
    }

    private String leader() {
        String leader = world.someLeader();
        return leader == null ? someNode() : leader;
    }

    private String someNode() {
        return pick(world.nodes());
    }

    private String somePlace() {
        int nodes = world.nodes().size();
        int i = random.nextInt(nodes + world.clients().size());
        return i < nodes ? world.nodes().get(i) : world.clients().get(i - nodes);
    }

    private String pick(List<String> from) {
        return from.get(random.nextInt(from.size()));
    }

    private long between(long minMillis, long maxMillis) {
        return (minMillis + random.nextLong(maxMillis - minMillis + 1)) * MILLI;
    }

    /** Mostly short, sometimes long. */
    private long duration(long minMillis, long maxMillis) {
        double part = random.nextDouble();
        return between(minMillis, minMillis + (long) ((maxMillis - minMillis) * part * part * part));
    }
}
