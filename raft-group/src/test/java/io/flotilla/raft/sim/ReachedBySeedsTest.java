package io.flotilla.raft.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.mutant.Judge;
import io.flotilla.raft.mutant.Mutant;
import io.flotilla.raft.mutant.MutantLoader;
import io.flotilla.raft.mutant.Patch;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Each place at which production decides something because a lane is run inline, and may not block, is reached by some seed: else the simulation
 * says nothing about it. The places are marked in a copy of the sources; one that has moved fails the test and is named.
 */
class ReachedBySeedsTest {
    private static final int MOST_SEEDS = 100;
    private static final Judge RUN = new Judge(ReachedRun.class.getName(), "", MOST_SEEDS, "group simulation");

    private static final String RAFT = "raft-group/src/main/java/io/flotilla/raft/";
    private static final String LANE = RAFT + "runtime/inline/QueuedLane.java";
    private static final String MACHINE = RAFT + "host/apply/HostedMachine.java";
    private static final String WAITING = RAFT + "host/apply/ReadQueue.java";
    private static final String READS = RAFT + "host/apply/LeasedReads.java";

    private final List<Patch> patches = new ArrayList<>();
    private final Set<String> places = new TreeSet<>();

    /** Marks a place: where one of a file's pieces of text begins. */
    private void mark(String place, String file, String before) {
        mark(place, "true", file, before);
    }

    /** Marks it if a condition holds there. */
    private void mark(String place, String condition, String file, String before) {
        String call = "if (" + condition + ") io.flotilla.raft.mutant.Reached.at(\"" + place + "\");\n";
        patches.add(new Patch(file, before, call + before));
        places.add(place);
    }

    @Test
    @Timeout(value = 20, unit = TimeUnit.MINUTES)
    void everyPlaceBehindAnInlineRunIsReached() throws Exception {
        mark("a giver takes a sleeping lane", LANE, "runs.add(this);");
        mark("a carrier comes", LANE, "carrierComes.set(false);\n        runInline();");
        mark("a carrier has ended", LANE, "carrierComes.set(false);\n            return false;");
        mark(
                "nobody but its own thread runs a lane",
                "carrier != null && who == InlineRunner.NOBODY",
                LANE,
                "return switch (who) {");
        String stop = "if (task == null || task instanceof Blocking";
        mark("an inline run stops before a task that may block", "task instanceof Blocking", LANE, stop);
        mark(
                "an inline run takes too long",
                "task != null && i > 0 && nanos() - begun > NANOS_PER_INLINE_RUN",
                LANE,
                stop);
        String end = "inlineEnds();\n        state.set(State.ASLEEP);";
        mark("an inline run leaves something", "!queue.isEmpty()", LANE, end);
        mark("an inline run plans something", "isDueEarlier", LANE, "if (isDueEarlier ||");

        String run = "if (lane().mayBlock() || !isLong && isNonBlocking()) {";
        mark("a non-blocking machine inline", "!lane().mayBlock() && !isLong && isNonBlocking()", MACHINE, run);
        mark("something long inline", "!lane().mayBlock() && isLong", MACHINE, run);
        String given = "if (lane().mayBlock() || isNonBlocking() && !given.isMuch()) {";
        mark("a few entries inline", "!lane().mayBlock() && isNonBlocking() && !given.isMuch()", MACHINE, given);
        mark("many entries inline", "!lane().mayBlock() && isNonBlocking() && given.isMuch()", MACHINE, given);
        mark("a machine that may block inline", "!lane().mayBlock() && !isNonBlocking()", MACHINE, given);
        mark("many reads wait", "isMany", WAITING, "return false;\n            }\n            Waiting reads");
        mark("a long read waits", "!isMany", WAITING, "return false;\n            }\n            Waiting reads");
        mark("many leased reads at once", "!lane.mayBlock() && taken == most", READS, "inbox.carried(taken, 0);");

        BiFunction<Long, String, String> reaches = MutantLoader.of(new Mutant("inline runs", "marks", RUN, patches))
                .load(RUN);
        Map<String, Long> first = new TreeMap<>();
        for (long seed = 1; seed <= MOST_SEEDS && first.size() < places.size(); seed++) {
            for (String place : reaches.apply(seed, "").split("\n")) {
                first.putIfAbsent(place, seed);
            }
        }
        first.forEach((place, seed) -> System.out.println("seed " + seed + " reaches: " + place));
        Collection<String> missed = new TreeSet<>(places);
        missed.removeAll(first.keySet());
        assertThat(missed).as("reached by none of %s seeds", MOST_SEEDS).isEmpty();
    }
}
