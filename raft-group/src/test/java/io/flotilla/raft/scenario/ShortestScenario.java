package io.flotilla.raft.scenario;

import io.flotilla.raft.mutant.Judge;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.BiFunction;

/**
 * Runs a seed that fails, with taps in its cores, and tells the failure as a scenario, as short as it may be. Must be
 * loaded with taps; called across class loaders, so it speaks JDK types only.
 */
public final class ShortestScenario implements BiFunction<Long, String, String> {
    /** In commands that may be played to make it short: some ten seconds. */
    private static final long EFFORT = 3_000_000;

    /**
     * @param judge class and argument of what failed on the seed, with a colon between them
     * @return the scenario, or null if the cores alone don't show the failure
     */
    @Override
    public String apply(Long seed, String judge) {
        TappedRun run = TappedRun.of(judge, seed);
        if (run.failure() == null) {
            return null;
        }
        for (long group : groups(run)) {
            ScenarioTeller teller = new ScenarioTeller();
            List<String> scenario = teller.tell(run.calls(), group);
            if (teller.broken() != null) {
                List<String> shortest = Shortener.shorten(scenario, teller.broken(), EFFORT);
                return shortest == null ? null : scenario(seed, run.failure(), teller.broken(), shortest);
            }
        }
        return null;
    }

    /** All groups, those that the failure names first. */
    private static List<Long> groups(TappedRun run) {
        List<Long> named = new ArrayList<>(run.groups());
        named.sort(Comparator.comparing(group -> !run.failure().contains("group " + group)));
        return named;
    }

    /** For {@link #apply}. */
    public static String nameOf(Judge judge) {
        return judge.className() + ":" + judge.argument();
    }

    /** The commands with their transcripts, and what is broken in the end. */
    private static String scenario(long seed, String failure, String broken, List<String> scenario) {
        StringBuilder text = new StringBuilder("# Seed " + seed + " breaks " + broken + "\n\n");
        text.append(failure.lines().findFirst().orElse("")).append("\n");
        ScenarioWorld world = new ScenarioWorld();
        for (String line : scenario) {
            text.append("\n> ").append(line).append('\n');
            try {
                world.playWhatFits(line);
                world.transcript().forEach(said -> text.append(said).append('\n'));
            } catch (AssertionError e) {
                text.append(e.getMessage()).append('\n');
            }
        }
        return text.toString();
    }
}
