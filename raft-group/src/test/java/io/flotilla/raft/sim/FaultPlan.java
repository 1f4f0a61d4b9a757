package io.flotilla.raft.sim;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.transport.GroupMessage;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;

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

        /** One lane of a node, if it is up, does not get on with its task for a while. */
        void holdLane(String node, long nanos);

        /** Stops a node in order, if it is up. @param closed called when it is down; not if it crashes before */
        void close(String node, Runnable closed);

        /** From its next start on the node serves at another address. @return false if the fleet is not founded yet */
        boolean move(String node);

        /** The node's wall clock is set to another time. */
        void setWallClock(String node, long offByMillis);

        void restartClient(String client);

        void setSyncLatency(String node, long minNanos, long maxNanos);

        /** The next sync of the node's disk takes that long. */
        void stallDisk(String node, long nanos);

        /** The node's disk has that many bytes left from now on. */
        void fillDisk(String node, long left);

        /** The node's disk has room again, and works. */
        void mendDisk(String node);

        /** Some sync of the node's disk fails soon. @param passing syncs until then */
        void failSync(String node, int passing);

        /**
         * Bits of a node's log rot so that it can be seen. The node is crashed for it, must refuse to start, and is never
         * seen again.
         *
         * @return false if there was nothing to rot
         */
        boolean rot(String node);

        /**
         * The node is down, and an older copy of its directory is put in its place. Every other node must refuse it, and it is never seen
         * again.
         *
         * @return false if there is no such copy, or somebody might believe it
         */
        default boolean putBack(String node) {
            return false;
        }

        /** Whether the node can never come back. */
        boolean isGone(String node);

        /** What can't be done here. */
        Set<Kind> impossible();

        /** A node that led a group lately, or null. */
        String someLeader();
    }

    /** Which faults there are. */
    public enum Profile {
        /** The seed's choice of all kinds. */
        MIXED,
        /** Elections all the time, under the worst circumstances for them. */
        ELECTIONS,
        /** As {@link #MIXED}, but one in ten seconds or so. */
        SELDOM,
        /** Nothing but cuts between all clients and one leader, one after the other: nobody has an excuse. */
        CLIENT_CUTS
    }

    /** One kind of fault. */
    public enum Kind {
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
        /** One lane of a node is stalled, the others go on. */
        HELD_LANE,
        /** A leader that stops for so long that another one takes its place, and does not hear of it when it goes on. */
        FREEZE_LEADER,
        /** Elections meet: messages linger and come twice, and voters crash just after they voted. */
        ELECTION_STORM,
        RESTART_CLIENT,
        /** A node is stopped in order and started again. */
        CLOSE,
        /** A node comes back at another address. */
        MOVE,
        WALL_CLOCK,
        /** One sync takes seconds. */
        STALLED_DISK,
        /** No space is left for a while. */
        FULL_DISK,
        FAILED_SYNC,
        /** A node's log rots: that node is lost. At most one in a run, or one of the next kind. */
        ROT,
        /** An older copy of a node's directory is put back: that node is lost. */
        PUT_BACK,
        /** No client reaches a leader, nor it them, while all nodes reach each other. */
        CUT_CLIENTS
    }

    private static final Set<Kind> RARE =
            EnumSet.of(Kind.CRASH_ALL, Kind.RESTART_CLIENT, Kind.ELECTION_STORM, Kind.MOVE, Kind.ROT, Kind.PUT_BACK);

    /** A stall begins with the next sync only. */
    private static final long STALL_MARGIN = 10_000_000_000L;

    private final SimScheduler scheduler;
    private final SimNetwork network;
    private final World world;
    private final SplittableRandom random;
    private final List<Kind> kinds = new ArrayList<>();
    private final long meanGap;
    private final SimNetwork.Quality usual;
    private final Coverage coverage;
    private boolean over;
    private boolean lostANode;
    private long stormUntil;
    private long clientsCutUntil;
    /** Nodes whose disks are so slow that they can't be started. */
    private final Set<String> verySlow = new TreeSet<>();
    /** Until when, at most, the next sync of a node's disk is stalled. */
    private final Map<String, Long> stalledUntil = new TreeMap<>();

    private int faults;

    public FaultPlan(SimScheduler scheduler, SimNetwork network, World world, Profile profile, Coverage coverage) {
        this.scheduler = scheduler;
        this.network = network;
        this.world = world;
        this.coverage = coverage;
        this.random = scheduler.randomStream();
        switch (profile) {
            case MIXED, SELDOM -> chooseKinds();
            case ELECTIONS -> kinds.add(Kind.ELECTION_STORM);
            case CLIENT_CUTS -> kinds.add(Kind.CUT_CLIENTS);
        }
        meanGap = profile == Profile.SELDOM ? between(5_000, 15_000) : between(100, 3_000);
        network.observe(this::voted);
        boolean bad = random.nextInt(3) == 0 && profile != Profile.CLIENT_CUTS;
        usual = bad ? badQuality(0.1) : SimNetwork.Quality.healthy();
    }

    private void chooseKinds() {
        for (Kind kind : Kind.values()) {
            int weight = random.nextInt(3) == 0 ? 0 : 1 + random.nextInt(4);
            if (RARE.contains(kind)) {
                weight = Math.min(weight, 1);
            }
            if (world.impossible().contains(kind)) {
                weight = 0;
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
            world.mendDisk(node);
            start(node);
        }
    }

    /** A node has stopped by itself because of what was done to its disk. Somebody starts it again. */
    public void stopped(String node) {
        coverage.count("nodes that stopped because of their disk");
        scheduler.after(over ? 0 : duration(100, 5_000), () -> start(node));
    }

    /**
     * Crashes a node at a moment that somebody else has chosen, unless the faults are over.
     *
     * @return whether it was up
     */
    public boolean crashNow(String node) {
        return !over && crash(node, duration(20, 10_000));
    }

    /** How many faults there were. */
    public int faults() {
        return faults;
    }

    private void next() {
        scheduler.after(random.nextLong(2 * meanGap) + MILLI, () -> {
            if (!over) {
                faults++;
                Kind kind = kinds.get(random.nextInt(kinds.size()));
                if (strike(kind)) {
                    coverage.count(kind.name().toLowerCase(Locale.ROOT).replace('_', ' '));
                }
                next();
            }
        });
    }

    /** Returns whether there was something to break. */
    private boolean strike(Kind kind) {
        switch (kind) {
            case CRASH_ONE -> {
                return crash(someNode(), duration(20, 10_000));
            }
            case CRASH_LEADER -> {
                return crash(leader(), duration(20, 10_000));
            }
            case CRASH_BRIEFLY -> {
                return crash(someNode(), between(1, 60));
            }
            case CRASH_ALL -> {
                for (String node : world.nodes()) {
                    crash(node, between(10, 3_000));
                }
            }
            case ISOLATE -> isolate(someNode(), duration(100, 10_000));
            case ISOLATE_LEADER -> isolate(leader(), duration(100, 10_000));
            case CUT_ONE_WAY -> cut(somePlace(), somePlace(), duration(100, 10_000));
            case SPLIT -> split();
            case CUT_CLIENTS -> {
                return cutClients(leader());
            }
            case BAD_NETWORK -> {
                network.setQuality(badQuality(0.4));
                later(duration(300, 8_000), () -> network.setQuality(usual));
            }
            case PAUSE -> world.pause(random.nextBoolean() ? leader() : someNode(), duration(100, 8_000));
            case HELD_LANE -> world.holdLane(random.nextBoolean() ? leader() : someNode(), duration(100, 4_000));
            case FREEZE_LEADER -> freeze(leader());
            case ELECTION_STORM -> storm();
            case RESTART_CLIENT -> {
                if (world.clients().isEmpty()) {
                    return false;
                }
                world.restartClient(pick(world.clients()));
            }
            case CLOSE -> {
                return close(someNode(), between(10, 3_000));
            }
            case MOVE -> {
                return move(someNode());
            }
            case PUT_BACK -> {
                return putBack(someNode());
            }
            case WALL_CLOCK -> world.setWallClock(someNode(), wallClockError());
            case SLOW_DISK, STALLED_DISK, FULL_DISK, FAILED_SYNC, ROT -> {
                return strikeDisk(kind, random.nextBoolean() ? leader() : someNode());
            }
        }
        return true;
    }

    private boolean putBack(String node) {
        if (lostANode || !world.isUp(node) || random.nextBoolean()) {
            return false;
        }
        lostANode = world.putBack(node);
        if (lostANode) {
            scheduler.after(duration(20, 5_000), () -> start(node));
        }
        return lostANode;
    }

    private boolean strikeDisk(Kind kind, String node) {
        if (!world.isUp(node)) {
            return false;
        }
        switch (kind) {
            case SLOW_DISK -> {
                // both at once may look like a disk that hangs
                boolean isVerySlow = random.nextInt(3) == 0 && scheduler.now() >= stalledUntil.getOrDefault(node, 0L);
                // five forces, as many as a write may take, are not yet a disk that hangs
                long slow = isVerySlow ? between(500, 1_900) : between(5, 600);
                world.setSyncLatency(node, isVerySlow ? slow : slow / 4, slow);
                if (isVerySlow) {
                    verySlow.add(node);
                }
                later(isVerySlow ? between(2_000, 15_000) : duration(500, 8_000), () -> normalDisk(node));
            }
            case STALLED_DISK -> {
                if (verySlow.contains(node)) {
                    normalDisk(node);
                }
                long length = duration(700, 12_000);
                stalledUntil.put(node, scheduler.now() + length + STALL_MARGIN);
                world.stallDisk(node, length);
            }
            case FULL_DISK -> {
                world.fillDisk(node, random.nextInt(3) == 0 ? 0 : random.nextLong(20_000));
                later(duration(1_000, 15_000), () -> world.mendDisk(node));
            }
            case FAILED_SYNC -> world.failSync(node, random.nextInt(20));
            default -> {
                if (lostANode || random.nextInt(4) > 0) {
                    return false;
                }
                lostANode = world.rot(node);
                if (lostANode) {
                    scheduler.after(duration(20, 5_000), () -> start(node));
                }
                return lostANode;
            }
        }
        return true;
    }

    /** Slow clocks and fast ones, some set by hand to the wrong day. */
    private long wallClockError() {
        long most = random.nextInt(4) == 0 ? 100_000_000L : 10_000L;
        return random.nextLong(2 * most) - most;
    }

    private boolean close(String node, long downFor) {
        if (!world.isUp(node)) {
            return false;
        }
        world.close(node, () -> scheduler.after(over ? 0 : downFor, () -> start(node)));
        return true;
    }

    /** Like a container that is started somewhere else: mostly it was stopped in order, but not always. */
    private boolean move(String node) {
        if (!world.isUp(node) || !world.move(node)) {
            return false;
        }
        return random.nextInt(3) == 0 ? crash(node, duration(20, 5_000)) : close(node, between(10, 3_000));
    }

    private void storm() {
        long length = between(2_000, 6_000);
        stormUntil = scheduler.now() + length;
        network.setQuality(new SimNetwork.Quality(0.05, 0.5, 0.5, between(100, 1_500), MILLI / 10, 5 * MILLI));
        crash(leader(), between(500, 3_000));
        later(length, () -> network.setQuality(usual));
        if (random.nextBoolean()) {
            // votes wait for the disk, and crashes come meanwhile
            for (String node : world.nodes()) {
                long slow = between(2, 40);
                world.setSyncLatency(node, slow / 2, slow);
                later(length, () -> normalDisk(node));
            }
        }
    }

    private void voted(NodeId voter, NodeId candidate, GroupMessage message) {
        if (scheduler.now() < stormUntil
                && message.message() instanceof Message.VoteReply reply
                && reply.granted()
                && random.nextInt(3) == 0) {
            later(between(1, 10), () -> {
                normalDisk(voter.value()); // so that it is back before the election is over
                crash(voter.value(), between(1, 50));
            });
        }
    }

    private boolean crash(String node, long downFor) {
        if (!world.isUp(node)) {
            return false;
        }
        boolean powerCut = random.nextInt(4) > 0;
        coverage.count(powerCut ? "power cuts" : "killed processes");
        world.crash(node, powerCut);
        scheduler.after(downFor, () -> start(node));
        return true;
    }

    private void start(String node) {
        if (!world.isUp(node) && !world.isGone(node)) {
            if (verySlow.remove(node)) {
                // to open a log takes a dozen syncs and more: the node would be away for half a minute
                normalDisk(node);
            }
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

    /** From one node at a time, so that all have a way around it. */
    private boolean cutClients(String node) {
        if (world.clients().isEmpty() || scheduler.now() < clientsCutUntil) {
            return false;
        }
        long length = duration(1_000, 20_000);
        clientsCutUntil = scheduler.now() + length;
        for (String client : world.clients()) {
            cut(client, node, length);
            cut(node, client, length);
        }
        return true;
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
        verySlow.remove(node);
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
