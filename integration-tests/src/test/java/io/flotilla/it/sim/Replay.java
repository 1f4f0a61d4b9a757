package io.flotilla.it.sim;

import io.flotilla.raft.sim.SimFailure;

/** Tells what went wrong in a run and how to see it again. */
final class Replay {
    private Replay() {}

    static String describe(long seed, FleetSimulation simulation, SimFailure failure) {
        return describe("FleetSimulationTest", seed, simulation, failure);
    }

    /** @param test the class whose run it was */
    static String describe(String test, long seed, FleetSimulation simulation, SimFailure failure) {
        return String.format(
                "seed %d, at %.6f s of virtual time: %s%n%s%nreplay: mvn -q -pl integration-tests -am test"
                        + " -Dtest=%s -Dflotilla.seed=%d -Dsurefire.failIfNoSpecifiedTests=false",
                seed, failure.nanos() / 1e9, failure.getMessage(), simulation.describe(), test, seed);
    }
}
