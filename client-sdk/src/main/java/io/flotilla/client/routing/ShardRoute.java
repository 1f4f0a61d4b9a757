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

    /** Whether there is a key that both ranges have. */
    public boolean overlaps(ShardRoute other) {
        return !endsBefore(other) && !other.endsBefore(this);
    }

    /** Whether it ends at or before the other's start. */
    boolean endsBefore(ShardRoute other) {
        return end.length > 0 && Arrays.compareUnsigned(end, other.start) <= 0;
    }

    /** Whether this is the shard exactly as it is told. */
    boolean is(Shard told) {
        return shard == told || shard.equals(told);
    }

    /** All that is known of the shard. */
    public Shard shard() {
        return shard;
    }

    @Override
    public String toString() {
        return "shard " + id() + " epoch " + epoch() + " of group " + group();
    }
}
