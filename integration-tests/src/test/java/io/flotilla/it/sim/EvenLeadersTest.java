package io.flotilla.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.sim.SeedRuns;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Three nodes lead as many groups each, also after one of them was away; and then no leadership moves any more. */
class EvenLeadersTest {
    private static final int GROUPS = 12;
    private static final int SEEDS = 6;
    /** After a node is back. */
    private static final int MOST_SECONDS = 30;

    private record Run(double first, double again) {}

    @Test
    @Timeout(value = 1, unit = TimeUnit.DAYS)
    void leadersAreEvenAgainWithin30Seconds() throws Exception {
        List<Run> runs = new ArrayList<>();
        SeedRuns.of(
                Long.getLong("flotilla.firstSeed", 1),
                Long.getLong("flotilla.seeds", SEEDS),
                EvenLeadersTest::run,
                run -> {
                    System.out.printf("even after %.1f s, and %.1f s after a node was back%n", run.first, run.again);
                    runs.add(run);
                });
        assertThat(runs).isNotEmpty();
    }

    private static Run run(long seed) {
        ScriptedFleet fleet = new ScriptedFleet(seed, 3, GROUPS);
        fleet.openBank(2);
        double first = untilEven(fleet, 60);
        String victim = fleet.nodes().get((int) (seed % 3));
        fleet.crash(victim, 15 * ScriptedFleet.SECOND);
        fleet.run(15 * ScriptedFleet.SECOND);
        assertThat(led(fleet).get(victim))
                .as("seed %d: what %s leads while it is away", seed, victim)
                .isZero();
        double again = untilEven(fleet, MOST_SECONDS);
        List<String> leaders = leaders(fleet);
        for (int second = 0; second < 60; second++) {
            fleet.run(ScriptedFleet.SECOND);
            assertThat(leaders(fleet)).as("seed %d: rest", seed).isEqualTo(leaders);
        }
        fleet.closeBank();
        assertThat(fleet.bank.book().transfers()).isPositive();
        return new Run(first, again);
    }

    private static double untilEven(ScriptedFleet fleet, int seconds) {
        long start = fleet.scheduler.now();
        fleet.await("leaders are even", seconds, () -> {
            SortedMap<String, Integer> led = led(fleet);
            return led.values().stream().mapToInt(count -> count).sum() == GROUPS
                    && Collections.max(led.values()) - Collections.min(led.values()) <= 1;
        });
        return (fleet.scheduler.now() - start) / (double) ScriptedFleet.SECOND;
    }

    private static List<String> leaders(ScriptedFleet fleet) {
        List<String> leaders = new ArrayList<>();
        for (long group = 1; group <= GROUPS; group++) {
            leaders.add(fleet.leaderOf(group));
        }
        return leaders;
    }

    private static SortedMap<String, Integer> led(ScriptedFleet fleet) {
        SortedMap<String, Integer> led = new TreeMap<>();
        fleet.nodes().forEach(node -> led.put(node, 0));
        for (String leader : leaders(fleet)) {
            if (leader != null) {
                led.merge(leader, 1, Integer::sum);
            }
        }
        return led;
    }
}
