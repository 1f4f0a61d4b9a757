package io.flotilla.kv.move.copy;

/**
 * The bounds and times of a node's copies of shards that move. A copy has a part in memory, and while it is sent a window of parts.
 *
 * @param copiesIn copies of rows into this node at a time; the others wait in the order of their moves
 * @param copiesOut copies of rows out of this node to others at a time; who asks for more hears busy
 * @param localBytesPerSecond what copies within this node read together; those over the network have the transfers' limit
 * @param partBytes bytes of a part of a copy within this node
 * @param fileBytes rows are taken in, durably, when there are so many bytes of them: what a crash costs a copy at most
 * @param flushBytes the engine is flushed when so much was copied since: a crash takes the record of how far the copy came back to it
 * @param reservePercent of the disk that a copy leaves free
 * @param reserveBytes likewise, if that is more
 * @param roundBytes rows and sessions in one round
 * @param roundsAtOnce rounds of this node under way at a time
 * @param askNanos a question that is not answered in so long is asked elsewhere
 * @param silenceNanos a source from which nothing came for so long is left for another one
 * @param retryNanos how long a copy that finds no source waits; doubled while there is none
 * @param idleNanos how long a hold with everything waits before the next round; doubled up to eight times while nothing changes
 * @param flushNanos a round that changed anything is flushed after so long at the latest, and not more often
 */
public record CopyLimits(
        int copiesIn,
        int copiesOut,
        long localBytesPerSecond,
        int partBytes,
        long fileBytes,
        long flushBytes,
        int reservePercent,
        long reserveBytes,
        int roundBytes,
        int roundsAtOnce,
        long askNanos,
        long silenceNanos,
        long retryNanos,
        long idleNanos,
        long flushNanos) {
    public CopyLimits {
        if (copiesIn < 1
                || copiesOut < 1
                || localBytesPerSecond < 1
                || partBytes < 1
                || fileBytes < 1
                || flushBytes < 1
                || roundBytes < 1
                || roundsAtOnce < 1) {
            throw new IllegalArgumentException("every bound of copies must be at least 1");
        }
        if (reservePercent < 0 || reservePercent > 100 || reserveBytes < 0) {
            throw new IllegalArgumentException("the disk's reserve is " + reservePercent + " % and " + reserveBytes
                    + " bytes: it must be at most 100 % and not negative");
        }
        if (askNanos < 1 || silenceNanos < 1 || retryNanos < 1 || idleNanos < 1 || flushNanos < 1) {
            throw new IllegalArgumentException("every time of copies must be at least 1 ns");
        }
    }

    /**
     * Two copies each way, 256 MiB/s within the node, files of 32 MiB, a flush every 256 MiB, 5 % and at least 1 GiB of the disk left
     * free, rounds of 1 MiB, four at a time; asked elsewhere after 1 s, another source after 5 s of silence, tried again after
     * 0.5 s, a round at least every 0.4 s, flushed after 0.1 s.
     */
    public static CopyLimits defaults() {
        long milli = 1_000_000L;
        return new CopyLimits(
                2,
                2,
                256L << 20,
                192 << 10,
                32L << 20,
                256L << 20,
                5,
                1L << 30,
                1 << 20,
                4,
                1_000 * milli,
                5_000 * milli,
                500 * milli,
                50 * milli,
                100 * milli);
    }

    public CopyLimits withLocalBytesPerSecond(long other) {
        return new CopyLimits(
                copiesIn,
                copiesOut,
                other,
                partBytes,
                fileBytes,
                flushBytes,
                reservePercent,
                reserveBytes,
                roundBytes,
                roundsAtOnce,
                askNanos,
                silenceNanos,
                retryNanos,
                idleNanos,
                flushNanos);
    }

    /** The bytes that a copy leaves free of a disk of this size. */
    long reserve(long diskBytes) {
        return Math.max(reserveBytes, diskBytes / 100 * reservePercent);
    }
}
