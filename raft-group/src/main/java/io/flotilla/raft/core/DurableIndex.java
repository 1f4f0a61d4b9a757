package io.flotilla.raft.core;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * How much of the log is durable, judged by the batches on their way to the disk. A batch that completes says something
 * about the entries it was issued with; if some of them were replaced meanwhile, it says nothing about those that took
 * their place, although they have the same indexes. So a truncation lowers what each outstanding batch will prove.
 */
final class DurableIndex {
    private final Deque<Write> outstanding = new ArrayDeque<>();
    private long index;
    private long issued;

    DurableIndex(long index) {
        this.index = index;
    }

    /** All entries up to here are durable and still in the log. */
    long index() {
        return index;
    }

    /** The sequence of the next batch. */
    long nextSequence() {
        return issued + 1;
    }

    /** Whether the batch and all before it are durable. */
    boolean isDurable(long sequence) {
        return sequence <= issued && (outstanding.isEmpty() || outstanding.peekFirst().sequence > sequence);
    }

    /** A batch is handed out. @param lastIndex of its entries, or 0 if it has none */
    long issue(long lastIndex) {
        long before = outstanding.isEmpty() ? index : outstanding.peekLast().lastIndex;
        issued++;
        outstanding.addLast(new Write(issued, lastIndex == 0 ? before : lastIndex));
        return issued;
    }

    /** The log's entries from {@code from} on are replaced. */
    void truncateFrom(long from) {
        index = Math.min(index, from - 1);
        for (Write write : outstanding) {
            write.lastIndex = Math.min(write.lastIndex, from - 1);
        }
    }

    /** Everything up to {@code to} is durable elsewhere: in a snapshot that the state machine took over. */
    void raiseTo(long to) {
        index = Math.max(index, to);
        for (Write write : outstanding) {
            write.lastIndex = Math.max(write.lastIndex, to);
        }
    }

    /** The batch and all before it are durable. */
    void persisted(long sequence) {
        Check.that(sequence <= issued, "batch %s was never handed out (the last was %s)", sequence, issued);
        while (!outstanding.isEmpty() && outstanding.peekFirst().sequence <= sequence) {
            index = outstanding.pollFirst().lastIndex;
        }
    }

    private static final class Write {
        final long sequence;
        long lastIndex;

        Write(long sequence, long lastIndex) {
            this.sequence = sequence;
            this.lastIndex = lastIndex;
        }
    }
}
