package io.flotilla.it.lab;

import io.flotilla.it.sim.SimStreams;
import io.flotilla.raft.lab.LabWires;
import io.flotilla.raft.sim.SimNetwork;

/** The labs' networks for a whole fleet. */
enum LabNet {
    /** Everything arrives, in at most a millisecond. */
    RELIABLE,
    /**
     * Each message between replicas is late by up to 26 ms, and one in ten is lost; a stream of a clerk breaks at one frame in ten,
     * which is lost, and one between nodes at one in a hundred.
     */
    UNRELIABLE,
    /** Besides, two in three of the answers between replicas come 0.2 to 2.2 s late. */
    REORDERING;

    private static final long MILLI = 1_000_000;
    private static final double CLERK_LOSS = 0.1;
    private static final double NODE_LOSS = 0.01;
    private static final long NOTICED_NANOS = 100 * MILLI;

    /** Every third seed has the worst one, unless the test has limits of time that do not fit it. */
    static LabNet of(long seed, LabNet own) {
        return seed % 3 == 0 ? REORDERING : own;
    }

    /** How many times as long as on other networks a copy may take, whose parts come late, too. */
    int patience() {
        return this == REORDERING ? 6 : 1;
    }

    void rule(SimNetwork network, LabWires wires, SimStreams streams) {
        boolean reliable = this == RELIABLE;
        wires.setUnreliable(!reliable);
        wires.setLongReordering(this == REORDERING);
        network.setQuality(
                reliable
                        ? SimNetwork.Quality.healthy()
                        : new SimNetwork.Quality(
                                0.1, 0.05, this == REORDERING ? 0.3 : 0.0, 200 * MILLI, MILLI / 10, 26 * MILLI));
        streams.setBreaks(new SimStreams.Breaks(
                client -> reliable ? 0 : ShardFleet.isNode(client) ? NODE_LOSS : CLERK_LOSS, NOTICED_NANOS));
    }
}
