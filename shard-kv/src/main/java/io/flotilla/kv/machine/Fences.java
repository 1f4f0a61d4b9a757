package io.flotilla.kv.machine;

import com.google.protobuf.InvalidProtocolBufferException;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.engine.EngineBatch;
import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.EngineException;
import io.flotilla.kv.engine.Keys;
import io.flotilla.kv.engine.KvEngine;
import io.flotilla.kv.proto.FenceRow;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Up to which move the group is through with each shard id, kept for ever, and where shards went. State of the group. Applier lane.
 */
final class Fences {
    private final long group;
    private final SortedMap<Long, FenceRow> rows;
    /** Not written back yet. */
    private final SortedSet<Long> changed = new TreeSet<>();

    /** @param rows by shard */
    Fences(long group, SortedMap<Long, FenceRow> rows) {
        this.group = group;
        this.rows = new TreeMap<>(rows);
    }

    /** As the engine has them. */
    static Fences open(KvEngine engine, long group) {
        SortedMap<Long, FenceRow> rows = new TreeMap<>();
        byte[] prefix = Layout.fencePrefix(group);
        try (EngineCursor fences = engine.ascending(prefix, Keys.afterPrefix(prefix))) {
            while (fences.next()) {
                rows.put(Layout.shardOf(fences.key()), FenceRow.parseFrom(fences.value()));
            }
        } catch (InvalidProtocolBufferException e) {
            throw new EngineException("a fence's row of group " + group + " is damaged", e);
        }
        return new Fences(group, rows);
    }

    /** The highest move applied for the shard; 0 if none. */
    long of(long shard) {
        FenceRow row = rows.get(shard);
        return row == null ? 0 : row.getMove();
    }

    private FenceRow.Builder raised(long shard, long move) {
        FenceRow.Builder row = rows.getOrDefault(shard, FenceRow.getDefaultInstance()).toBuilder();
        return row.setMove(Math.max(row.getMove(), move));
    }

    private void put(long shard, FenceRow.Builder row) {
        rows.put(shard, row.build());
        changed.add(shard);
    }

    /** It never falls. */
    void raise(long shard, long move) {
        put(shard, raised(shard, move));
    }

    /** The shard is here, by this move. */
    void come(long shard, long move) {
        put(shard, raised(shard, move).clearGoneTo());
    }

    /** The shard is not here any more. @param shard as it is where it went */
    void gone(Shard shard) {
        put(shard.getId(), raised(shard.getId(), 0).setGoneTo(shard));
    }

    /** The shards that went, as they were then where they went. */
    List<Shard> gone() {
        List<Shard> gone = new ArrayList<>();
        for (FenceRow row : rows.values()) {
            if (row.hasGoneTo()) {
                gone.add(row.getGoneTo());
            }
        }
        return gone;
    }

    /** The moves by shard. */
    SortedMap<Long, Long> moves() {
        SortedMap<Long, Long> moves = new TreeMap<>();
        rows.forEach((shard, row) -> moves.put(shard, row.getMove()));
        return moves;
    }

    /** Adds the rows that changed since the last call. */
    void drainTo(EngineBatch batch) {
        for (long shard : changed) {
            batch.put(Layout.fenceKey(group, shard), rows.get(shard).toByteArray());
        }
        changed.clear();
    }

    /** Puts all of them in place of those that the engine has. */
    void replaceIn(EngineBatch batch) {
        byte[] prefix = Layout.fencePrefix(group);
        batch.deleteRange(prefix, Keys.afterPrefix(prefix));
        rows.forEach((shard, row) -> batch.put(Layout.fenceKey(group, shard), row.toByteArray()));
    }
}
