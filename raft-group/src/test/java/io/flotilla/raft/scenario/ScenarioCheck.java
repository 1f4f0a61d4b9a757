package io.flotilla.raft.scenario;

import java.util.function.BiFunction;

/** Plays a scenario without looking at its transcript; called across class loaders, so it speaks JDK types only. */
public final class ScenarioCheck implements BiFunction<Long, String, String> {
    /** @return the property that it breaks, or null */
    @Override
    public String apply(Long unused, String scenario) {
        return Playback.of(Scenario.parse(scenario).commands()).broken();
    }
}
