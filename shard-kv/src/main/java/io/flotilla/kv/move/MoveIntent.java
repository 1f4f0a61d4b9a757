package io.flotilla.kv.move;

import io.flotilla.client.proto.Shard;

/** A move that a configuration shows as open: the shard as its owner serves it, with its target. Immutable. */
public record MoveIntent(Shard shard) {
    public MoveKey key() {
        return new MoveKey(shard.getMoveId(), shard.getId());
    }

    public long from() {
        return shard.getGroup();
    }

    public long into() {
        return shard.getTarget();
    }

    public long epoch() {
        return shard.getEpoch();
    }

    /** The move is to end without a change of the owner; the owner's log decides whether it still can. */
    public boolean cancelled() {
        return shard.getCancelled();
    }
}
