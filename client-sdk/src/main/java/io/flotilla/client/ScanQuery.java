package io.flotilla.client;

import java.util.Arrays;

/**
 * Which rows to read: a key range, ascending or descending, with an optional limit. Keys are ordered as unsigned
 * bytes. Immutable; each method gives a changed copy, and the range is the intersection of all that were asked for:
 *
 * <pre>{@code ScanQuery.all().prefix("user/").reverse().limit(10)}</pre>
 */
public final class ScanQuery {
    private static final byte[] NONE = {};
    private static final ScanQuery ALL = new ScanQuery(NONE, NONE, false, 0, 0, false);

    private final byte[] from;
    private final byte[] to;
    private final boolean empty;
    private final long limit;
    private final int pageRows;
    private final boolean reverse;

    private ScanQuery(byte[] from, byte[] to, boolean empty, long limit, int pageRows, boolean reverse) {
        this.from = from;
        this.to = to;
        this.empty = empty || (to.length > 0 && Arrays.compareUnsigned(from, to) >= 0);
        this.limit = limit;
        this.pageRows = pageRows;
        this.reverse = reverse;
    }

    /** All rows, ascending. */
    public static ScanQuery all() {
        return ALL;
    }

    /** Only keys at or above this one. */
    public ScanQuery from(byte[] key) {
        byte[] highest = Arrays.compareUnsigned(key, from) > 0 ? key.clone() : from;
        return new ScanQuery(highest, to, empty, limit, pageRows, reverse);
    }

    public ScanQuery from(String key) {
        return from(Utf8.bytes(key));
    }

    /** Only keys below this one; an empty array sets no bound. */
    public ScanQuery to(byte[] key) {
        boolean lower = key.length > 0 && (to.length == 0 || Arrays.compareUnsigned(key, to) < 0);
        return new ScanQuery(from, lower ? key.clone() : to, empty, limit, pageRows, reverse);
    }

    public ScanQuery to(String key) {
        return to(Utf8.bytes(key));
    }

    /** Only keys that begin with these bytes. */
    public ScanQuery prefix(byte[] prefix) {
        return from(prefix).to(after(prefix));
    }

    public ScanQuery prefix(String prefix) {
        return prefix(Utf8.bytes(prefix));
    }

    /** At most this many rows over all pages; 0 means all. */
    public ScanQuery limit(long rows) {
        if (rows < 0) {
            throw new IllegalArgumentException("the limit is negative: " + rows);
        }
        return new ScanQuery(from, to, empty, rows, pageRows, reverse);
    }

    /** At most this many rows in one page; 0 leaves it to the node, which bounds pages by bytes anyway. */
    public ScanQuery pageRows(int rows) {
        if (rows < 0) {
            throw new IllegalArgumentException("the page size is negative: " + rows);
        }
        return new ScanQuery(from, to, empty, limit, rows, reverse);
    }

    /** Descending. */
    public ScanQuery reverse() {
        return new ScanQuery(from, to, empty, limit, pageRows, true);
    }

    /** The lowest key asked for; empty if there is no lower bound. */
    public byte[] from() {
        return from.clone();
    }

    /** The first key no longer asked for; empty if there is no upper bound. */
    public byte[] to() {
        return to.clone();
    }

    public long limit() {
        return limit;
    }

    public int pageRows() {
        return pageRows;
    }

    public boolean isReverse() {
        return reverse;
    }

    /** Whether no key can be in the range. */
    public boolean isEmpty() {
        return empty;
    }

    byte[] lower() {
        return from;
    }

    byte[] upper() {
        return to;
    }

    /** What is left after a page; null if the limit is reached. */
    ScanQuery rest(byte[] newFrom, byte[] newTo, int rowsRead) {
        if (limit > 0 && rowsRead >= limit) {
            return null;
        }
        return new ScanQuery(newFrom, newTo, false, limit == 0 ? 0 : limit - rowsRead, pageRows, reverse);
    }

    /** How many rows the next page may have; 0 means as many as the node gives. */
    int nextPageRows() {
        long most = limit == 0 ? pageRows : pageRows == 0 ? limit : Math.min(limit, pageRows);
        return (int) Math.min(most, Integer.MAX_VALUE);
    }

    /** The first key above all keys with the prefix; empty if there is none. */
    private static byte[] after(byte[] prefix) {
        int length = prefix.length;
        while (length > 0 && prefix[length - 1] == (byte) 0xff) {
            length--;
        }
        byte[] next = Arrays.copyOf(prefix, length);
        if (length > 0) {
            next[length - 1]++;
        }
        return next;
    }
}
