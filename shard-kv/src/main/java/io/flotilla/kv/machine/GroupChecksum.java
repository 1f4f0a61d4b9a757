package io.flotilla.kv.machine;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.EngineView;
import io.flotilla.kv.engine.Keys;
import io.flotilla.kv.proto.ShardRow;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/**
 * A group's state at one index as one number: the same on all replicas that applied the same entries, however they were
 * batched. Cheap to take; computed, which reads every row, and closed on one lane.
 */
public final class GroupChecksum implements AutoCloseable {
    private final long index;
    private final EngineView view;
    private final List<ShardRow> shards;

    GroupChecksum(long index, EngineView view, List<ShardRow> shards) {
        this.index = index;
        this.view = view;
        this.shards = shards;
    }

    /** The index of the last entry applied. */
    public long index() {
        return index;
    }

    /**
     * @param goesOn asked again and again; false ends the work
     * @throws CancellationException if it was ended
     */
    public long compute(BooleanSupplier goesOn) {
        Hasher hasher = Hashing.murmur3_128().newHasher().putLong(index);
        for (ShardRow shard : shards) {
            // the generation differs from node to node
            byte[] row = shard.toBuilder().clearGeneration().build().toByteArray();
            hasher.putInt(row.length).putBytes(row);
            add(hasher, Layout.sessionPrefix(shard.getGeneration()), goesOn);
            add(hasher, Layout.dataPrefix(shard.getGeneration()), goesOn);
        }
        return hasher.hash().asLong();
    }

    private void add(Hasher hasher, byte[] prefix, BooleanSupplier goesOn) {
        long count = 0;
        try (EngineCursor rows = view.ascending(prefix, Keys.afterPrefix(prefix))) {
            while (rows.next()) {
                if (!goesOn.getAsBoolean()) {
                    throw new CancellationException();
                }
                byte[] key = rows.key();
                byte[] value = rows.value();
                hasher.putInt(key.length).putBytes(key, prefix.length, key.length - prefix.length);
                hasher.putInt(value.length).putBytes(value);
                count++;
            }
        }
        hasher.putLong(count);
    }

    @Override
    public void close() {
        view.close();
    }
}
