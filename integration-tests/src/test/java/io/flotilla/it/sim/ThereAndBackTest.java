package io.flotilla.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.sim.SimFailure;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Shards go to another group and come back, again and again, while clients move money between accounts in them, some faults come,
 * and one client sleeps for minutes now and then: {@code -Dflotilla.trips=1000} is the full number.
 */
class ThereAndBackTest {
    private static final int TRIPS = 15;

    @Test
    @Timeout(value = 1, unit = TimeUnit.DAYS)
    void onThreeNodes() {
        travels(2 * Long.getLong("flotilla.firstSeed", 1));
    }

    @Test
    @Timeout(value = 1, unit = TimeUnit.DAYS)
    void betweenGroupsThatShareNoNode() {
        travels(2 * Long.getLong("flotilla.firstSeed", 1) + 1);
    }

    private static void travels(long seed) {
        int trips = Integer.getInteger("flotilla.trips", TRIPS);
        FleetSimulation simulation = FleetSimulation.thereAndBack(seed);
        try {
            simulation.runThereAndBack(trips);
        } catch (SimFailure e) {
            throw new AssertionError(
                    String.format(
                            "seed %d, at %.6f s of virtual time: %s%n%s",
                            seed, e.nanos() / 1e9, e.getMessage(), simulation.describe()),
                    e);
        }
        System.out.printf(
                "%d times there and back, %.0f s of virtual time, %s%n",
                trips, simulation.seconds(), simulation.summary());
        simulation.coverage().all().forEach((what, times) -> System.out.printf("%,12d %s%n", times, what));
        assertThat(simulation.coverage().of("transfers")).isGreaterThan(10L * trips);
        assertThat(simulation.coverage().of("shards that changed hands")).isGreaterThanOrEqualTo(2L * trips);
    }
}
