package io.flotilla.kv.move;

import io.flotilla.kv.proto.HoldReport;

/** What the target's leader knows of one replica's hold for a move. */
final class VoterHold {
    private static final int NOT_KNOWN = -1;

    private RoundTrend trend = new RoundTrend();
    private HoldReport told = HoldReport.getDefaultInstance();
    private boolean whole;
    private long changeNumber = NOT_KNOWN;
    private long lag = NOT_KNOWN;
    private long lagAt;

    void told(HoldReport report) {
        told = report;
        held(report.getWhole() ? report.getChangeNumber() : NOT_KNOWN);
    }

    /** @param number -1 if it is not whole */
    void held(long number) {
        whole = number >= 0;
        if (number < changeNumber) {
            // a copy begun anew, or a report that came late
            lag = NOT_KNOWN;
            trend = new RoundTrend();
        }
        changeNumber = number;
    }

    /** What the owner's leader says is lacked above a change number that this replica had when it was asked. */
    void lacks(long above, long bytes, long now) {
        if (whole && above <= changeNumber) {
            lag = bytes;
            lagAt = now;
            trend.round(above, bytes);
        }
    }

    boolean isWhole() {
        return whole;
    }

    /** -1 unless it is whole. */
    long changeNumber() {
        return changeNumber;
    }

    long copiedBytes() {
        return told.getCopiedBytes();
    }

    /** Empty if there is none. */
    String problem() {
        return told.getProblem();
    }

    boolean gaveUp() {
        return told.getGivenUp();
    }

    /** Bytes of changed rows; -1 if nobody said lately. */
    long lag(long now, MoveLimits limits) {
        return lag >= 0 && now - lagAt <= limits.lagAgeNanos() ? lag : NOT_KNOWN;
    }

    /** Whether what it lacks is much and does not shrink. */
    boolean isOutrun(long now, MoveLimits limits) {
        return whole && lag(now, limits) >= limits.freezeLagBytes() && trend.sinceSmallest() >= limits.outrunRounds();
    }

    /** Whether the shard may be frozen as far as this replica is concerned. */
    boolean isNear(long now, MoveLimits limits) {
        long lacked = lag(now, limits);
        return whole && lacked >= 0 && (lacked < limits.freezeLagBytes() || trend.sinceSmallest() >= limits.rounds());
    }
}
