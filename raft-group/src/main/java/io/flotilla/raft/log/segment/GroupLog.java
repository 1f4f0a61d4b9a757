package io.flotilla.raft.log.segment;

import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.TermRun;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.RecoveredGroup;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What is durable of one group, and where its entries lie. Changed by recovery and then by the log writer's lane alone;
 * any lane may ask for places. Every method holds this object's monitor for a short copy and no I/O, so a reader sees
 * each durable batch whole or not at all.
 */
final class GroupLog {
    private final GroupDescriptor descriptor;
    private HardState hardState = HardState.INITIAL;
    private final EntryId base = EntryId.ZERO;
    private long lastRecord;

    /** Per entry after the base: segment number in the upper half, offset of its record in the lower. */
    private long[] places = {};

    private int[] lengths = {};
    private int count;

    private long[] runFirsts = {};
    private long[] runTerms = {};
    private int runs;

    /** @param record the number of the creation record */
    GroupLog(GroupDescriptor descriptor, long record) {
        this.descriptor = descriptor;
        this.lastRecord = record;
    }

    /** Places of consecutive entries from {@code from} on. */
    record Places(long from, long[] places, int[] lengths) {
        int segment(int i) {
            return (int) (places[i] >>> 32);
        }

        int offset(int i) {
            return (int) places[i];
        }
    }

    synchronized long lastIndex() {
        return base.index() + count;
    }

    synchronized long baseIndex() {
        return base.index();
    }

    synchronized long lastRecord() {
        return lastRecord;
    }

    synchronized long term() {
        return hardState.term();
    }

    synchronized void hardState(HardState newState, long record) {
        hardState = newState;
        lastRecord = record;
    }

    /** Notes an entry; it replaces the one at its index and all after it. Its index is after the base, without gap. */
    synchronized void entry(long index, long term, int segment, int offset, int length, long record) {
        if (index <= base.index() + count) {
            cut(index);
        }
        if (count == places.length) {
            int capacity = count + (count >> 1) + 4;
            places = Arrays.copyOf(places, capacity);
            lengths = Arrays.copyOf(lengths, capacity);
        }
        places[count] = (long) segment << 32 | offset;
        lengths[count] = length;
        count++;
        if (runs == 0 || runTerms[runs - 1] != term) {
            if (runs == runFirsts.length) {
                runFirsts = Arrays.copyOf(runFirsts, runs + (runs >> 1) + 2);
                runTerms = Arrays.copyOf(runTerms, runFirsts.length);
            }
            runFirsts[runs] = index;
            runTerms[runs] = term;
            runs++;
        }
        lastRecord = record;
    }

    /** @throws IllegalArgumentException if it can't follow what is known */
    synchronized void recoverHardState(HardState newState, long record) {
        if (newState.term() < hardState.term()) {
            throw new IllegalArgumentException(
                    "the term of group " + descriptor.groupId() + " falls to " + newState.term());
        }
        checkNext(record);
        hardState(newState, record);
    }

    /** @throws IllegalArgumentException if it can't follow what is known */
    synchronized void recoverEntry(long index, long term, int segment, int offset, int length, long record) {
        if (index <= base.index() || index > base.index() + count + 1) {
            throw new IllegalArgumentException(
                    "entry " + index + " of group " + descriptor.groupId() + " does not follow entry " + lastIndex());
        }
        checkNext(record);
        entry(index, term, segment, offset, length, record);
    }

    private void checkNext(long record) {
        if (record != lastRecord + 1) {
            throw new IllegalArgumentException(
                    "record " + record + " of group " + descriptor.groupId() + " does not follow record " + lastRecord);
        }
    }

    private void cut(long fromIndex) {
        count = (int) (fromIndex - base.index() - 1);
        while (runs > 0 && runFirsts[runs - 1] >= fromIndex) {
            runs--;
        }
    }

    /**
     * The places of entries {@code from} to {@code to}, stopping after {@code maxBytes} but never before the first.
     *
     * @throws IllegalArgumentException if the range is empty or not in the log
     */
    synchronized Places places(long from, long to, int maxBytes) {
        if (from <= base.index() || to > base.index() + count || from > to) {
            throw new IllegalArgumentException("entries " + from + " to " + to + " of group " + descriptor.groupId()
                    + " are not in the log, which holds " + (base.index() + 1) + " to " + (base.index() + count));
        }
        int first = (int) (from - base.index() - 1);
        int end = first;
        int last = (int) (to - base.index() - 1);
        long bytes = 0;
        do {
            bytes += lengths[end++];
        } while (end <= last && bytes + lengths[end] <= maxBytes);
        return new Places(from, Arrays.copyOfRange(places, first, end), Arrays.copyOfRange(lengths, first, end));
    }

    synchronized RecoveredGroup recovered() {
        List<TermRun> terms = new ArrayList<>(runs);
        for (int i = 0; i < runs; i++) {
            terms.add(new TermRun(runFirsts[i], runTerms[i]));
        }
        return new RecoveredGroup(descriptor, hardState, base, List.copyOf(terms), base.index() + count);
    }
}
