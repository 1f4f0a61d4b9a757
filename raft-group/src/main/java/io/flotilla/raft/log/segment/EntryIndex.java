package io.flotilla.raft.log.segment;

import io.flotilla.raft.core.log.TermRun;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Where consecutive entries of one group lie, and their terms: 12 bytes per entry. Places grow with the index, since an
 * entry is never written before the one in front of it. Not thread-safe.
 */
final class EntryIndex {
    /** More room than this is given back once less than a quarter of it is used. */
    private static final int KEPT = 64;

    /** The index before the first entry. */
    private long start;

    /** Per entry: segment number in the upper half, offset of its record in the lower. */
    private long[] places = {};

    private int[] lengths = {};
    private int count;
    private long bytes;

    private long[] runFirsts = {};
    private long[] runTerms = {};
    private int runs;

    EntryIndex(long start) {
        this.start = start;
    }

    long start() {
        return start;
    }

    long last() {
        return start + count;
    }

    boolean isEmpty() {
        return count == 0;
    }

    /** The sum of the lengths of all records. */
    long bytes() {
        return bytes;
    }

    /** The bytes of memory that the arrays take. */
    int memory() {
        return places.length * 12 + runFirsts.length * 16;
    }

    /** The segment of the first entry; the largest number there is if there is none. */
    int firstSegment() {
        return count == 0 ? Integer.MAX_VALUE : (int) (places[0] >>> 32);
    }

    /** The last entry that lies in this segment or an earlier one; {@link #start} if none does. */
    long lastUpTo(int segment) {
        int low = 0;
        int high = count;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if ((int) (places[middle] >>> 32) <= segment) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return start + low;
    }

    /** The term of an entry that is here. */
    long termOf(long index) {
        return runTerms[runOf(index)];
    }

    private int runOf(long index) {
        int run = Arrays.binarySearch(runFirsts, 0, runs, index);
        return run >= 0 ? run : -run - 2;
    }

    /** Notes an entry; it replaces the one at its index and all after it. Its index leaves no gap. */
    void put(long index, long term, int segment, int offset, int length) {
        if (index <= last()) {
            cutFrom(index);
        }
        if (count == places.length) {
            resize(count + (count >> 1) + 4);
        }
        places[count] = place(segment, offset);
        lengths[count] = length;
        bytes += length;
        count++;
        if (runs == 0 || runTerms[runs - 1] != term) {
            if (runs == runFirsts.length) {
                runFirsts = Arrays.copyOf(runFirsts, runs + (runs >> 1) + 1);
                runTerms = Arrays.copyOf(runTerms, runFirsts.length);
            }
            runFirsts[runs] = index;
            runTerms[runs] = term;
            runs++;
        }
    }

    private void cutFrom(long index) {
        int kept = (int) (index - start - 1);
        for (int i = kept; i < count; i++) {
            bytes -= lengths[i];
        }
        count = kept;
        while (runs > 0 && runFirsts[runs - 1] >= index) {
            runs--;
        }
        trim();
    }

    /** Forgets the entries up to this one, which is here. */
    void dropUpTo(long index) {
        int dropped = (int) (index - start);
        for (int i = 0; i < dropped; i++) {
            bytes -= lengths[i];
        }
        count -= dropped;
        System.arraycopy(places, dropped, places, 0, count);
        System.arraycopy(lengths, dropped, lengths, 0, count);
        start = index;
        int run = count == 0 ? runs : runOf(index + 1);
        runs -= run;
        System.arraycopy(runFirsts, run, runFirsts, 0, runs);
        System.arraycopy(runTerms, run, runTerms, 0, runs);
        if (runs > 0) {
            runFirsts[0] = index + 1;
        }
        trim();
    }

    /** Forgets everything; the next entry comes after {@code newStart}. */
    void restart(long newStart) {
        start = newStart;
        count = 0;
        bytes = 0;
        runs = 0;
        trim();
    }

    private void trim() {
        if (places.length > KEPT && count < places.length / 4) {
            resize(count + 4);
            runFirsts = Arrays.copyOf(runFirsts, runs);
            runTerms = Arrays.copyOf(runTerms, runs);
        }
    }

    private void resize(int capacity) {
        places = Arrays.copyOf(places, capacity);
        lengths = Arrays.copyOf(lengths, capacity);
    }

    /** The n-th entry (from 0) lies somewhere else from now on. */
    void move(int n, int segment, int offset) {
        places[n] = place(segment, offset);
    }

    private static long place(int segment, int offset) {
        return (long) segment << 32 | offset;
    }

    /** Places of consecutive entries from {@code from} on. */
    record Places(long from, long[] places, int[] lengths) {
        int count() {
            return lengths.length;
        }

        int segment(int i) {
            return (int) (places[i] >>> 32);
        }

        int offset(int i) {
            return (int) places[i];
        }
    }

    /** The places of entries {@code from} to {@code to}, stopping after {@code maxBytes} but never before the first. */
    Places places(long from, long to, int maxBytes) {
        int first = (int) (from - start - 1);
        int last = (int) (to - start - 1);
        int end = first;
        long sum = 0;
        do {
            sum += lengths[end++];
        } while (end <= last && sum + lengths[end] <= maxBytes);
        return new Places(from, Arrays.copyOfRange(places, first, end), Arrays.copyOfRange(lengths, first, end));
    }

    List<TermRun> terms() {
        List<TermRun> terms = new ArrayList<>(runs);
        for (int i = 0; i < runs; i++) {
            terms.add(new TermRun(runFirsts[i], runTerms[i]));
        }
        return List.copyOf(terms);
    }
}
