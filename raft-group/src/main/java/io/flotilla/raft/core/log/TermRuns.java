package io.flotilla.raft.core.log;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The terms of a whole log as runs of equal term, so that no term is ever read from disk. A log has as many runs as it
 * has leaders, so it stays small however long the log grows. Belongs to its {@link RaftLog}.
 */
final class TermRuns {
    private EntryId base;
    private long[] firsts = new long[4];
    private long[] terms = new long[4];
    private int size;

    TermRuns(EntryId base, List<TermRun> runs) {
        this.base = base;
        for (TermRun run : runs) {
            append(run.firstIndex(), run.term());
        }
    }

    /** The entry at {@code index}, which follows all others, has {@code term}. */
    void append(long index, long term) {
        if (size > 0 && terms[size - 1] == term) {
            return;
        }
        if (size == firsts.length) {
            firsts = Arrays.copyOf(firsts, size * 2);
            terms = Arrays.copyOf(terms, size * 2);
        }
        firsts[size] = index;
        terms[size] = term;
        size++;
    }

    /** Forgets {@code from} and all after it. */
    void truncateFrom(long from) {
        while (size > 0 && firsts[size - 1] >= from) {
            size--;
        }
    }

    /** Forgets everything up to {@code newBase}, an entry of this log that ends at {@code lastIndex}. */
    void startAfter(EntryId newBase, long lastIndex) {
        int gone = newBase.index() == lastIndex ? size : Math.max(0, runOf(newBase.index() + 1));
        size -= gone;
        System.arraycopy(firsts, gone, firsts, 0, size);
        System.arraycopy(terms, gone, terms, 0, size);
        if (size > 0) {
            firsts[0] = Math.max(firsts[0], newBase.index() + 1);
        }
        base = newBase;
    }

    /** Forgets everything. */
    void reset(EntryId newBase) {
        size = 0;
        base = newBase;
    }

    /** @param index from the base to the log's end; the log checks that */
    long termAt(long index) {
        int run = runOf(index);
        return run < 0 ? base.term() : terms[run];
    }

    /** The runs from the one that holds {@code index} back, the latest first; at most {@code most}, none of the base. */
    List<TermRun> backFrom(long index, int most) {
        List<TermRun> runs = new ArrayList<>();
        for (int run = runOf(index); run >= 0 && runs.size() < most; run--) {
            runs.add(new TermRun(firsts[run], terms[run]));
        }
        return runs;
    }

    /** The largest index up to {@code limit} whose term is at most {@code term}; never below the base. */
    long lastWithTermAtMost(long term, long limit) {
        int run = runOf(limit);
        if (run < 0 || terms[run] <= term) {
            return limit;
        }
        while (run >= 0 && terms[run] > term) {
            run--;
        }
        return firsts[run + 1] - 1;
    }

    private int runOf(long index) {
        if (size == 0 || index < firsts[0]) {
            return -1;
        }
        if (index >= firsts[size - 1]) {
            return size - 1;
        }
        int at = Arrays.binarySearch(firsts, 0, size, index);
        return at >= 0 ? at : -at - 2;
    }
}
