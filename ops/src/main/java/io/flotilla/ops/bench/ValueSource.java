package io.flotilla.ops.bench;

import java.util.Arrays;
import java.util.SplittableRandom;

/** Values that can't be compressed, as parts of one long noise: they cost a copy and no more. Immutable. */
final class ValueSource {
    private static final int NOISE_BYTES = 1 << 20;

    private final int size;
    private final byte[] noise;

    ValueSource(int size) {
        this.size = size;
        this.noise = new byte[size + NOISE_BYTES];
        new SplittableRandom(1).nextBytes(noise);
    }

    /** @param which the same value for the same number */
    byte[] next(long which) {
        int at = Math.floorMod(which * 1_000_003, NOISE_BYTES);
        return Arrays.copyOfRange(noise, at, at + size);
    }
}
