package io.flotilla.raft.sim;

import java.util.function.BiFunction;

/** One seed of the simulation of whole groups; called across class loaders, so it speaks JDK types only. */
public final class GroupRun implements BiFunction<Long, String, String> {
    static final int SECONDS = 60;

    /** The run of {@link GroupSimulationTest}, which changes memberships on three seeds of four. */
    private static final String CHANGES = "CHANGES";

    /** The same with guarded entries. */
    private static final String GUARDED = "GUARDED";

    /**
     * @param kind {@code CHANGES}, {@code GUARDED}, or the name of a {@link FaultPlan.Profile} with memberships that stay as they are
     * @return what was seen to be broken, or null if the seed passes
     */
    @Override
    public String apply(Long seed, String kind) {
        GroupSimulation simulation;
        if (kind.equals(CHANGES)) {
            simulation = new GroupSimulation(seed);
        } else if (kind.equals(GUARDED)) {
            simulation = GroupSimulation.guarded(seed);
        } else {
            simulation = new GroupSimulation(seed, FaultPlan.Profile.valueOf(kind));
        }
        try {
            simulation.run(SECONDS);
            return null;
        } catch (SimFailure e) {
            return String.format("at %.3f s of virtual time: %s", e.nanos() / 1e9, e.getMessage());
        }
    }
}
