package io.flotilla.kv.service;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.engine.Keys;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The shards of one configuration, to be found by id and by range. Immutable; made once per configuration. */
public final class ShardMap {
    public static final ShardMap EMPTY = new ShardMap(Configuration.getDefaultInstance());

    private final long number;
    /** In key order. */
    private final List<Shard> shards;
    /** Looked up only. */
    private final Map<Long, Shard> byId;

    public ShardMap(Configuration configuration) {
        number = configuration.getNumber();
        shards = configuration.getShardsList();
        byId = new HashMap<>(2 * shards.size());
        for (Shard shard : shards) {
            byId.put(shard.getId(), shard);
        }
    }

    /** The configuration's; 0 if there is none. */
    public long number() {
        return number;
    }

    /** Or null. */
    Shard find(long id) {
        return byId.get(id);
    }

    /** The place of the first shard that ends behind the key. */
    private int firstBehind(ByteString key) {
        int low = 0;
        int high = shards.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            ByteString end = shards.get(middle).getEnd();
            if (end.isEmpty() || Keys.compare(end, key) > 0) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    /** Those that have keys of the range, in key order, at most so many. @param end empty means no upper bound */
    List<Shard> within(ByteString start, ByteString end, int limit) {
        int from = firstBehind(start);
        int to = from;
        while (to < shards.size()
                && to - from < limit
                && (end.isEmpty() || Keys.compare(shards.get(to).getStart(), end) < 0)) {
            to++;
        }
        return shards.subList(from, to);
    }
}
