package io.flotilla.ops.bench;

import java.nio.ByteBuffer;

/**
 * The keys of all runs: number n's key has 16 bytes, a hash of n and n itself. So keys lie evenly over the whole space of
 * keys, hence over all shards, and neighbours in number are no neighbours there.
 */
final class BenchKeys {
    static final int BYTES = 16;

    private BenchKeys() {}

    static byte[] key(long number) {
        byte[] key = new byte[BYTES];
        ByteBuffer.wrap(key).putLong(hash(number)).putLong(number);
        return key;
    }

    /** The finalizer of SplitMix64. */
    private static long hash(long number) {
        long z = number + 0x9e3779b97f4a7c15L;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
