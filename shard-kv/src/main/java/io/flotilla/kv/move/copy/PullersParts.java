package io.flotilla.kv.move.copy;

import io.flotilla.raft.transfer.RateLimit;
import io.flotilla.raft.transfer.TransferTarget;
import io.flotilla.raft.transport.TransferId;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * What the pullers of a node share. Belongs to the transfer lane.
 *
 * @param places for copies of rows
 * @param slots for rounds
 * @param copying the copies on their way, by transfer; looked up only
 * @param target of these transfers
 * @param random draws numbers of attempts
 * @param told hears that a puller has looked at what is held, and whether its report is another one
 * @param over hears of a puller that has ended
 */
record PullersParts(
        SourceQuestions questions,
        SourceSurvey survey,
        CopyPlaces places,
        CopyPlaces slots,
        RateLimit localRate,
        Map<TransferId, RowCopy> copying,
        TransferTarget target,
        SplittableRandom random,
        BiConsumer<HoldPuller, Boolean> told,
        Consumer<HoldKey> over) {
    /** A number for one attempt. */
    long attempt() {
        return random.nextLong();
    }
}
