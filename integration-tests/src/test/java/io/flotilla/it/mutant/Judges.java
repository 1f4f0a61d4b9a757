package io.flotilla.it.mutant;

import io.flotilla.raft.mutant.Judge;

/** The judges that run a whole fleet. */
final class Judges {
    static final Judge FLEET = new Judge(SeedRun.class.getName(), "MIXED", 1_000, "fleet simulation");

    /** The same with elections all the time. */
    static final Judge FLEET_ELECTIONS =
            new Judge(SeedRun.class.getName(), "ELECTIONS", 1_000, "fleet simulation, elections");

    /** The same while shards move. */
    static final Judge FLEET_MOVES = new Judge(SeedRun.class.getName(), "MOVES", 300, "fleet simulation, moves");
    /** The same with nothing but clients that are cut off from a leader. */
    static final Judge FLEET_CLIENT_CUTS =
            new Judge(SeedRun.class.getName(), "CLIENT_CUTS", 200, "fleet simulation, clients cut off");

    private Judges() {}
}
