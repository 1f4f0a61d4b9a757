package io.flotilla.kv.engine.rocks;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.rocksdb.CompactRangeOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Compacts ranges in which everything was deleted, one after the other, on a thread of its own. Thread-safe. */
final class RocksCompactor {
    private static final Logger LOG = LoggerFactory.getLogger(RocksCompactor.class);

    private final RocksHealth health;
    private final RocksDB db;
    private final ExecutorService thread;
    private final AtomicBoolean offered = new AtomicBoolean();
    private final CompactRangeOptions options = new CompactRangeOptions()
            // beside RocksDB's own, and never at the cost of who writes
            .setExclusiveManualCompaction(false)
            .setAllowWriteStall(false)
            .setBottommostLevelCompaction(CompactRangeOptions.BottommostLevelCompaction.kIfHaveCompactionFilter);

    RocksCompactor(RocksHealth health, RocksDB db) {
        this.health = health;
        this.db = db;
        thread = Executors.newSingleThreadExecutor(task -> {
            Thread compacting = new Thread(task, "engine-compact");
            compacting.setDaemon(true);
            return compacting;
        });
    }

    /** Begins to, unless one that was offered waits or is under way. */
    void offer(byte[] from, byte[] to) {
        if (offered.compareAndSet(false, true)) {
            thread.execute(() -> {
                try {
                    compactNow(from, to);
                } finally {
                    offered.set(false);
                }
            });
        }
    }

    /** Begins to. */
    void compact(byte[] from, byte[] to) {
        thread.execute(() -> compactNow(from, to));
    }

    private void compactNow(byte[] from, byte[] to) {
        try {
            if (!options.canceled()) {
                db.compactRange(db.getDefaultColumnFamily(), from, to, options);
            }
        } catch (RocksDBException e) {
            if (!options.canceled()) {
                LOG.error("{}", health.failed("can't compact", e).getMessage());
            }
        }
    }

    /** Breaks off what is under way. Before the database is closed. */
    void close() {
        options.setCanceled(true);
        thread.shutdown();
        boolean interrupted = false;
        boolean ended = false;
        while (!ended) {
            try {
                ended = thread.awaitTermination(1, TimeUnit.MINUTES);
            } catch (InterruptedException e) {
                // the compaction is inside the database: it can't be left there
                interrupted = true;
            }
        }
        options.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
