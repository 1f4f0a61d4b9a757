package io.flotilla.kv.machine;

import com.google.protobuf.InvalidProtocolBufferException;
import io.flotilla.kv.engine.EngineBatch;
import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.EngineException;
import io.flotilla.kv.engine.Keys;
import io.flotilla.kv.engine.KvEngine;
import io.flotilla.kv.proto.HoldRow;
import io.flotilla.kv.proto.ShardRow;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The numbers under which rows lie in one node's engine: a generation of data, the sessions of a shard, a change index. None
 * is ever used again. The engine has a row for a number, written together with the first rows under it, so that a crash can't
 * leave the one without the other. Thread-safe.
 */
final class Numbers {
    private final AtomicLong last;

    /**
     * Reads the numbers used so far, and deletes the rows that no shard and no hold has: of snapshots that were taken in but
     * not installed when the node stopped, and of what was still being read when its shard gave it up. Before any machine
     * is opened.
     */
    Numbers(KvEngine engine) {
        Map<Long, List<RowRange>> used = used(engine);
        EngineBatch batch = new EngineBatch();
        byte[] prefix = Layout.numbersPrefix();
        long newest = 0;
        boolean newestUsed = true;
        try (EngineCursor rows = engine.ascending(prefix, Keys.afterPrefix(prefix))) {
            while (rows.next()) {
                newest = Layout.numberOf(rows.key());
                List<RowRange> uses = used.get(newest);
                newestUsed = uses != null;
                sweep(engine, newest, newestUsed ? uses : List.of(), batch);
                if (!newestUsed) {
                    batch.delete(rows.key());
                }
            }
        }
        if (!newestUsed) {
            // the highest number stays known
            batch.put(Layout.numberKey(newest), new byte[0]);
        }
        engine.write(batch);
        last = new AtomicLong(newest);
    }

    private static void sweep(KvEngine engine, long number, List<RowRange> uses, EngineBatch batch) {
        for (RowRange.Kind kind : RowRange.Kind.values()) {
            List<RowRange> same =
                    uses.stream().filter(use -> use.kind() == kind).toList();
            for (RowRange unused : RowRange.all(kind, number).without(same)) {
                // a deletion stays in the engine for a while: only where there is something
                try (EngineCursor any = engine.ascending(unused.from(), unused.to())) {
                    if (any.next()) {
                        batch.deleteRange(unused.from(), unused.to());
                    }
                }
            }
        }
    }

    /** By number. */
    private static Map<Long, List<RowRange>> used(KvEngine engine) {
        List<RowRange> used = new ArrayList<>();
        byte[] shards = Layout.shardsPrefix();
        byte[] holds = Layout.holdsPrefix();
        try (EngineCursor rows = engine.ascending(shards, Keys.afterPrefix(shards));
                EngineCursor held = engine.ascending(holds, Keys.afterPrefix(holds))) {
            while (rows.next()) {
                used.addAll(RowRange.of(ShardRow.parseFrom(rows.value())));
            }
            while (held.next()) {
                used.addAll(RowRange.of(HoldRow.parseFrom(held.value())));
            }
        } catch (InvalidProtocolBufferException e) {
            throw new EngineException("a row of a shard or a hold is damaged", e);
        }
        Map<Long, List<RowRange>> byNumber = new HashMap<>();
        for (RowRange range : used) {
            byNumber.computeIfAbsent(range.number(), number -> new ArrayList<>())
                    .add(range);
        }
        return byNumber;
    }

    /** The first of so many numbers that nobody else gets, one after the other. */
    long reserve(int count) {
        return last.getAndAdd(count) + 1;
    }
}
