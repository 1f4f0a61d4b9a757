package io.flotilla.raft.scenario;

import io.flotilla.raft.mutant.Judge;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiFunction;

/**
 * Runs a seed that fails, with taps in its cores, and tells the failure as a scenario, as short as it may be. Must be
 * loaded with taps; called across class loaders, so it speaks JDK types only.
 */
public final class ShortestStory implements BiFunction<Long, String, String> {
    private static final int TRIES = 4_000;

    /**
     * @param judge class and argument of what failed on the seed, with a colon between them
     * @return the scenario, or null if the cores alone don't show the failure
     */
    @Override
    public String apply(Long seed, String judge) {
        String failure;
        List<CoreTap.Call> calls;
        CoreTap.begin();
        try {
            failure = run(judge).apply(seed, judge.substring(judge.indexOf(':') + 1));
        } finally {
            calls = CoreTap.end();
        }
        if (failure == null) {
            return null;
        }
        for (long group : groups(calls, failure)) {
            StoryTeller teller = new StoryTeller();
            List<String> story = teller.tell(calls, group);
            if (teller.broken() != null) {
                return scenario(seed, failure, teller.broken(), Shortener.shorten(story, teller.broken(), TRIES));
            }
        }
        return null;
    }

    /** All groups, those that the failure names first. */
    private static List<Long> groups(List<CoreTap.Call> calls, String failure) {
        Set<Long> groups = new TreeSet<>();
        calls.forEach(call -> groups.add(call.group()));
        List<Long> named = new ArrayList<>(groups);
        named.sort(Comparator.comparing(group -> !failure.contains("group " + group)));
        return named;
    }

    @SuppressWarnings("unchecked")
    private BiFunction<Long, String, String> run(String judge) {
        try {
            return (BiFunction<Long, String, String>) Class.forName(
                            judge.substring(0, judge.indexOf(':')),
                            true,
                            getClass().getClassLoader())
                    .getDeclaredConstructor()
                    .newInstance();
        } catch (ReflectiveOperationException e) {
            throw new AssertionError("there is no judge " + judge, e);
        }
    }

    /** For {@link #apply}. */
    public static String nameOf(Judge judge) {
        return judge.className() + ":" + judge.argument();
    }

    /** The commands with their transcripts, and what is broken in the end. */
    private static String scenario(long seed, String failure, String broken, List<String> story) {
        StringBuilder text = new StringBuilder("# Seed " + seed + " breaks " + broken + "\n\n");
        text.append(failure.lines().findFirst().orElse("")).append("\n");
        ScenarioWorld world = new ScenarioWorld();
        for (String line : story) {
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
