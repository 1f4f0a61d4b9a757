package io.flotilla.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.sim.Coverage;
import io.flotilla.raft.sim.FaultPlan;
import io.flotilla.raft.sim.SeedRuns;
import io.flotilla.raft.sim.SimFailure;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class FleetSimulationTest {
    /** Virtual seconds with faults; healing and the last reads come on top. */
    private static final int SECONDS = 60;

    private static final int SEEDS = 400;
    /** Seeds enough that each kind of fault must have come up. */
    private static final int SEEDS_FOR_COVERAGE = 200;

    private record Run(long seed, String summary, double virtualSeconds, Coverage coverage) {}

    @Test
    @Timeout(value = 30, unit = TimeUnit.DAYS)
    void noSeedBreaksAPromise() throws Exception {
        boolean replay = System.getProperty("flotilla.seed") != null;
        long first = Long.getLong("flotilla.seed", Long.getLong("flotilla.firstSeed", 1));
        long count = replay ? 1 : Long.getLong("flotilla.seeds", SEEDS);
        Coverage coverage = new Coverage();
        List<Run> runs = new ArrayList<>();
        long start = System.nanoTime();
        SeedRuns.of(first, count, FleetSimulationTest::run, run -> {
            System.out.println("seed " + run.seed + ": " + run.summary);
            runs.add(run);
            coverage.addAll(run.coverage);
        });
        double virtualSeconds = runs.stream().mapToDouble(Run::virtualSeconds).sum();
        double realSeconds = (System.nanoTime() - start) / 1e9;
        coverage.all().forEach((what, times) -> System.out.printf("%,12d %s%n", times, what));
        System.out.printf(
                "%d seeds, %.0f virtual seconds in %.0f real ones: %.0f to 1%n",
                count, virtualSeconds, realSeconds, virtualSeconds / realSeconds);
        if (count >= SEEDS_FOR_COVERAGE) {
            checkCoverage(coverage);
        }
    }

    private static Run run(long seed) {
        FleetSimulation simulation = new FleetSimulation(seed);
        try {
            simulation.run(SECONDS);
        } catch (SimFailure e) {
            throw new AssertionError(Replay.describe(seed, simulation, e), e);
        }
        return new Run(seed, simulation.summary(), simulation.seconds(), simulation.coverage());
    }

    private static void checkCoverage(Coverage coverage) {
        for (FaultPlan.Kind kind : FaultPlan.Kind.values()) {
            assertThat(coverage.of(kind.name().toLowerCase(Locale.ROOT).replace('_', ' ')))
                    .as("faults of the kind %s", kind)
                    .isPositive();
        }
        for (String what : List.of(
                "power cuts",
                "killed processes",
                "nodes that stopped because of their disk",
                "rotten logs refused",
                "snapshots installed",
                "logs cut",
                "unknown outcomes")) {
            assertThat(coverage.of(what)).as(what).isPositive();
        }
    }
}
