package io.flotilla.kv.engine.rocks;

import io.flotilla.kv.engine.EngineBatch;
import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.EngineException;
import io.flotilla.kv.engine.EngineImport;
import io.flotilla.kv.engine.EngineView;
import io.flotilla.kv.engine.KvEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.rocksdb.AbstractEventListener;
import org.rocksdb.BackgroundErrorReason;
import org.rocksdb.FlushJobInfo;
import org.rocksdb.FlushOptions;
import org.rocksdb.IngestExternalFileOptions;
import org.rocksdb.Options;
import org.rocksdb.Range;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.SizeApproximationFlag;
import org.rocksdb.Slice;
import org.rocksdb.Snapshot;
import org.rocksdb.Status;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine on disk: one RocksDB with one column family and without a log of its own. A memtable holds the batches
 * since the last flush and is flushed as a whole, in order, so what a crash leaves is a prefix. RocksDB flushes by
 * itself when the memtable is full; how far it has come is heard from its flush events. What {@link #flushSoon} asks
 * for is done by a thread of its own.
 *
 * <p>A memtable is small and several are flushed together, in order, so this changes nothing in what a crash leaves.
 *
 * <p>Imports are sorted files in a directory of their own inside the database's; what a crash leaves there is deleted at
 * the next start. To ingest them links them into the database and syncs its manifest. Ingested files may take a sequence
 * number although they pass no memtable: durable sequences are therefore those seen before a flush, not only those that
 * the flush reports.
 *
 * <p>Views that last are checkpoints, in a directory of their own as well.
 *
 * <p>Thread-safe. {@link #close} must come after the last use, of views and imports too: the handles are native memory.
 */
public final class RocksEngine implements KvEngine {
    private static final Logger LOG = LoggerFactory.getLogger(RocksEngine.class);
    private static final String IMPORTS = "import";
    /** Less than this in files that hold other rows too is left to RocksDB's own compactions. */
    private static final long COMPACTED_BYTES = 1 << 20;

    private final Path directory;
    private final RocksDB db;
    private final Options options;
    private final WriteOptions writeOptions;
    private final FlushOptions flushOptions;
    private final IngestExternalFileOptions ingestOptions;
    /** What must outlive the database, closed after it in the opposite order of opening. */
    private final List<AutoCloseable> handles;

    private final AtomicLong durable;
    private final AtomicLong imports = new AtomicLong();
    private final RocksFlusher flusher;

    private final RocksHealth health;
    private final RocksKept kept;
    private final RocksCompactor compactor;
    private final DeletedRanges deletedRanges;
    private volatile boolean closed;

    private RocksEngine(
            Path directory,
            RocksDB db,
            Options options,
            List<AutoCloseable> handles,
            AtomicLong durable,
            RocksHealth health) {
        this.directory = directory;
        this.db = db;
        this.options = options;
        this.handles = handles;
        this.durable = durable;
        this.health = health;
        this.kept = new RocksKept(health, db, directory);
        this.compactor = new RocksCompactor(health, db);
        this.deletedRanges = new DeletedRanges(compactor::offer);
        writeOptions = keep(handles, new WriteOptions()).setDisableWAL(true);
        flushOptions = keep(handles, new FlushOptions()).setWaitForFlush(true);
        ingestOptions = keep(handles, new IngestExternalFileOptions())
                .setMoveFiles(true)
                .setWriteGlobalSeqno(false);
        raise(durable, db.getLatestSequenceNumber());
        flusher = new RocksFlusher(health, db, flushOptions, this::flush);
    }

    /**
     * Opens the database in a directory, or makes one.
     *
     * @throws EngineException if it is damaged, held by another process, or the disk fails
     */
    public static RocksEngine open(Path directory) {
        return open(directory, failed -> {});
    }

    /**
     * The same, with somebody who hears once that the database can't go on: of a write or read that failed, of damage,
     * and of what failed on RocksDB's own threads. Called on any thread; must not block.
     */
    public static RocksEngine open(Path directory, Consumer<EngineException> failed) {
        try {
            Files.createDirectories(directory.resolve(IMPORTS));
        } catch (IOException e) {
            throw new EngineException("can't make the directory " + directory + ": " + e.getMessage(), e);
        }
        RocksDB.loadLibrary();
        List<AutoCloseable> handles = new ArrayList<>();
        try {
            AtomicLong durable = new AtomicLong();
            RocksHealth health = new RocksHealth(directory, failed);
            FlushEvents listener = keep(handles, new FlushEvents(health, durable));
            Options options = RocksOptions.of(handles, listener);
            RocksDB db = RocksDB.open(options, directory.toString());
            deleteImports(directory.resolve(IMPORTS));
            return new RocksEngine(directory, db, options, handles, durable, health);
        } catch (RocksDBException e) {
            closeAll(handles);
            throw new EngineException(
                    "can't open the database in " + directory + ": " + e.getMessage()
                            + "; if another process holds it, stop that one; if it is damaged, this node's data is lost:"
                            + " replace the node by a new one",
                    e);
        }
    }

    /** The database is locked by now: nobody else is at work there. */
    private static void deleteImports(Path imports) {
        try (Stream<Path> left = Files.list(imports)) {
            for (Path file : left.toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new EngineException("can't empty the directory " + imports + ": " + e.getMessage(), e);
        }
    }

    /** Closes it with the others. */
    static <T extends AutoCloseable> T keep(List<AutoCloseable> handles, T handle) {
        handles.add(handle);
        return handle;
    }

    @Override
    public byte[] get(byte[] key) {
        checkOpen();
        try {
            return db.get(key);
        } catch (RocksDBException e) {
            throw health.failed("can't read", e);
        }
    }

    @Override
    public EngineCursor ascending(byte[] from, byte[] to) {
        return cursor(from, to, true);
    }

    @Override
    public EngineCursor descending(byte[] from, byte[] to) {
        return cursor(from, to, false);
    }

    private EngineCursor cursor(byte[] from, byte[] to, boolean ascending) {
        checkOpen();
        return RocksCursor.open(health, db, from, to, ascending);
    }

    @Override
    public EngineCursor ascending(byte[] from, byte[] to, int maxSteps) {
        checkOpen();
        return new RocksCutCursor(health, db, from, to, true, maxSteps, deletedRanges);
    }

    @Override
    public EngineCursor descending(byte[] from, byte[] to, int maxSteps) {
        checkOpen();
        return new RocksCutCursor(health, db, from, to, false, maxSteps, deletedRanges);
    }

    @Override
    public long write(EngineBatch batch) {
        checkWritable();
        if (batch.isEmpty()) {
            return db.getLatestSequenceNumber();
        }
        try (WriteBatch rows = new WriteBatch(SerializedBatch.of(batch))) {
            db.write(writeOptions, rows);
            // at least this batch's own number: other lanes may have written since, which only makes it wait longer
            return db.getLatestSequenceNumber();
        } catch (RocksDBException e) {
            throw health.failed("can't write", e);
        }
    }

    @Override
    public void flush() {
        checkWritable();
        try {
            long visible = db.getLatestSequenceNumber();
            db.flush(flushOptions);
            raise(durable, visible);
        } catch (RocksDBException e) {
            throw health.failed("can't flush", e);
        }
    }

    @Override
    public void flushSoon() {
        checkWritable();
        if (durable.get() < db.getLatestSequenceNumber()) {
            flusher.flushSoon();
        }
    }

    @Override
    public void deleteFiles(byte[] from, byte[] to) {
        checkWritable();
        try {
            db.deleteFilesInRanges(db.getDefaultColumnFamily(), List.of(from, to), false);
        } catch (RocksDBException e) {
            throw health.failed("can't delete files of", e);
        }
        if (approximateBytes(from, to) >= COMPACTED_BYTES) {
            compactor.compact(from, to);
        }
    }

    @Override
    public EngineView view() {
        checkOpen();
        return new View();
    }

    @Override
    public EngineView keepView(String name) {
        checkWritable();
        long visible = db.getLatestSequenceNumber();
        EngineView view = kept.keep(name);
        raise(durable, visible);
        return view;
    }

    @Override
    public EngineView keptView(String name) {
        checkOpen();
        return kept.open(name);
    }

    @Override
    public List<String> keptViews() {
        return kept.list();
    }

    @Override
    public void forgetView(String name) {
        kept.forget(name);
    }

    @Override
    public long approximateBytes(byte[] from, byte[] to) {
        checkOpen();
        try (Slice lower = new Slice(from);
                Slice upper = new Slice(to)) {
            return db.getApproximateSizes(
                            List.of(new Range(lower, upper)),
                            SizeApproximationFlag.INCLUDE_FILES,
                            SizeApproximationFlag.INCLUDE_MEMTABLES)[0];
        }
    }

    @Override
    public EngineImport newImport() {
        checkWritable();
        return new RocksImport(directory.resolve(IMPORTS), "i" + imports.incrementAndGet(), options);
    }

    @Override
    public void ingest(EngineImport finished) {
        checkWritable();
        List<String> files = ((RocksImport) finished).files();
        if (files.isEmpty()) {
            return;
        }
        try {
            db.ingestExternalFile(files, ingestOptions);
        } catch (RocksDBException e) {
            throw health.failed("can't take imported files into", e);
        }
    }

    private static void raise(AtomicLong value, long to) {
        value.accumulateAndGet(to, Math::max);
    }

    @Override
    public long durableSequence() {
        return durable.get();
    }

    @Override
    public String describe() {
        return "the database in " + directory;
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        flusher.close();
        compactor.close();
        try {
            if (health.failure() == null) {
                flush();
            }
        } finally {
            closed = true;
            db.close();
            closeAll(handles);
        }
    }

    private static void closeAll(List<AutoCloseable> handles) {
        for (int i = handles.size() - 1; i >= 0; i--) {
            try {
                handles.get(i).close();
            } catch (Exception e) {
                throw new EngineException("can't release a native handle", e);
            }
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new EngineException("the database in " + directory + " is closed");
        }
    }

    private void checkWritable() {
        checkOpen();
        EngineException failure = health.failure();
        if (failure != null) {
            throw new EngineException(failure.getMessage(), failure);
        }
    }

    /** Hears on RocksDB's own threads how far the memtables have been flushed, and what failed there. */
    private static final class FlushEvents extends AbstractEventListener {
        private final RocksHealth health;
        private final AtomicLong durable;

        FlushEvents(RocksHealth health, AtomicLong durable) {
            super(EnabledEventCallback.ON_FLUSH_COMPLETED, EnabledEventCallback.ON_BACKGROUND_ERROR);
            this.health = health;
            this.durable = durable;
        }

        @Override
        public void onBackgroundError(BackgroundErrorReason reason, Status status) {
            String state = status.getState();
            String why = (state == null || state.isEmpty() ? status.getCodeString() : state) + " (" + reason + ")";
            LOG.error("a background task of the database failed: {}", why);
            health.failed("can't go on with", why, status, null);
        }

        @Override
        public void onFlushCompleted(RocksDB db, FlushJobInfo flush) {
            raise(durable, flush.getLargestSeqno());
        }
    }

    private final class View implements EngineView {
        private final Snapshot snapshot = db.getSnapshot();
        private boolean open = true;

        @Override
        public EngineCursor ascending(byte[] from, byte[] to) {
            checkOpen();
            return RocksCursor.open(health, db, from, to, snapshot);
        }

        @Override
        public void close() {
            if (open) {
                open = false;
                db.releaseSnapshot(snapshot);
            }
        }
    }
}
