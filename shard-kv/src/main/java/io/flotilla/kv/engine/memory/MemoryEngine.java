package io.flotilla.kv.engine.memory;

import io.flotilla.kv.engine.EngineBatch;
import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.EngineException;
import io.flotilla.kv.engine.EngineImport;
import io.flotilla.kv.engine.EngineView;
import io.flotilla.kv.engine.Keys;
import io.flotilla.kv.engine.KvEngine;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * An engine in memory, for the simulator and for tests in one thread. It keeps a durable copy beside the present one,
 * and the batches between the two; {@link #crash} makes the engine that a restart would find. Like an engine on disk it
 * makes old batches durable by itself when many have come since the last flush, and {@link #flushSoon} takes until the
 * engine is next written or asked.
 *
 * <p>Not thread-safe: one thread, or lanes that share one.
 */
public final class MemoryEngine implements KvEngine {
    /** Batches kept apart from the durable copy, by default. */
    public static final int DEFAULT_UNFLUSHED_BATCHES = 1_000;

    private final int maxUnflushed;
    private final NavigableMap<byte[], byte[]> durable;
    /** By name; what is here is durable. */
    private final TreeMap<String, NavigableMap<byte[], byte[]>> kept;

    private final ArrayDeque<EngineBatch> unflushed = new ArrayDeque<>();
    private NavigableMap<byte[], byte[]> present;
    /** Cursors that may still read {@link #present}: it must not change under them. */
    private int cursorsOnPresent;

    /** Open ones. */
    private final List<View> views = new ArrayList<>();

    /** Rows that were deleted since the last flush: a cursor with a bound steps over them, as one on disk does. */
    private final NavigableSet<byte[]> gone = new TreeSet<>(Keys::compare);

    private int mostSteps = Integer.MAX_VALUE;
    private long written;
    private boolean flushAsked;
    private boolean closed;

    public MemoryEngine() {
        this(DEFAULT_UNFLUSHED_BATCHES);
    }

    /** @param maxUnflushed batches beyond this become durable by themselves, the oldest first */
    public MemoryEngine(int maxUnflushed) {
        this(maxUnflushed, new TreeMap<>(Keys::compare), new TreeMap<>());
    }

    private MemoryEngine(
            int maxUnflushed, NavigableMap<byte[], byte[]> rows, TreeMap<String, NavigableMap<byte[], byte[]>> kept) {
        this.kept = kept;
        this.maxUnflushed = maxUnflushed;
        this.durable = rows;
        this.present = new TreeMap<>(rows);
    }

    @Override
    public byte[] get(byte[] key) {
        checkOpen();
        return present.get(key);
    }

    @Override
    public EngineCursor ascending(byte[] from, byte[] to) {
        checkOpen();
        return new Cursor(present, range(present, from, to));
    }

    @Override
    public EngineCursor descending(byte[] from, byte[] to) {
        checkOpen();
        return new Cursor(present, range(present, from, to).descendingMap());
    }

    @Override
    public EngineCursor ascending(byte[] from, byte[] to, int maxSteps) {
        return new CutCursor(ascending(from, to), gone, from, to, false, Math.min(maxSteps, mostSteps));
    }

    @Override
    public EngineCursor descending(byte[] from, byte[] to, int maxSteps) {
        return new CutCursor(descending(from, to), gone, from, to, true, Math.min(maxSteps, mostSteps));
    }

    /** Cuts cursors with a bound of steps earlier, after so many. An engine that {@link #crash} makes does the same. */
    public MemoryEngine withMostSteps(int steps) {
        mostSteps = steps;
        return this;
    }

    private static NavigableMap<byte[], byte[]> range(NavigableMap<byte[], byte[]> rows, byte[] from, byte[] to) {
        if (to == null) {
            return rows.tailMap(from, true);
        }
        return Keys.compare(from, to) < 0 ? rows.subMap(from, true, to, false) : new TreeMap<>(Keys::compare);
    }

    @Override
    public long write(EngineBatch batch) {
        checkOpen();
        if (batch.isEmpty()) {
            return written;
        }
        finishFlush();
        leavePresentToItsReaders();
        change(present, batch);
        noteGone(batch);
        unflushed.add(batch);
        if (unflushed.size() > maxUnflushed) {
            change(durable, unflushed.remove());
        }
        return ++written;
    }

    private void leavePresentToItsReaders() {
        if (cursorsOnPresent > 0) {
            present = new TreeMap<>(present);
            cursorsOnPresent = 0;
        }
    }

    /** All rows there go at once, from the durable copy and from the views, which misses nothing of what files may do. */
    @Override
    public void deleteFiles(byte[] from, byte[] to) {
        checkOpen();
        leavePresentToItsReaders();
        range(present, from, to).clear();
        range(durable, from, to).clear();
        for (View view : views) {
            view.viewed = new TreeMap<>(view.viewed);
            range(view.viewed, from, to).clear();
        }
    }

    private void noteGone(EngineBatch batch) {
        batch.forEach(new EngineBatch.Visitor() {
            @Override
            public void put(byte[] key, byte[] value) {
                gone.remove(key);
            }

            @Override
            public void delete(byte[] key) {
                gone.add(key);
            }

            @Override
            public void deleteRange(byte[] from, byte[] to) {}
        });
    }

    private static void change(NavigableMap<byte[], byte[]> rows, EngineBatch batch) {
        batch.forEach(new EngineBatch.Visitor() {
            @Override
            public void put(byte[] key, byte[] value) {
                rows.put(key, value);
            }

            @Override
            public void delete(byte[] key) {
                rows.remove(key);
            }

            @Override
            public void deleteRange(byte[] from, byte[] to) {
                rows.subMap(from, true, to, false).clear();
            }
        });
    }

    @Override
    public void flush() {
        checkOpen();
        unflushed.forEach(batch -> change(durable, batch));
        unflushed.clear();
        gone.clear();
        flushAsked = false;
    }

    @Override
    public void flushSoon() {
        checkOpen();
        flushAsked = !unflushed.isEmpty();
    }

    private void finishFlush() {
        if (flushAsked) {
            flush();
        }
    }

    @Override
    public EngineView view() {
        checkOpen();
        return new View();
    }

    @Override
    public EngineView keepView(String name) {
        checkOpen();
        flush();
        kept.put(name, new TreeMap<>(durable));
        return keptView(name);
    }

    @Override
    public EngineView keptView(String name) {
        NavigableMap<byte[], byte[]> rows = kept.get(name);
        return rows == null ? null : new KeptView(rows);
    }

    @Override
    public List<String> keptViews() {
        return List.copyOf(kept.keySet());
    }

    @Override
    public void forgetView(String name) {
        kept.remove(name);
    }

    @Override
    public long approximateBytes(byte[] from, byte[] to) {
        checkOpen();
        long bytes = 0;
        for (Map.Entry<byte[], byte[]> row : range(present, from, to).entrySet()) {
            bytes += row.getKey().length + row.getValue().length;
        }
        return bytes;
    }

    @Override
    public EngineImport newImport() {
        checkOpen();
        return new MemoryImport();
    }

    @Override
    public void ingest(EngineImport finished) {
        checkOpen();
        List<NavigableMap<byte[], byte[]>> runs = ((MemoryImport) finished).take();
        for (NavigableMap<byte[], byte[]> run : runs) {
            if (unflushed.stream().anyMatch(batch -> touches(batch, run.firstKey(), run.lastKey()))) {
                flush();
            }
        }
        leavePresentToItsReaders();
        runs.forEach(present::putAll);
        runs.forEach(durable::putAll);
    }

    /** Whether the batch changes anything from the first key to the last. */
    private static boolean touches(EngineBatch batch, byte[] first, byte[] last) {
        boolean[] found = new boolean[1];
        batch.forEach(new EngineBatch.Visitor() {
            @Override
            public void put(byte[] key, byte[] value) {
                delete(key);
            }

            @Override
            public void delete(byte[] key) {
                found[0] |= Keys.compare(first, key) <= 0 && Keys.compare(key, last) <= 0;
            }

            @Override
            public void deleteRange(byte[] from, byte[] to) {
                found[0] |= Keys.compare(from, last) <= 0 && Keys.compare(first, to) < 0;
            }
        });
        return found[0];
    }

    @Override
    public long durableSequence() {
        if (!closed) {
            finishFlush();
        }
        return written - unflushed.size();
    }

    @Override
    public String describe() {
        return "the engine in memory";
    }

    /** How many batches a crash now could lose. */
    public int unflushedBatches() {
        return unflushed.size();
    }

    /** What a copy of its files would hold now: all that is flushed, and none of the snapshots that are kept. */
    public MemoryEngine copyOfFlushed() {
        TreeMap<byte[], byte[]> rows = new TreeMap<>(Keys::compare);
        rows.putAll(durable);
        return new MemoryEngine(maxUnflushed, rows, new TreeMap<>());
    }

    /** The engine as a restart after a power cut finds it: the random source says how many unflushed batches are lost. */
    public MemoryEngine crash(SplittableRandom random) {
        return crash(random.nextInt(unflushed.size() + 1));
    }

    /**
     * The engine as a restart after a power cut finds it. This one is dead from here on; after {@link #close} the
     * engine holds everything, and this is how to open it again.
     *
     * @param survivors how many of the unflushed batches, the oldest first, reached the disk all the same
     */
    public MemoryEngine crash(int survivors) {
        if (survivors < 0 || survivors > unflushed.size()) {
            throw new IllegalArgumentException(
                    survivors + " batches can't survive, " + unflushed.size() + " are unflushed");
        }
        closed = true;
        for (int i = 0; i < survivors; i++) {
            change(durable, unflushed.remove());
        }
        unflushed.clear();
        return new MemoryEngine(maxUnflushed, durable, kept).withMostSteps(mostSteps);
    }

    @Override
    public void close() {
        if (!closed) {
            flush();
            closed = true;
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new EngineException("the engine is closed");
        }
    }

    /** Its rows never change. */
    private final class KeptView implements EngineView {
        private final NavigableMap<byte[], byte[]> rows;

        KeptView(NavigableMap<byte[], byte[]> rows) {
            this.rows = rows;
        }

        @Override
        public EngineCursor ascending(byte[] from, byte[] to) {
            return new Cursor(rows, range(rows, from, to));
        }

        @Override
        public void close() {}
    }

    private final class View implements EngineView {
        private NavigableMap<byte[], byte[]> viewed = present;
        private boolean open = true;

        View() {
            cursorsOnPresent++;
            views.add(this);
        }

        @Override
        public EngineCursor ascending(byte[] from, byte[] to) {
            checkOpen();
            return new Cursor(viewed, range(viewed, from, to));
        }

        @Override
        public void close() {
            if (open) {
                open = false;
                views.remove(this);
                if (viewed == present) {
                    cursorsOnPresent--;
                }
            }
        }
    }

    private final class Cursor implements EngineCursor {
        private final NavigableMap<byte[], byte[]> viewed;
        private final Iterator<Map.Entry<byte[], byte[]>> rows;
        private Map.Entry<byte[], byte[]> row;
        private boolean open = true;

        Cursor(NavigableMap<byte[], byte[]> viewed, NavigableMap<byte[], byte[]> range) {
            this.viewed = viewed;
            rows = range.entrySet().iterator();
            if (viewed == present) {
                cursorsOnPresent++;
            }
        }

        @Override
        public boolean next() {
            row = open && rows.hasNext() ? rows.next() : null;
            return row != null;
        }

        @Override
        public byte[] key() {
            return row.getKey();
        }

        @Override
        public byte[] value() {
            return row.getValue();
        }

        @Override
        public void close() {
            if (open) {
                open = false;
                if (viewed == present) {
                    cursorsOnPresent--;
                }
            }
        }
    }
}
