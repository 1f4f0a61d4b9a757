package io.flotilla.kv.engine.rocks;

import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.Keys;
import java.util.Arrays;
import org.rocksdb.PerfContext;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.Slice;
import org.rocksdb.Status;

/**
 * A cursor that is cut after some steps. RocksDB itself stops a step over too much that was deleted; over several steps its counters of
 * the present thread tell, so it is opened, read and closed in one go.
 */
final class RocksCutCursor implements EngineCursor {
    /** Less that was deleted is nothing to be told. */
    private static final long DELETED_TO_TELL = 1_000;

    private final RocksHealth health;
    private final RocksDB db;
    private final boolean ascending;
    private final int maxSteps;
    private final DeletedRanges deletedRanges;
    private final byte[] from;
    private final byte[] to;
    private final ReadOptions options;
    private final Slice lower;
    private final Slice upper;
    private final PerfContext counters;
    private final long before;
    private final long deletedBefore;
    private RocksIterator rows;
    private boolean started;
    private boolean open = true;
    private byte[] present;
    private byte[] rest;

    RocksCutCursor(
            RocksHealth health,
            RocksDB db,
            byte[] from,
            byte[] to,
            boolean ascending,
            int maxSteps,
            DeletedRanges deletedRanges) {
        this.health = health;
        this.db = db;
        this.ascending = ascending;
        this.maxSteps = maxSteps;
        this.deletedRanges = deletedRanges;
        this.from = from;
        this.to = to;
        lower = new Slice(from);
        upper = to == null ? null : new Slice(to);
        options = options().setMaxSkippableInternalKeys(maxSteps);
        rows = db.newIterator(options);
        counters = db.getPerfContext();
        before = steps();
        deletedBefore = counters.getInternalDeleteSkippedCount();
    }

    private ReadOptions options() {
        ReadOptions bounds = new ReadOptions().setIterateLowerBound(lower);
        return upper == null ? bounds : bounds.setIterateUpperBound(upper);
    }

    private long steps() {
        return counters.getInternalKeySkippedCount() + counters.getInternalDeleteSkippedCount();
    }

    @Override
    public boolean next() {
        if (!open || rest != null || (started && !rows.isValid())) {
            return false;
        }
        byte[] last = started ? key() : null;
        if (started && steps() - before >= maxSteps) {
            rest = ascending ? Arrays.copyOf(last, last.length + 1) : last;
            return false;
        }
        step(last);
        if (rows.isValid()) {
            return true;
        }
        try {
            rows.status();
            return false;
        } catch (RocksDBException e) {
            if (e.getStatus() == null || e.getStatus().getCode() != Status.Code.Incomplete) {
                throw health.failed("can't read", e);
            }
            return stopped(last);
        }
    }

    private void step(byte[] last) {
        present = null;
        started = true;
        if (last != null && ascending) {
            rows.next();
        } else if (last != null) {
            rows.prev();
        } else if (ascending) {
            rows.seekToFirst();
        } else {
            rows.seekToLast();
        }
    }

    /**
     * An iterator that stopped shows the key at which it did, the last one that it judged or came to: that one will be judged again. Should
     * it ever be none that lies ahead, the cursor goes on without a bound.
     */
    private boolean stopped(byte[] last) {
        byte[] at = rows.key();
        byte[] end = ascending ? at : Arrays.copyOf(at, at.length + 1);
        byte[] low = ascending && last != null ? last : from;
        byte[] high = ascending || last == null ? to : last;
        if (Keys.compare(low, at) <= 0 && (high == null || Keys.compare(at, high) < 0) && isAhead(end)) {
            rest = end;
            return false;
        }
        rows.close();
        options.setMaxSkippableInternalKeys(0);
        rows = db.newIterator(options);
        if (last == null) {
            step(null);
        } else if (ascending) {
            rows.seek(Arrays.copyOf(last, last.length + 1));
        } else {
            rows.seekForPrev(last);
            if (rows.isValid() && Keys.compare(rows.key(), last) == 0) {
                rows.prev();
            }
        }
        return rows.isValid();
    }

    /** Whether a cursor opened there would have less to do. */
    private boolean isAhead(byte[] end) {
        return ascending ? Keys.compare(from, end) < 0 : to == null || Keys.compare(end, to) < 0;
    }

    @Override
    public boolean isCut() {
        return rest != null;
    }

    @Override
    public byte[] rest() {
        return rest;
    }

    @Override
    public byte[] key() {
        if (present == null) {
            present = rows.key();
        }
        return present;
    }

    @Override
    public byte[] value() {
        return rows.value();
    }

    @Override
    public void close() {
        if (!open) {
            return;
        }
        open = false;
        long deleted = counters.getInternalDeleteSkippedCount() - deletedBefore;
        if (deleted >= DELETED_TO_TELL && rest != null && to != null) {
            deletedRanges.passed(ascending ? from : rest, ascending ? rest : to, deleted);
        }
        rows.close();
        options.close();
        lower.close();
        if (upper != null) {
            upper.close();
        }
    }
}
