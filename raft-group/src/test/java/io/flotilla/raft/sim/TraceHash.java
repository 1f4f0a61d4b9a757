package io.flotilla.raft.sim;

/**
 * A running 64-bit fingerprint of everything that happened in a run. Two runs of one seed must have the same one, on
 * any JVM.
 */
public final class TraceHash {
    private long state = 0x9E3779B97F4A7C15L;
    private long events;

    /** Takes in one word; the order matters. */
    public void mix(long word) {
        long z = (state ^ word) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        state = z ^ (z >>> 31);
        events++;
    }

    /** A hash of bytes that is the same on every JVM. */
    public static long of(byte[] bytes) {
        long h = 0xCBF29CE484222325L ^ bytes.length;
        for (byte b : bytes) {
            h = (h ^ (b & 0xFF)) * 0x100000001B3L;
        }
        return h ^ (h >>> 29);
    }

    /** A hash of text that is the same on every JVM. */
    public static long of(String text) {
        long h = 0xCBF29CE484222325L ^ text.length();
        for (int i = 0; i < text.length(); i++) {
            h = (h ^ text.charAt(i)) * 0x100000001B3L;
        }
        return h ^ (h >>> 29);
    }

    public long value() {
        return state;
    }

    /** How many words were taken in. */
    public long events() {
        return events;
    }
}
