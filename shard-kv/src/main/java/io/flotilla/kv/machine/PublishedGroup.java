package io.flotilla.kv.machine;

import io.flotilla.client.proto.Shard;
import java.util.List;
import java.util.SortedMap;

/**
 * What others than the applier may know of a data group's replica on this node. Immutable, but for the gauges, which say
 * themselves how they change.
 */
public final class PublishedGroup {
    private final SortedMap<Long, ShardGauge> gauges;
    private final List<Shard> shards;

    PublishedGroup(SortedMap<Long, ShardGauge> gauges, List<Shard> shards) {
        this.gauges = gauges;
        this.shards = shards;
    }

    /** Of a shard that the group serves; null if it does not serve it. */
    public ShardGauge gauge(long shard) {
        return gauges.get(shard);
    }

    /** The shards that the group serves, and those that it gave away as they were then. */
    public List<Shard> shards() {
        return shards;
    }
}
