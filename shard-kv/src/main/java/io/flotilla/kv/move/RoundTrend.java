package io.flotilla.kv.move;

/**
 * Whether the rounds of one copy still get smaller: what a replica lacks after each round, while writes go on. Writes come in
 * bursts, so a round counts as one that shrank only if it is the smallest so far.
 */
final class RoundTrend {
    private long counted = -1;
    private long smallest = Long.MAX_VALUE;
    private int sinceThen;

    /** @param lag what is lacked above the change number that the round reached */
    void round(long changeNumber, long lag) {
        if (changeNumber <= counted) {
            return;
        }
        counted = changeNumber;
        if (lag < smallest) {
            smallest = lag;
            sinceThen = 0;
        } else {
            sinceThen++;
        }
    }

    /** Rounds since the smallest one. */
    int sinceSmallest() {
        return sinceThen;
    }
}
