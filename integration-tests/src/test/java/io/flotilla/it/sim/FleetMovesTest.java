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

/** Shards move between groups, there and back, while nodes crash, the network fails, and clients read and write. */
class FleetMovesTest {
    /** Virtual seconds with faults. */
    private static final int SECONDS = 60;

    private static final int SEEDS = 20;
    /** Seeds enough that each leader must have crashed after each step. */
    private static final int SEEDS_FOR_STEPS = 200;

    private record Run(long seed, String summary, Coverage coverage) {}

    @Test
    @Timeout(value = 30, unit = TimeUnit.DAYS)
    void noMoveBreaksAPromise() throws Exception {
        boolean replay = System.getProperty("flotilla.seed") != null;
        long first = Long.getLong("flotilla.seed", Long.getLong("flotilla.firstSeed", 1));
        long count = replay ? 1 : Long.getLong("flotilla.seeds", SEEDS);
        Coverage coverage = new Coverage();
        SeedRuns.of(first, count, FleetMovesTest::run, run -> {
            System.out.println("seed " + run.seed + ": " + run.summary);
            coverage.addAll(run.coverage);
        });
        coverage.all().forEach((what, times) -> System.out.printf("%,12d %s%n", times, what));
        if (count >= SEEDS) {
            for (String what : List.of(
                    "moves asked for",
                    "moves called off",
                    "rebalances",
                    "groups joined",
                    "shards that changed hands",
                    "transfers",
                    "clients that slept for minutes")) {
                assertThat(coverage.of(what)).as(what).isPositive();
            }
        }
        if (count >= SEEDS_FOR_STEPS) {
            for (String step : List.of("MOVE_OUT", "FREEZE", "CANCEL", "ADOPT", "DROP")) {
                for (String who : List.of("the controller", "the group itself", "the other group")) {
                    String what = "crashes after " + step + ": the leader of " + who;
                    assertThat(coverage.of(what)).as(what).isPositive();
                }
            }
        }
    }

    private static Run run(long seed) {
        FleetSimulation simulation = new FleetSimulation(seed, FaultPlan.Profile.MIXED, true);
        try {
            simulation.run(SECONDS);
        } catch (SimFailure e) {
            throw new AssertionError(Replay.describe("FleetMovesTest", seed, simulation, e), e);
        }
        return new Run(seed, simulation.summary(), simulation.coverage());
    }
}
