package io.flotilla.kv.machine;

/** A client's random identity. Ordered as its bytes are, unsigned. */
record SessionId(long high, long low) implements Comparable<SessionId> {
    @Override
    public int compareTo(SessionId other) {
        int highs = Long.compareUnsigned(high, other.high);
        return highs != 0 ? highs : Long.compareUnsigned(low, other.low);
    }
}
