package io.flotilla.raft.core;

import static io.flotilla.raft.core.TestReplica.TICK_NANOS;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.core.read.LeaseConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * Cores whose clocks run at rates that differ as much as leases allow for, with pauses, restarts and links that are cut
 * one way. At every moment: while a replica holds a lease by its own clock, also one that is paused and will look at the
 * clock only when it goes on, nobody leads in a later term.
 */
class DriftingClocksTest {
    private static final int ELECTION_TICKS = 60;
    private static final int RUNS = 60;
    private static final int TICKS = 6_000;

    /** Rates of 0.95 and 1.05: the fastest clock gains 10 % on the slowest. */
    private static final double DRIFT = 0.05;

    private static CoreConfig config(LeaseConfig leases) {
        return new CoreConfig(ELECTION_TICKS, 12, 150, 3, 400, 1_500, 200, 200, true).withLeases(leases);
    }

    @Test
    @DisplayName("Nobody leads while another holds a lease")
    void leasesExclude() {
        long elections = 0;
        long leased = 0;
        long moments = 0;
        for (long seed = 1; seed <= RUNS; seed++) {
            World world = new World(seed, config(LeaseConfig.defaults()));
            assertThat(world.firstRival()).as("seed " + seed).isNull();
            elections += world.elections();
            leased += world.leasedMoments;
            moments += world.moments;
        }
        assertThat(elections).isGreaterThan(RUNS * 10L);
        assertThat(leased).as("moments with a lease, of %d", moments).isGreaterThan(moments / 3);
    }

    @Test
    @DisplayName("Without an allowance for drift somebody does: the clocks here drift enough to show it")
    void driftShows() {
        long broken = 0;
        for (long seed = 1; seed <= RUNS; seed++) {
            if (new World(seed, config(new LeaseConfig(true, 0))).firstRival() != null) {
                broken++;
            }
        }
        assertThat(broken).isPositive();
    }

    private record Flight(long due, long number, NodeId from, NodeId to, Message message)
            implements Comparable<Flight> {
        @Override
        public int compareTo(Flight other) {
            return due != other.due ? Long.compare(due, other.due) : Long.compare(number, other.number);
        }
    }

    private static final class World {
        private static final long STEP = TICK_NANOS / 4;

        final SplittableRandom random;
        final List<TestReplica> replicas = new ArrayList<>();
        final PriorityQueue<Flight> wire = new PriorityQueue<>();
        final boolean[][] cut;
        final double[] rate;
        final long[] pausedUntil;
        final int size;
        long time;
        long flights;
        long leasedMoments;
        long moments;

        World(long seed, CoreConfig config) {
            random = new SplittableRandom(seed);
            size = random.nextInt(4) == 0 ? 5 : 3;
            cut = new boolean[size][size];
            rate = new double[size];
            pausedUntil = new long[size];
            List<NodeId> ids = new ArrayList<>();
            for (int i = 0; i < size; i++) {
                ids.add(new NodeId(String.valueOf((char) ('a' + i))));
                rate[i] = random.nextBoolean() ? 1 - DRIFT : 1 + DRIFT;
            }
            for (NodeId id : ids) {
                replicas.add(new TestReplica(
                        id,
                        Membership.of(ids),
                        config,
                        HardState.INITIAL,
                        List.of(),
                        0,
                        random.nextLong(),
                        this::send));
            }
        }

        private void send(NodeId from, Outbound out) {
            wire.add(new Flight(
                    time + 1 + random.nextLong(random.nextInt(20) == 0 ? 20 * TICK_NANOS : TICK_NANOS / 8),
                    flights++,
                    from,
                    out.to(),
                    out.message()));
        }

        /** @return who leads although another holds a lease, or null if nobody ever does */
        String firstRival() {
            while (time < TICKS * TICK_NANOS) {
                time += STEP;
                faults();
                for (int i = 0; i < size; i++) {
                    tick(i);
                }
                deliver();
                String rival = rival();
                if (rival != null) {
                    return rival;
                }
            }
            return null;
        }

        private void faults() {
            int node = random.nextInt(size);
            switch (random.nextInt(2_500)) {
                case 0, 1 -> isolate(node, true);
                case 2, 3, 4, 5 -> isolate(node, false);
                case 6 -> pausedUntil[node] = time + random.nextLong(3 * ELECTION_TICKS * TICK_NANOS);
                case 7, 8 -> restart(replicas.get(node));
                case 9 -> cut[node][random.nextInt(size)] = true;
                case 10 -> restart(leader());
                case 11, 12 -> isolate(replicas.indexOf(leader()), true);
                case 14, 15, 16, 17, 18 -> leader().core.transfer(replicas.get(node).id);
                case 13 ->
                    pausedUntil[replicas.indexOf(leader())] = time + random.nextLong(3 * ELECTION_TICKS * TICK_NANOS);
                default -> {}
            }
        }

        private TestReplica leader() {
            return replicas.stream().filter(TestReplica::leads).findFirst().orElse(replicas.get(0));
        }

        private void isolate(int node, boolean apart) {
            for (int other = 0; other < size; other++) {
                cut[node][other] = apart;
                cut[other][node] = apart;
            }
        }

        private void restart(TestReplica replica) {
            replica.restart(0, random.nextLong());
            replica.settle();
        }

        private boolean isPaused(int node) {
            return time < pausedUntil[node];
        }

        private long clock(int node) {
            return (long) (time * rate[node]);
        }

        /** After a stall only three ticks are made up for, as the host does it. */
        private void tick(int node) {
            TestReplica replica = replicas.get(node);
            long number = clock(node) / TICK_NANOS;
            if (isPaused(node) || number == replica.ticks) {
                return;
            }
            replica.ticks = Math.max(replica.ticks, number - 3);
            replica.at(clock(node));
            while (replica.ticks < number) {
                replica.core.tick(++replica.ticks);
            }
            replica.settle();
        }

        private void deliver() {
            while (!wire.isEmpty() && wire.peek().due <= time) {
                Flight flight = wire.remove();
                int from = number(flight.from);
                int to = number(flight.to);
                if (isPaused(to)) {
                    wire.add(new Flight(pausedUntil[to], flights++, flight.from, flight.to, flight.message));
                } else if (!cut[from][to]) {
                    replicas.get(to).at(clock(to));
                    replicas.get(to).receive(flight.from, flight.message);
                    replicas.get(to).settle();
                }
            }
        }

        private String rival() {
            moments++;
            for (int i = 0; i < size; i++) {
                TestReplica holder = replicas.get(i);
                if (clock(i) < holder.core.leaseUntil()) {
                    leasedMoments++;
                    for (TestReplica other : replicas) {
                        if (other.leads()
                                && other.state().term() > holder.state().term()) {
                            return other.id + " leads while " + holder.id + " holds a lease, at " + time;
                        }
                    }
                }
            }
            return null;
        }

        long elections() {
            return replicas.stream().mapToLong(r -> r.state().term()).max().orElseThrow();
        }

        private static int number(NodeId id) {
            return id.value().charAt(0) - 'a';
        }
    }
}
