package io.flotilla.kv.engine.rocks;

import io.flotilla.kv.engine.EngineCursor;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.Slice;
import org.rocksdb.Snapshot;

/** An iterator with its bounds, which must live as long as it does. */
final class RocksCursor implements EngineCursor {
    private final RocksHealth health;
    private final RocksIterator rows;
    private final ReadOptions options;
    private final Slice lower;
    private final Slice upper;
    private final boolean ascending;
    private boolean started;
    private boolean open = true;

    private RocksCursor(
            RocksHealth health, RocksDB db, byte[] from, byte[] to, boolean ascending, ReadOptions options) {
        this.health = health;
        this.options = options;
        this.ascending = ascending;
        lower = new Slice(from);
        options.setIterateLowerBound(lower);
        upper = to == null ? null : new Slice(to);
        if (upper != null) {
            options.setIterateUpperBound(upper);
        }
        rows = db.newIterator(options);
    }

    static RocksCursor open(RocksHealth health, RocksDB db, byte[] from, byte[] to, boolean ascending) {
        return new RocksCursor(health, db, from, to, ascending, new ReadOptions());
    }

    /** Ascending, over a snapshot; leaves the blocks that it reads out of the cache. */
    static RocksCursor open(RocksHealth health, RocksDB db, byte[] from, byte[] to, Snapshot snapshot) {
        ReadOptions options = new ReadOptions().setSnapshot(snapshot).setFillCache(false);
        return new RocksCursor(health, db, from, to, true, options);
    }

    @Override
    public boolean next() {
        if (!open) {
            return false;
        }
        if (!started) {
            started = true;
            if (ascending) {
                rows.seekToFirst();
            } else {
                rows.seekToLast();
            }
        } else if (!rows.isValid()) {
            return false;
        } else if (ascending) {
            rows.next();
        } else {
            rows.prev();
        }
        if (rows.isValid()) {
            return true;
        }
        try {
            rows.status();
        } catch (RocksDBException e) {
            throw health.failed("can't read", e);
        }
        return false;
    }

    @Override
    public byte[] key() {
        return rows.key();
    }

    @Override
    public byte[] value() {
        return rows.value();
    }

    @Override
    public void close() {
        if (open) {
            open = false;
            rows.close();
            options.close();
            lower.close();
            if (upper != null) {
                upper.close();
            }
        }
    }
}
