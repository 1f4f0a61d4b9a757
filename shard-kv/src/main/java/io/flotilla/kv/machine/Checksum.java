package io.flotilla.kv.machine;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.Keys;
import io.flotilla.kv.engine.KvEngine;

/** A group's state as one number, the same on all replicas that applied the same entries. Reads every row. */
final class Checksum {
    private Checksum() {}

    static long of(KvEngine engine, long appliedIndex, Iterable<ShardState> shards) {
        Hasher hasher = Hashing.murmur3_128().newHasher().putLong(appliedIndex);
        for (ShardState shard : shards) {
            // the generation differs from node to node
            byte[] row = shard.toRow().toBuilder().clearGeneration().build().toByteArray();
            hasher.putInt(row.length).putBytes(row);
            add(hasher, engine, Layout.sessionPrefix(shard.generation()));
            add(hasher, engine, Layout.dataPrefix(shard.generation()));
        }
        return hasher.hash().asLong();
    }

    private static void add(Hasher hasher, KvEngine engine, byte[] prefix) {
        long count = 0;
        try (EngineCursor rows = engine.ascending(prefix, Keys.afterPrefix(prefix))) {
            while (rows.next()) {
                byte[] key = rows.key();
                byte[] value = rows.value();
                hasher.putInt(key.length).putBytes(key, prefix.length, key.length - prefix.length);
                hasher.putInt(value.length).putBytes(value);
                count++;
            }
        }
        hasher.putLong(count);
    }
}
