package io.flotilla.it.mutant;

import io.flotilla.it.sim.FleetSimulation;
import io.flotilla.raft.sim.FaultPlan;
import io.flotilla.raft.sim.SimFailure;
import java.util.function.BiFunction;

/** Runs one seed of the whole-fleet simulation; called across class loaders, so it speaks JDK types only. */
public final class SeedRun implements BiFunction<Long, String, String> {
    private static final int SECONDS = 50;

    /**
     * @param profile the name of a {@link FaultPlan.Profile}, or {@code MOVES}: mixed faults while shards move
     * @return what was seen to be broken, or null if the seed passes
     */
    @Override
    public String apply(Long seed, String profile) {
        boolean moves = profile.equals("MOVES");
        FleetSimulation simulation =
                new FleetSimulation(seed, FaultPlan.Profile.valueOf(moves ? "MIXED" : profile), moves);
        try {
            simulation.run(SECONDS);
            return null;
        } catch (SimFailure e) {
            return String.format("at %.3f s of virtual time: %s", e.nanos() / 1e9, e.getMessage());
        }
    }
}
