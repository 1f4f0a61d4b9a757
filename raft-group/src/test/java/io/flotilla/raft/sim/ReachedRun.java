package io.flotilla.raft.sim;

import io.flotilla.raft.mutant.Reached;
import java.util.function.BiFunction;

/** One seed of {@link GroupSimulationTest}; called across class loaders, so it speaks JDK types only. */
public final class ReachedRun implements BiFunction<Long, String, String> {
    /** @return which places were reached, a line for each */
    @Override
    public String apply(Long seed, String unused) {
        new GroupSimulation(seed).run(GroupRun.SECONDS);
        return String.join("\n", Reached.take());
    }
}
