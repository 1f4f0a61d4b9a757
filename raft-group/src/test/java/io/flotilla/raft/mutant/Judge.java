package io.flotilla.raft.mutant;

import java.util.function.BiFunction;

/**
 * What runs the production code and notices faults. Loaded once more for each fault, so it is known here by its name.
 *
 * @param className a {@link BiFunction} from a seed and {@code argument} to what was seen to be broken, or null
 * @param argument what else it must be told
 * @param maxSeeds within so many seeds it must notice
 * @param label for people
 */
public record Judge(String className, String argument, int maxSeeds, String label) {
    /** The scenarios: a transcript differs, or a property is broken. */
    public static final Judge SCENARIOS = new Judge("io.flotilla.raft.scenario.ScenariosRun", "", 1, "scenario");

    /** Five cores under random faults. */
    public static final Judge CORE = new Judge("io.flotilla.raft.core.CoreRun", "", 3_000, "cores, random faults");

    /** Whole groups: hosts, logs and network. */
    public static final Judge GROUP = new Judge("io.flotilla.raft.sim.GroupRun", "MIXED", 1_000, "group simulation");

    /** As {@code GroupSimulationTest} runs them: memberships change, too, on three seeds of four. */
    public static final Judge CHANGES =
            new Judge("io.flotilla.raft.sim.GroupRun", "CHANGES", 1_000, "group simulation, memberships");

    /** As {@link #CHANGES}, with guarded entries. */
    public static final Judge GUARDED =
            new Judge("io.flotilla.raft.sim.GroupRun", "GUARDED", 300, "group simulation, guarded entries");

    /** Whole groups with elections all the time. */
    public static final Judge ELECTIONS =
            new Judge("io.flotilla.raft.sim.GroupRun", "ELECTIONS", 1_000, "group simulation, elections");

    /** One test of ours. @param test {@code Class#method} */
    public static Judge test(String test) {
        return new Judge(TestRun.class.getName(), "io.flotilla." + test, 1, "test");
    }
}
