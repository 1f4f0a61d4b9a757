package io.flotilla.kv.machine;

import io.flotilla.kv.engine.EngineBatch;
import io.flotilla.kv.engine.EngineImport;
import io.flotilla.kv.engine.KvEngine;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Who uses which rows of the engine on this node: shards, holds and views. Rows are deleted once nobody uses them, whatever
 * else lives under the same number. A use begins only with rows that another one has at that moment, or that are new; so
 * what nobody uses stays unused.
 *
 * <p>A record that no longer names rows and their deletion are one batch, written under the lock: who gives up the last other
 * use of them can't be faster, and no crash leaves a record whose rows are gone. What a crash leaves that no record names is
 * deleted at the next start ({@link Numbers}). Thread-safe; {@link #change} and {@link Use#close} block as a write to the
 * engine may.
 */
final class RowUses {
    private record Place(RowRange.Kind kind, long number) {}

    private final KvEngine engine;
    /** Looked up only. */
    private final Map<Place, List<RowRange>> used = new HashMap<>();
    /** Data that nobody uses any more, in the order of the batches that deleted it. */
    private final Deque<Given> given = new ArrayDeque<>();

    /** @param sequence the engine's of the batch that deleted the rows */
    private record Given(RowRange rows, long sequence) {}

    RowUses(KvEngine engine) {
        this.engine = engine;
    }

    /** Somebody who uses rows. Its user calls it, one thread at a time. */
    final class Use implements AutoCloseable {
        private List<RowRange> ranges;

        private Use(List<RowRange> ranges) {
            this.ranges = ranges;
        }

        /** Gives it up: what nobody else uses is deleted. May be called again. */
        @Override
        public void close() {
            synchronized (RowUses.this) {
                EngineBatch batch = new EngineBatch();
                List<RowRange> unused = replace(List.of(), batch);
                if (!batch.isEmpty()) {
                    given(unused, engine.write(batch));
                }
            }
        }

        /** Gives it up, and deletes nothing: another use has the same rows by now. */
        void forget() {
            synchronized (RowUses.this) {
                ranges.forEach(RowUses.this::remove);
                ranges = List.of();
            }
        }

        /** @return what nobody uses any more: the batch deletes it */
        private List<RowRange> replace(List<RowRange> next, EngineBatch batch) {
            List<RowRange> unusedNow = new ArrayList<>();
            List<RowRange> given = ranges;
            ranges = List.copyOf(next);
            ranges.forEach(RowUses.this::add);
            given.forEach(RowUses.this::remove);
            for (RowRange range : given) {
                for (RowRange unused : unused(range)) {
                    batch.deleteRange(unused.from(), unused.to());
                    unusedNow.add(unused);
                }
            }
            return unusedNow;
        }
    }

    synchronized Use use(Collection<RowRange> ranges) {
        Use use = new Use(List.copyOf(ranges));
        use.ranges.forEach(this::add);
        return use;
    }

    /**
     * The user has other rows from now on. Writes the batch that records it, with the deletion of what nobody uses any more.
     *
     * @return as {@link KvEngine#write}
     */
    synchronized long change(Use use, Collection<RowRange> next, EngineBatch batch) {
        List<RowRange> unused = use.replace(List.copyOf(next), batch);
        long sequence = engine.write(batch);
        given(unused, sequence);
        return sequence;
    }

    private void given(List<RowRange> rows, long sequence) {
        for (RowRange range : rows) {
            if (range.kind() == RowRange.Kind.DATA) {
                given.add(new Given(range, sequence));
            }
        }
    }

    /**
     * Gives back the disk's space under data that nobody uses any more. The batch that recorded so is durable first: else a crash would
     * leave the record of rows whose files are gone. Blocks for the flush of the engine and the deletion of files.
     */
    void reclaim() {
        List<Given> due = new ArrayList<>();
        synchronized (this) {
            due.addAll(given);
            given.clear();
        }
        if (due.isEmpty()) {
            return;
        }
        if (engine.durableSequence() < due.get(due.size() - 1).sequence) {
            engine.flush();
        }
        for (Given each : due) {
            engine.deleteFiles(each.rows.from(), each.rows.to());
        }
    }

    /** Takes rows in, and deletes again what lies in ranges that nobody uses. Blocks. */
    void ingest(EngineImport rows, Collection<RowRange> ranges) {
        engine.ingest(rows);
        synchronized (this) {
            EngineBatch batch = new EngineBatch();
            for (RowRange range : ranges) {
                for (RowRange unused : unused(range)) {
                    batch.deleteRange(unused.from(), unused.to());
                }
            }
            if (!batch.isEmpty()) {
                engine.write(batch);
            }
        }
    }

    /** What of the range nobody uses. */
    private List<RowRange> unused(RowRange range) {
        return range.without(at(range));
    }

    private List<RowRange> at(RowRange range) {
        return used.getOrDefault(new Place(range.kind(), range.number()), List.of());
    }

    private void add(RowRange range) {
        used.computeIfAbsent(new Place(range.kind(), range.number()), place -> new ArrayList<>(1))
                .add(range);
    }

    private void remove(RowRange range) {
        Place place = new Place(range.kind(), range.number());
        List<RowRange> there = used.get(place);
        there.remove(range);
        if (there.isEmpty()) {
            used.remove(place);
        }
    }
}
