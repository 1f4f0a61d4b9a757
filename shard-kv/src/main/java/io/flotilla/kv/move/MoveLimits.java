package io.flotilla.kv.move;

/**
 * How long a move waits for what, and how much of it counts. Times in nanoseconds.
 *
 * @param askNanos a question is given up after this
 * @param freezeLagBytes a voter that lacks fewer bytes of changed rows lets the shard be frozen
 * @param rounds so does one of which so many rounds in a row were not smaller than the smallest before them
 * @param outrunRounds after so many such rounds of a majority the owner refuses a share of the shard's writes
 * @param lagAgeNanos a lag that was told longer ago does not count
 * @param slowVoterNanos a live voter that does neither is waited for so long, once a majority does
 * @param membershipNanos no membership of the target changes for so long before Adopt
 * @param adoptBytes Adopt carries at most so many
 * @param majorityNanos Adopt waits for all that were counted for so long, then for a majority of them
 * @param aloneNanos after this it goes out with what the leader holds alone
 * @param turnNanos a shard that has not been adopted so long after its turn began does not keep the next one of its group from freezing
 * @param dropNanos rows of a shard that has gone are kept at most so long for voters of the target that have not adopted it
 * @param silenceNanos a voter of the target that does not answer for so long does not count as live
 */
public record MoveLimits(
        long askNanos,
        long freezeLagBytes,
        int rounds,
        int outrunRounds,
        long lagAgeNanos,
        long slowVoterNanos,
        long membershipNanos,
        int adoptBytes,
        long majorityNanos,
        long aloneNanos,
        long turnNanos,
        long dropNanos,
        long silenceNanos) {
    private static final long SECOND = 1_000_000_000L;

    public static final MoveLimits DEFAULT = new MoveLimits(
            2 * SECOND,
            1L << 20,
            10,
            3,
            SECOND / 2,
            60 * SECOND,
            10 * SECOND,
            1 << 20,
            SECOND / 2,
            3 * SECOND,
            10 * SECOND,
            600 * SECOND,
            10 * SECOND);
}
