package io.flotilla.raft.scenario;

import io.flotilla.raft.mutant.Judge;
import io.flotilla.raft.mutant.Mutant;
import io.flotilla.raft.mutant.MutantLoader;
import java.io.IOException;

/** A failing seed, told as a scenario. The run is done once more for it, with taps in its cores. */
public final class FailureScenario {
    private FailureScenario() {}

    /** @return the scenario, or null if the cores alone don't show the failure */
    public static String of(Judge judge, long seed) {
        try {
            return of(Mutant.of("", "none", judge), seed);
        } catch (IOException | ReflectiveOperationException e) {
            throw new AssertionError("the failure can't be told as a scenario", e);
        }
    }

    /** The same for code with a deliberate fault. */
    static String of(Mutant mutant, long seed) throws IOException, ReflectiveOperationException {
        Judge teller =
                new Judge(ShortestScenario.class.getName(), ShortestScenario.nameOf(mutant.judge()), 1, "scenario");
        return MutantLoader.tapped(mutant).load(teller).apply(seed, teller.argument());
    }
}
