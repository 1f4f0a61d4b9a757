package io.flotilla.raft.sim;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class GroupSimulationTest {
    private static final int SECONDS = 60;

    @Test
    void noSeedBreaksAnInvariant() {
        long first = Long.getLong("flotilla.seed", Long.getLong("flotilla.firstSeed", 1));
        long count = System.getProperty("flotilla.seed") != null ? 1 : Long.getLong("flotilla.seeds", 30);
        long installs = 0;
        long leasedReads = 0;
        long transfers = 0;
        for (long seed = first; seed < first + count; seed++) {
            GroupSimulation simulation = new GroupSimulation(seed);
            try {
                simulation.run(SECONDS);
            } catch (SimFailure e) {
                throw new AssertionError(
                        String.format(
                                "seed %d, at %.6f s of virtual time: %s%nreplay: ./mvnw -q -pl raft-group -am test"
                                        + " -Dtest=GroupSimulationTest -Dflotilla.seed=%d"
                                        + " -Dsurefire.failIfNoSpecifiedTests=false",
                                seed, e.nanos() / 1e9, e.getMessage(), seed),
                        e);
            }
            installs += simulation.installs();
            leasedReads += simulation.leasedReads();
            transfers += simulation.transfers();
            System.out.println("seed " + seed + ": " + simulation.summary());
        }
        if (count >= 10) {
            assertThat(installs).as("images taken over").isGreaterThan(3 * count);
            assertThat(leasedReads).as("reads under a lease").isGreaterThan(500 * count);
            assertThat(transfers).as("leaderships handed over").isGreaterThan(count);
        }
    }

    @Test
    void aSeedIsReplayedEventByEvent() {
        GroupSimulation one = new GroupSimulation(7);
        one.run(20);
        GroupSimulation again = new GroupSimulation(7);
        again.run(20);
        GroupSimulation other = new GroupSimulation(8);
        other.run(20);
        assertThat(again.trace()).isEqualTo(one.trace()).isNotEqualTo(other.trace());
    }
}
