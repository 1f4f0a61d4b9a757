package io.flotilla.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.sim.Coverage;
import io.flotilla.raft.sim.FaultPlan;
import io.flotilla.raft.sim.SeedRuns;
import io.flotilla.raft.sim.SimFailure;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Clients that reach all nodes but the leader: each operation is done within its 5 s, once. */
class CutClientsTest {
    /** Virtual seconds with cuts. */
    private static final int SECONDS = 60;

    private static final int SEEDS = 20;

    private record Run(long seed, String summary, Coverage coverage) {}

    @Test
    @Timeout(value = 30, unit = TimeUnit.DAYS)
    void aCutBetweenClientsAndALeaderStopsNobody() throws Exception {
        boolean replay = System.getProperty("flotilla.seed") != null;
        long first = Long.getLong("flotilla.seed", Long.getLong("flotilla.firstSeed", 1));
        long count = replay ? 1 : Long.getLong("flotilla.seeds", SEEDS);
        Coverage coverage = new Coverage();
        SeedRuns.of(first, count, CutClientsTest::run, run -> {
            System.out.println("seed " + run.seed + ": " + run.summary);
            coverage.addAll(run.coverage);
        });
        coverage.all().forEach((what, times) -> System.out.printf("%,12d %s%n", times, what));
        if (count >= SEEDS) {
            for (String what : List.of("cut clients", "requests to pass on", "requests passed on")) {
                assertThat(coverage.of(what)).as(what).isPositive();
            }
        }
    }

    private static Run run(long seed) {
        FleetSimulation simulation = new FleetSimulation(seed, FaultPlan.Profile.CLIENT_CUTS);
        try {
            simulation.run(SECONDS);
        } catch (SimFailure e) {
            throw new AssertionError(Replay.describe("CutClientsTest", seed, simulation, e), e);
        }
        return new Run(seed, simulation.summary(), simulation.coverage());
    }
}
