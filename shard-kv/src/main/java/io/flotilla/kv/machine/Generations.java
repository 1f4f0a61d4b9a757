package io.flotilla.kv.machine;

import com.google.protobuf.InvalidProtocolBufferException;
import io.flotilla.kv.engine.EngineBatch;
import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.EngineException;
import io.flotilla.kv.engine.Keys;
import io.flotilla.kv.engine.KvEngine;
import io.flotilla.kv.proto.ShardRow;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The generations of one node: each is the place of one shard's rows in the engine, and its number is never used again.
 * The engine has a row for a number, written together with the first rows of that generation, so that a crash can't
 * leave the one without the other. Thread-safe.
 */
final class Generations {
    private final AtomicLong last;

    /**
     * Reads the numbers used so far, and deletes what is left of generations that no shard has: of images that were
     * taken in but not installed when the node stopped, and of shards that were replaced. Before any machine is opened.
     */
    Generations(KvEngine engine) {
        Set<Long> used = used(engine);
        EngineBatch batch = new EngineBatch();
        byte[] prefix = Layout.generationPrefix();
        long newest = 0;
        try (EngineCursor rows = engine.ascending(prefix, Keys.afterPrefix(prefix))) {
            while (rows.next()) {
                newest = Layout.generationOf(rows.key());
                if (!used.contains(newest)) {
                    delete(newest, batch);
                    batch.delete(rows.key());
                }
            }
        }
        if (!batch.isEmpty()) {
            // the highest number stays known
            batch.put(Layout.generationKey(newest), new byte[0]);
            engine.write(batch);
        }
        last = new AtomicLong(newest);
    }

    private static Set<Long> used(KvEngine engine) {
        Set<Long> used = new TreeSet<>();
        byte[] prefix = Layout.shardsPrefix();
        try (EngineCursor rows = engine.ascending(prefix, Keys.afterPrefix(prefix))) {
            while (rows.next()) {
                used.add(ShardRow.parseFrom(rows.value()).getGeneration());
            }
        } catch (InvalidProtocolBufferException e) {
            throw new EngineException("a shard row is damaged", e);
        }
        return used;
    }

    /** The first of so many numbers that nobody else gets, one after the other. */
    long reserve(int count) {
        return last.getAndAdd(count) + 1;
    }

    /** Deletes a generation's rows, but not the memory of its number. */
    static void delete(long generation, EngineBatch batch) {
        byte[] sessions = Layout.sessionPrefix(generation);
        batch.deleteRange(sessions, Keys.afterPrefix(sessions));
        byte[] data = Layout.dataPrefix(generation);
        batch.deleteRange(data, Keys.afterPrefix(data));
    }
}
