package io.flotilla.kv.move;

import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a replica has applied of a shard.
 *
 * @param epoch in which it is or was served here; 0 if never
 * @param move by which it moves, is frozen, or has gone; else 0
 * @param target of that move
 * @param fence the highest move applied; 0 if none
 * @param holds what this replica has copied, by move
 */
public record ShardFacts(
        Stage stage, long epoch, long move, long target, long fence, SortedMap<Long, HoldFacts> holds) {
    /** What the replica does with the shard. */
    public enum Stage {
        /** Nothing: it is another group's, or never was here. */
        ABSENT,
        SERVING,
        MOVING,
        FROZEN,
        /** It was dropped here. */
        GONE
    }

    /**
     * A copy set aside for a move.
     *
     * @param whole false while rows are missing; then it counts for nothing
     * @param changeNumber up to which all changes are in it, durably
     */
    public record HoldFacts(boolean whole, long changeNumber) {}

    /** Of a shard of which nothing is known. */
    public static final ShardFacts NOTHING =
            new ShardFacts(Stage.ABSENT, 0, 0, 0, 0, Collections.unmodifiableSortedMap(new TreeMap<>()));

    /** Whether the shard is served at this moment. */
    public boolean serves() {
        return stage == Stage.SERVING || stage == Stage.MOVING;
    }

    public boolean isMovingBy(MoveKey key) {
        return stage == Stage.MOVING && move == key.move();
    }

    public boolean isFrozenBy(MoveKey key) {
        return stage == Stage.FROZEN && move == key.move();
    }

    /** Up to which change number this replica holds the shard for the move; -1 if it has no whole hold. */
    public long held(MoveKey key) {
        HoldFacts hold = holds.get(key.move());
        return hold == null || !hold.whole() ? -1 : hold.changeNumber();
    }
}
