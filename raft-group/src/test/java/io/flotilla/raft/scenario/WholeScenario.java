package io.flotilla.raft.scenario;

import java.util.function.BiFunction;

/**
 * Runs a seed with taps in its cores and tells all of it, group by group, to see that a scenario is what happened. Must be
 * loaded with taps; called across class loaders, so it speaks JDK types only.
 */
public final class WholeScenario implements BiFunction<Long, String, String> {
    /**
     * @param judge as {@link ShortestScenario#nameOf}
     * @return what is broken in a scenario, or not in the end as it was in the run; null if nothing
     */
    @Override
    public String apply(Long seed, String judge) {
        TappedRun run = TappedRun.of(judge, seed);
        StringBuilder differences = new StringBuilder();
        for (long group : run.groups()) {
            ScenarioTeller teller = new ScenarioTeller();
            teller.tell(run.calls(), group);
            if (teller.broken() != null) {
                differences
                        .append("group ")
                        .append(group)
                        .append(" breaks ")
                        .append(teller.broken())
                        .append('\n');
            }
            for (String difference : teller.differences()) {
                differences
                        .append("group ")
                        .append(group)
                        .append(": ")
                        .append(difference)
                        .append('\n');
            }
        }
        return differences.isEmpty() ? null : differences.toString();
    }
}
