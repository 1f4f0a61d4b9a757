package io.flotilla.kv.move;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** {@link DriverWalk} from many seeds; {@code -Dflotilla.walk.seeds=5000} from more. */
class DriverWalkTest {
    private static final long SEEDS = Long.getLong("flotilla.walk.seeds", 200);

    @Test
    void allMovesEndAndNoPromiseIsBroken() {
        long begin = System.nanoTime();
        long adopted = 0;
        for (long seed = 1; seed <= SEEDS; seed++) {
            try {
                adopted += new DriverWalk().run(seed);
            } catch (DriverWalk.Broken e) {
                throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
            }
        }
        System.out.printf(
                "%d seeds, %d moves with a new owner, %.1f s%n", SEEDS, adopted, (System.nanoTime() - begin) / 1e9);
        assertThat(adopted).isGreaterThan(SEEDS);
    }
}
