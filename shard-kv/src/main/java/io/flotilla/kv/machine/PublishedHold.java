package io.flotilla.kv.machine;

import io.flotilla.kv.engine.KvEngine;

/** What this node holds of a shard that moves to a group here, as far as others may count on it. Written by the applier; any thread. */
public final class PublishedHold {
    private final KvEngine engine;
    private final long shard;
    private final long move;
    /** Below 0 while the copy is not whole. */
    private volatile DurableMark changeNumber;

    PublishedHold(KvEngine engine, long shard, long move, DurableMark changeNumber) {
        this.engine = engine;
        this.shard = shard;
        this.move = move;
        this.changeNumber = changeNumber;
    }

    public long shard() {
        return shard;
    }

    public long move() {
        return move;
    }

    /** Everything up to this change number survives a crash; below 0 while there is no whole copy of which that is true. */
    public long durableChangeNumber() {
        return changeNumber.reached(engine.durableSequence()).durable();
    }

    /** Whether there is a whole copy that survives a crash. */
    public boolean isWhole() {
        return durableChangeNumber() >= 0;
    }

    /** A round, or the end of the copy, was written. Applier lane. */
    void written(long upTo, long sequence) {
        changeNumber = changeNumber.reached(engine.durableSequence()).written(upTo, sequence);
    }
}
