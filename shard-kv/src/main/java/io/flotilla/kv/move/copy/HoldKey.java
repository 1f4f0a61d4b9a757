package io.flotilla.kv.move.copy;

import java.util.Comparator;

/** What one replica of a group here holds, or shall hold, of a shard that moves to the group. Ordered as copies take turns. */
public record HoldKey(long group, long shard, long move) implements Comparable<HoldKey> {
    private static final Comparator<HoldKey> ORDER = Comparator.comparingLong(HoldKey::move)
            .thenComparingLong(HoldKey::shard)
            .thenComparingLong(HoldKey::group);

    @Override
    public int compareTo(HoldKey other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return "the copy of shard " + shard + " for group " + group + " (move " + move + ")";
    }
}
