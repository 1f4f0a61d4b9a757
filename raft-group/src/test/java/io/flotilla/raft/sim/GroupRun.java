package io.flotilla.raft.sim;

import java.util.function.BiFunction;

/** One seed of the simulation of whole groups; called across class loaders, so it speaks JDK types only. */
public final class GroupRun implements BiFunction<Long, String, String> {
    static final int SECONDS = 60;

    /**
     * @param profile the name of a {@link FaultPlan.Profile}
     * @return what was seen to be broken, or null if the seed passes
     */
    @Override
    public String apply(Long seed, String profile) {
        try {
            new GroupSimulation(seed, FaultPlan.Profile.valueOf(profile)).run(SECONDS);
            return null;
        } catch (SimFailure e) {
            return String.format("at %.3f s of virtual time: %s", e.nanos() / 1e9, e.getMessage());
        }
    }

    /** Whether a failure of the seed can be told as a story: not if memberships change in its run. */
    public static boolean isTold(long seed) {
        return !GroupSimulation.changesMemberships(seed);
    }
}
