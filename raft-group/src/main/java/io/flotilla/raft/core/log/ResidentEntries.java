package io.flotilla.raft.core.log;

import java.util.ArrayList;
import java.util.List;

/**
 * The newest part of a log, in memory: entries from {@link #first} without gap, in a ring that grows as needed.
 * Belongs to its {@link RaftLog}.
 */
final class ResidentEntries {
    private static final int SMALLEST = 8;
    /** A ring that has become as large does not shrink below it: a busy log empties and fills again each turn. */
    private static final int KEPT = 128;

    /** Entries of a slice for which there is room from the beginning. */
    private static final int LARGEST_GUESS = 128;

    private Entry[] ring = new Entry[SMALLEST];
    private int head;
    private int size;
    private long first;
    private long bytes;

    /** @param next the index of the first entry that will be added */
    ResidentEntries(long next) {
        first = next;
    }

    long first() {
        return first;
    }

    long next() {
        return first + size;
    }

    /** The sum of the entries' {@link Entry#bytes}. */
    long bytes() {
        return bytes;
    }

    Entry get(long index) {
        return ring[slot(index)];
    }

    void add(Entry entry) {
        if (size == ring.length) {
            resize(ring.length * 2);
        }
        ring[(head + size) & (ring.length - 1)] = entry;
        size++;
        bytes += entry.bytes();
    }

    /** Forgets entries before {@code index}; they stay in the log. */
    void dropBefore(long index) {
        while (size > 0 && first < index) {
            bytes -= ring[head].bytes();
            ring[head] = null;
            head = (head + 1) & (ring.length - 1);
            size--;
            first++;
        }
        if (ring.length > KEPT && size * 4 < ring.length) {
            resize(ring.length / 2);
        }
    }

    /** Forgets all entries; {@code next} is the index of the first one that will be added. */
    void reset(long next) {
        dropBefore(next());
        first = next;
    }

    /** The log now ends before {@code from}. */
    void truncateFrom(long from) {
        while (size > 0 && next() > from) {
            int last = (head + size - 1) & (ring.length - 1);
            bytes -= ring[last].bytes();
            ring[last] = null;
            size--;
        }
        first = Math.min(first, from);
    }

    /** Entries from {@code from}, which is resident, up to {@code to}, stopping before {@code maxBytes} but after one. */
    List<Entry> slice(long from, long to, long maxBytes) {
        if (from == to) {
            return List.of(get(from));
        }
        List<Entry> slice = new ArrayList<>((int) Math.min(to - from + 1, LARGEST_GUESS));
        long sum = 0;
        for (long index = from; index <= to; index++) {
            Entry entry = get(index);
            sum += entry.bytes();
            if (sum > maxBytes && !slice.isEmpty()) {
                break;
            }
            slice.add(entry);
        }
        return slice;
    }

    private int slot(long index) {
        return (head + (int) (index - first)) & (ring.length - 1);
    }

    private void resize(int capacity) {
        Entry[] larger = new Entry[capacity];
        for (int i = 0; i < size; i++) {
            larger[i] = ring[(head + i) & (ring.length - 1)];
        }
        ring = larger;
        head = 0;
    }
}
