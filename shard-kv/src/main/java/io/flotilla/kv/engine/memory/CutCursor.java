package io.flotilla.kv.engine.memory;

import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.Keys;
import java.util.Arrays;
import java.util.Iterator;
import java.util.NavigableSet;
import java.util.TreeSet;

/** A cursor that is cut after some steps, over rows and over keys that were deleted lately. */
final class CutCursor implements EngineCursor {
    private final EngineCursor rows;
    private final Iterator<byte[]> gone;
    private final boolean descending;
    private int left;
    private byte[] nextRow;
    private byte[] nextGone;
    private boolean started;
    private byte[] passed;
    private boolean cut;

    CutCursor(EngineCursor rows, NavigableSet<byte[]> gone, byte[] from, byte[] to, boolean descending, int maxSteps) {
        this.rows = rows;
        NavigableSet<byte[]> range = to == null
                ? gone.tailSet(from, true)
                : Keys.compare(from, to) < 0 ? gone.subSet(from, true, to, false) : new TreeSet<>(Keys::compare);
        // a copy: the engine may be written while the cursor is open
        NavigableSet<byte[]> copy = new TreeSet<>(range);
        this.gone = descending ? copy.descendingIterator() : copy.iterator();
        this.descending = descending;
        this.left = maxSteps;
    }

    @Override
    public boolean next() {
        if (cut) {
            return false;
        }
        if (!started) {
            started = true;
            nextGone = gone.hasNext() ? gone.next() : null;
        }
        nextRow = rows.next() ? rows.key() : null;
        while (nextGone != null && (nextRow == null || isBefore(nextGone, nextRow))) {
            if (!step(nextGone)) {
                return false;
            }
            nextGone = gone.hasNext() ? gone.next() : null;
        }
        return nextRow != null && step(nextRow);
    }

    private boolean isBefore(byte[] a, byte[] b) {
        return descending ? Keys.compare(a, b) > 0 : Keys.compare(a, b) < 0;
    }

    private boolean step(byte[] over) {
        if (left == 0 && passed != null) {
            cut = true;
            return false;
        }
        left = Math.max(0, left - 1);
        passed = over;
        return true;
    }

    @Override
    public boolean isCut() {
        return cut;
    }

    @Override
    public byte[] rest() {
        return descending ? passed : Arrays.copyOf(passed, passed.length + 1);
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
        rows.close();
    }
}
