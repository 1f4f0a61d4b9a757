package io.flotilla.kv.move;

/** A move by its name: a shard, and the number of the configuration that set its target. Ordered as moves take turns. */
public record MoveKey(long move, long shard) implements Comparable<MoveKey> {
    @Override
    public int compareTo(MoveKey other) {
        int byMove = Long.compare(move, other.move);
        return byMove != 0 ? byMove : Long.compare(shard, other.shard);
    }

    @Override
    public String toString() {
        return "move " + move + " of shard " + shard;
    }
}
