package io.flotilla.it.mutant;

import io.flotilla.raft.mutant.Judge;
import io.flotilla.raft.mutant.Mutant;
import io.flotilla.raft.mutant.Patch;
import java.util.List;

/** Faults of the copies that replicas make of shards that move to their groups. */
final class CopyFaults {
    private static final String COPY = "shard-kv/src/main/java/io/flotilla/kv/move/copy/";
    private static final String KV = "shard-kv/src/main/java/io/flotilla/kv/machine/";

    private CopyFaults() {}

    private static Judge copies(String method) {
        return Judge.test("kv.move.copy.HoldCopyTest#" + method);
    }

    static List<Mutant> all() {
        return List.of(
                Mutant.of(
                        "holds",
                        "a copy told before the flush",
                        copies("aCrashAtAnyPointLeavesWhatWasToldAndTheCopyGoesOn"),
                        new Patch(COPY + "HoldRounds.java", "hold.durableChangeNumber()", "changeNumber")),
                Mutant.of(
                        "holds",
                        "a round of a copy written after Adopt",
                        copies("aRoundThatComesAfterAdoptIsNotWritten"),
                        new Patch(KV + "Holds.java", "passed.forEach(key -> letGo(holds.remove(key)));", "")),
                Mutant.of(
                        "holds",
                        "rounds begin where the last view of a copy was",
                        copies("roundsBeginAtMoveOutWhateverViewsTheRowsAreOf"),
                        new Patch(
                                KV + "ShardMoves.java",
                                "source.index().from(),\n                bytes(rows),",
                                "source.changeNumber(),\n                bytes(rows),"),
                        new Patch(
                                COPY + "HoldWriter.java",
                                "changeNumber != UNKNOWN && changeNumber != partChangeNumber",
                                "changeNumber < UNKNOWN")),
                Mutant.of(
                        "holds",
                        "a copy is pulled back by a source below it",
                        copies("aSourceBelowTheHoldIsNotAsked"),
                        new Patch(
                                COPY + "SourceSurvey.java",
                                "&& reply.getChangeNumber() >= atLeast",
                                "&& reply.getChangeNumber() >= 0 * atLeast"),
                        new Patch(
                                COPY + "SourceAnswers.java",
                                "asked.getAfter(), asked.getAfterPart(), most",
                                "asked.getAfter() > reply.getChangeNumber() ? reply.getFromChangeNumber()"
                                        + " : asked.getAfter(), asked.getAfterPart(), most"),
                        new Patch(
                                COPY + "HoldRounds.java",
                                "|| reply.getChangeNumber() < changeNumber\n"
                                        + "                || reply.getUpTo() < changeNumber) {",
                                ") {"),
                        new Patch(KV + "ShardMoves.java", "|| hold.row().getChangeNumber() > update.upTo()) {", ") {")),
                Mutant.of(
                        "holds",
                        "a copy that goes on behind its last key in a peer's hold",
                        copies("aPullFromAPeerThatBreaksBeginsAnewAndDeletedRowsStayDeleted"),
                        new Patch(
                                COPY + "CopySource.java",
                                "wanted.isOfHold() && position.length > 0",
                                "position.length < 0"),
                        new Patch(COPY + "HoldWriter.java", "view == UNKNOWN || view == partView;", "true;"),
                        new Patch(
                                COPY + "HoldWriter.java",
                                "changeNumber != UNKNOWN && changeNumber != partChangeNumber",
                                "changeNumber < UNKNOWN")),
                Mutant.of(
                        "holds",
                        "sessions of a copy under the shard's id, where the owner's are",
                        copies("whatLiesInOneEngineIsApart"),
                        new Patch(
                                KV + "ShardMoves.java",
                                "HoldPlace.row(range, number, number + 1)",
                                "HoldPlace.row(range, number, shard.getId())"),
                        new Patch(
                                KV + "KvMachines.java",
                                "number,\n                            number + 1)",
                                "number,\n                            shard.getId())")),
                Mutant.of(
                        "holds",
                        "a part of a copy is taken wherever it begins",
                        Judge.test("kv.move.copy.CopyFormatTest#aWriterTakesTheNextPartAlone"),
                        new Patch(
                                COPY + "HoldWriter.java",
                                "boolean isNext = CopyPosition.decode(begin).equals(at);",
                                "boolean isNext = begin.length > 0 || CopyPosition.decode(begin).equals(at);")));
    }
}
