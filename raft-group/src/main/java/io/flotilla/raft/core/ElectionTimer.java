package io.flotilla.raft.core;

import java.util.SplittableRandom;

/** Counts ticks up to a random limit in {@code [base, 2 * base)}, drawn afresh each time it is armed. */
final class ElectionTimer {
    private final int base;
    private final SplittableRandom random;
    private int elapsed;
    private int limit;

    ElectionTimer(int base, long seed) {
        this.base = base;
        this.random = new SplittableRandom(seed);
        arm();
    }

    void arm() {
        elapsed = 0;
        limit = base + random.nextInt(base);
    }

    /** @return whether the time is up */
    boolean tick() {
        elapsed++;
        return elapsed >= limit;
    }
}
