package io.flotilla.raft.core;

import java.util.function.BiFunction;

/** Five cores under one seed's faults, for whom it does not matter which core that is; speaks JDK types only. */
public final class CoreRun implements BiFunction<Long, String, String> {
    /** @return what was seen to be broken, or null if the seed passes */
    @Override
    public String apply(Long seed, String unused) {
        RandomFaultsTest.Run run = new RandomFaultsTest.Run(seed);
        try {
            run.faults();
            run.healAndConverge();
            return null;
        } catch (RuntimeException | AssertionError e) {
            return String.valueOf(e.getMessage());
        }
    }
}
