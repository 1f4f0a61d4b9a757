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
    private final long group;
    private final EngineView view;
    private final Runnable end;
    private final List<ShardRow> shards;
    private boolean open = true;

    /** @param use of all rows of the shards; closed with this, as the view is */
    GroupChecksum(long group, long index, EngineView view, RowUses.Use use, List<ShardRow> shards) {
        this(group, index, view, shards, () -> {
            view.close();
            use.close();
        });
    }

    /** @param end at the first close */
    GroupChecksum(long group, long index, EngineView view, List<ShardRow> shards, Runnable end) {
        this.group = group;
        this.index = index;
        this.view = view;
        this.shards = shards;
        this.end = end;
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
            byte[] row = SnapshotFormat.shared(shard).toByteArray();
            hasher.putInt(row.length).putBytes(row);
            add(hasher, RowRange.all(RowRange.Kind.SESSIONS, shard.getSessionNumber()), goesOn);
            add(hasher, Pieces.of(shard).all(view::ascending), goesOn);
            if (shard.hasChangeIndex()) {
                add(
                        hasher,
                        RowRange.all(
                                RowRange.Kind.CHANGES, shard.getChangeIndex().getNumber()),
                        goesOn);
            }
        }
        byte[] fences = Layout.fencePrefix(group);
        add(hasher, view.ascending(fences, Keys.afterPrefix(fences)), goesOn);
        return hasher.hash().asLong();
    }

    private void add(Hasher hasher, RowRange range, BooleanSupplier goesOn) {
        add(hasher, view.ascending(range.from(), range.to()), goesOn);
    }

    /** @param cursor over rows whose keys begin with a number that is the same for all replicas, or this node's alone */
    private static void add(Hasher hasher, EngineCursor cursor, BooleanSupplier goesOn) {
        long count = 0;
        try (EngineCursor rows = cursor) {
            while (rows.next()) {
                if (!goesOn.getAsBoolean()) {
                    throw new CancellationException();
                }
                byte[] key = rows.key();
                byte[] value = rows.value();
                hasher.putInt(key.length).putBytes(key, Layout.NUMBER_PREFIX, key.length - Layout.NUMBER_PREFIX);
                hasher.putInt(value.length).putBytes(value);
                count++;
            }
        }
        hasher.putLong(count);
    }

    @Override
    public void close() {
        if (open) {
            open = false;
            end.run();
        }
    }
}
