package io.flotilla.it.model;

/** A rule left out of the model: where its counterexample is looked for, and which promise it must break. */
enum Fault {
    NONE("the protocol as it is", Size.WRITES, "nothing"),
    ADOPT_WITHOUT_THE_GUARD("Adopt without the guard", Size.WRITES, "serves without"),
    GUARD_IGNORES_THE_FENCE("guard that ignores the fence", Size.WRITES, "no way"),
    NO_HOLD_FROM_THE_PEER("snapshot only, no hold from the peer", Size.CRASH, "no way"),
    HOLD_DELETED_BY_CONFIGURATION("hold deleted by configuration", Size.WRITES, "serves without"),
    HOLD_TOLD_BEFORE_THE_FLUSH("hold told before the flush", Size.CRASH, "serves without"),
    LATE_ROUND_AFTER_ADOPT("late round after Adopt", Size.WRITES, "serves without write"),
    ROUNDS_FROM_THE_LAST_VIEW("rounds from the last view's csn", Size.VIEWS, "serves without write"),
    PULL_FROM_A_SOURCE_BELOW_THE_HOLD("pull from a source below the hold", Size.ELECTION, "forgotten"),
    PULL_GOES_ON_IN_A_PEERS_HOLD(
            "pull that goes on behind its last key in a peer's hold", Size.VIEWS, "serves without write"),
    DROP_NOT_EXACTLY_M("Drop not exactly m", Size.MOVES, "no group has the shard"),
    DROP_BY_KEY_RANGE_ALONE("Drop by key range alone", Size.MOVES, "serves without a row"),
    LATE_ADOPT_TAKEN("late Adopt after there-and-back", Size.MOVES, "two groups serve"),
    CANCEL_AFTER_FREEZE("Cancel after Freeze", Size.MOVES, "two groups serve"),
    CANCEL_ONLY_AT_THE_SOURCE("Cancel only at A", Size.MOVES, "no way"),
    CSN_NOT_RAISED_BY_ACKNOWLEDGEMENTS("csn not raised by acknowledgements", Size.ELECTION, "forgotten"),
    NO_SWEEP_IN_ADOPT("sweep left out of Adopt", Size.ELECTION, "differ"),
    SESSIONS_LEFT_BEHIND("sessions left behind", Size.ELECTION, "forgotten"),
    READS_NOT_WAITING("reads not waiting for the commit index", Size.WRITES, "a read at A misses"),
    FENCES_MISSING_IN_SNAPSHOT("fences missing in a snapshot", Size.ELECTION, "differ"),
    CHANGE_INDEX_MISSING_IN_SNAPSHOT("change index missing in a snapshot", Size.MOVES, "differ"),
    FENCE_FORGOTTEN_BY_DROP("fence forgotten by Drop", Size.MOVES, "two groups serve"),
    LOG_TIME_FALLS("log time that falls", Size.ELECTION, "log time that fell"),
    EPOCH_NOT_RAISED("Adopt keeps the epoch", Size.WRITES, "stale epoch"),
    CSN_FROM_THE_HOLD("Adopt takes the csn of the replica's own hold", Size.WRITES, "csn that fell"),
    CANCEL_AT_THE_TARGET_WHEN_MARKED(
            "Cancel at the target when the move is marked, not when it is over", Size.MOVES, "no way"),
    CLEARED_WHEN_MARKED("target cleared without Cancel in the source's log", Size.MOVES, "no group has the shard"),
    MOVE_OUT_IGNORES_THE_FENCE("MoveOut that ignores the fence", Size.MOVES, "no group has the shard"),
    ROUND_OVER_A_GAP("round written on a hold below the csn it was asked from", Size.CRASH, "serves without write");

    private final String title;
    private final Size size;
    private final String breaks;

    Fault(String title, Size size, String breaks) {
        this.title = title;
        this.size = size;
        this.breaks = breaks;
    }

    Size size() {
        return size;
    }

    String breaks() {
        return breaks;
    }

    @Override
    public String toString() {
        return title;
    }
}
