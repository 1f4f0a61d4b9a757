package io.flotilla.it.sim;

import io.flotilla.raft.sim.SimFailure;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class FleetSimulationTest {
    /** Virtual seconds with faults; healing and the last reads come on top. */
    private static final int SECONDS = 50;

    private static final int SEEDS = 200;

    @Test
    @Timeout(value = 30, unit = TimeUnit.DAYS)
    void noSeedBreaksAPromise() {
        boolean replay = System.getProperty("flotilla.seed") != null;
        long first = Long.getLong("flotilla.seed", Long.getLong("flotilla.firstSeed", 1));
        long count = replay ? 1 : Long.getLong("flotilla.seeds", SEEDS);
        double virtualSeconds = 0;
        long start = System.nanoTime();
        for (long seed = first; seed < first + count; seed++) {
            FleetSimulation simulation = new FleetSimulation(seed);
            try {
                simulation.run(SECONDS);
            } catch (SimFailure e) {
                throw new AssertionError(Replay.describe(seed, e), e);
            }
            virtualSeconds += simulation.seconds();
            System.out.println("seed " + seed + ": " + simulation.summary());
        }
        double realSeconds = (System.nanoTime() - start) / 1e9;
        System.out.printf(
                "%d seeds, %.0f virtual seconds in %.0f real ones: %.0f to 1%n",
                count, virtualSeconds, realSeconds, virtualSeconds / realSeconds);
    }
}
