package io.flotilla.kv.engine.rocks;

import io.flotilla.kv.engine.EngineException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.rocksdb.FlushOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A thread that flushes when it is asked to, and looks once a second whether RocksDB's own threads failed. Thread-safe. */
final class RocksFlusher {
    private static final Logger LOG = LoggerFactory.getLogger(RocksFlusher.class);
    private static final long CHECK_MILLIS = 1_000;

    private final RocksHealth health;
    private final RocksDB db;
    private final FlushOptions options;
    private final Runnable flush;
    private final ScheduledExecutorService thread;
    /** A flush was asked for and is not done. */
    private final AtomicBoolean asked = new AtomicBoolean();

    /** @param flush does it, and throws {@link EngineException} */
    RocksFlusher(RocksHealth health, RocksDB db, FlushOptions options, Runnable flush) {
        this.health = health;
        this.db = db;
        this.options = options;
        this.flush = flush;
        thread = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread flushing = new Thread(task, "engine-flush");
            flushing.setDaemon(true);
            return flushing;
        });
        thread.scheduleWithFixedDelay(this::lookForErrors, CHECK_MILLIS, CHECK_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** Begins to flush, unless that was asked for and is not done. */
    void flushSoon() {
        if (!asked.compareAndSet(false, true)) {
            return;
        }
        thread.execute(() -> {
            try {
                flush.run();
            } catch (EngineException e) {
                LOG.error("{}", e.getMessage());
            } finally {
                asked.set(false);
            }
        });
    }

    /**
     * What fails on RocksDB's own threads is not always told: its Java side has no constant for some kinds, those of a database
     * without a log among them, and throws before the listener is called.
     */
    private void lookForErrors() {
        if (health.failure() != null) {
            return;
        }
        try {
            if (db.getLongProperty("rocksdb.background-errors") > 0) {
                // it is refused with what failed
                db.flush(options);
                health.failed("can't go on with", "a background task failed", null, null);
            }
        } catch (RocksDBException e) {
            LOG.error("{}", health.failed("can't go on with", e).getMessage());
        }
    }

    /** Waits for what is under way. Before the database is closed. */
    void close() {
        thread.shutdown();
        boolean interrupted = false;
        boolean ended = false;
        while (!ended) {
            try {
                ended = thread.awaitTermination(1, TimeUnit.MINUTES);
            } catch (InterruptedException e) {
                // the flush is inside the database: it can't be left there
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
