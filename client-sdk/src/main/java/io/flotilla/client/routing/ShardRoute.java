package io.flotilla.client.routing;

import io.flotilla.client.proto.Shard;
import io.flotilla.client.proto.ShardRef;
import java.util.Arrays;

/** One shard as the client knows it: its range, epoch and owner. Immutable; the arrays are not to be written. */
public final class ShardRoute {
    private final Shard shard;
    private final byte[] start;
    private final byte[] end;
    private final ShardRef ref;

    ShardRoute(Shard shard) {
        this.shard = shard;
        this.start = shard.getStart().toByteArray();
        this.end = shard.getEnd().toByteArray();
        this.ref = ShardRef.newBuilder()
                .setId(shard.getId())
                .setEpoch(shard.getEpoch())
                .setGroup(shard.getGroup())
                .build();
    }

    public long id() {
        return shard.getId();
    }

    public long epoch() {
        return shard.getEpoch();
    }

    public long group() {
        return shard.getGroup();
    }

    /** Inclusive. */
    public byte[] start() {
        return start;
    }

    /** Exclusive; empty means no upper bound. */
    public byte[] end() {
        return end;
    }

    /** What a request to this shard carries. */
    public ShardRef ref() {
        return ref;
    }

    public boolean contains(byte[] key) {
        return Arrays.compareUnsigned(key, start) >= 0 && endsAfter(key);
    }

    boolean endsAfter(byte[] key) {
        return end.length == 0 || Arrays.compareUnsigned(key, end) < 0;
    }

    boolean overlaps(ShardRoute other) {
        boolean thisBefore = end.length > 0 && Arrays.compareUnsigned(end, other.start) <= 0;
        boolean otherBefore = other.end.length > 0 && Arrays.compareUnsigned(other.end, start) <= 0;
        return !thisBefore && !otherBefore;
    }

    @Override
    public String toString() {
        return "shard " + id() + " epoch " + epoch() + " of group " + group();
    }
}
