package io.flotilla.it.model;

/**
 * The storage engine of one replica of B: its shard, its holds and the applied index change together in one batch, and a crash goes back to the last flush of all of it.
 */
record Engine(Shard shard, Holds holds, int applied) {
    static final Engine EMPTY = new Engine(Shard.NOTHING, Holds.NONE, 0);

    Hold hold(int m) {
        return holds.of(m);
    }

    Engine withHold(int m, Hold hold) {
        return new Engine(shard, holds.with(m, hold), applied);
    }

    Engine withShard(Shard changed) {
        return new Engine(changed, holds, applied);
    }

    /** The engine after an entry or a snapshot, with the holds above the fence. */
    Engine after(Shard changed, int index) {
        return new Engine(changed, holds.above(changed.fence()), index);
    }

    @Override
    public int hashCode() {
        long mixed = shard.bits() * 0x9E3779B97F4A7C15L + (holds.bits() << 5 | applied) * 0xC2B2AE3D27D4EB4FL;
        return (int) (mixed ^ mixed >>> 32);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Engine that
                && shard.bits() == that.shard.bits()
                && holds.bits() == that.holds.bits()
                && applied == that.applied;
    }
}
