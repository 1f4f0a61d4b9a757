package io.flotilla.ops.bench;

/** The longest time between two answers of one shard. Nanoseconds of one clock. Thread-safe. */
final class AnswerGap {
    private long last;
    private long longest;

    /** @param from the beginning counts as an answer */
    AnswerGap(long from) {
        last = from;
    }

    synchronized void answered(long at) {
        longest = Math.max(longest, at - last);
        last = Math.max(last, at);
    }

    /** The end counts as an answer too. */
    synchronized long longestUntil(long end) {
        return Math.max(longest, end - last);
    }
}
