package io.flotilla.it.mutant;

import io.flotilla.raft.mutant.Judge;
import io.flotilla.raft.mutant.Mutant;
import io.flotilla.raft.mutant.Patch;
import java.util.List;

/** Faults of the machine that moves shards: its commands, the change index, holds and their guard. */
final class MoveFaults {
    private static final String KV = "shard-kv/src/main/java/io/flotilla/kv/machine/";

    private MoveFaults() {}

    /** What a node holds, and when it may be counted on. */
    static List<Mutant> ofHolds() {
        return List.of(
                Mutant.of(
                        "guard",
                        "Adopt without the guard",
                        test("HoldsTest#aHoldCountsOnceItIsWholeAndFlushed"),
                        new Patch(
                                KV + "PublishedGroup.java",
                                "return hold != null && hold.isWhole() && hold.durableChangeNumber() >= adopt.getHoldChangeNumber();",
                                "return hold == null || hold.shard() == shard;")),
                Mutant.of(
                        "guard",
                        "guard that ignores the fence",
                        test("HoldsTest#aHoldCountsOnceItIsWholeAndFlushed"),
                        new Patch(
                                KV + "PublishedGroup.java",
                                "if (fence(shard) >= adopt.getMove()) {",
                                "if (adopt.getMove() < 0) {")),
                Mutant.of(
                        "holds",
                        "hold told before the flush",
                        test("HoldsTest#aHoldCountsOnceItIsWholeAndFlushed"),
                        new Patch(
                                KV + "PublishedHold.java",
                                "changeNumber.reached(engine.durableSequence()).durable();",
                                "changeNumber.newest();")),
                Mutant.of(
                        "holds",
                        "a whole hold given up because a configuration says so",
                        test("HoldsTest#aHoldCountsOnceItIsWholeAndFlushed"),
                        new Patch(
                                KV + "ShardMoves.java",
                                "if (hold.row().getWhole()) {\n            return false;\n        }\n        machine.writeBack();",
                                "machine.writeBack();")),
                Mutant.of(
                        "holds",
                        "late round after Adopt",
                        test("HoldsTest#aHoldCountsOnceItIsWholeAndFlushed"),
                        new Patch(
                                KV + "Holds.java",
                                "passed.forEach(key -> letGo(holds.remove(key)));",
                                "passed.removeIf(key -> key.shard < 0);")),
                Mutant.of(
                        "holds",
                        "a round written on a hold below the change number that it was asked from",
                        test("HoldsTest#aRoundIsWrittenOnlyOnWhatItWasAskedFrom"),
                        new Patch(
                                KV + "ShardMoves.java",
                                "|| hold.row().getChangeNumber() < update.after()",
                                "|| update.after() < 0")),
                Mutant.of(
                        "holds",
                        "an old round written on a hold above its end",
                        test("HoldsTest#aRoundIsWrittenOnlyOnWhatItWasAskedFrom"),
                        new Patch(
                                KV + "ShardMoves.java",
                                "|| hold.row().getChangeNumber() > update.upTo()",
                                "|| update.upTo() < 0")),
                Mutant.of(
                        "holds",
                        "pull from a source below the hold",
                        test("HoldsTest#aRoundIsWrittenOnlyOnWhatItWasAskedFrom"),
                        new Patch(
                                KV + "ShardMoves.java",
                                "return after >= source.index().from() && after <= source.changeNumber();",
                                "return after >= source.index().from();")),
                Mutant.of(
                        "holds",
                        "rounds from the last view's change number",
                        test("HoldsTest#aCopyGoesOnBehindTheLastKeyThatIsDurablyThere"),
                        new Patch(
                                KV + "ShardMoves.java",
                                "source.shard(),\n                source.index().from(),",
                                "source.shard(),\n                source.changeNumber(),")),
                Mutant.of(
                        "holds",
                        "a broken pull from a peer leaves its rows",
                        test("HoldsTest#aPullFromAPeerTakesThePlaceOfWhatWasHeldAndLeavesNothingWhenItBreaks"),
                        new Patch(
                                KV + "HoldPlace.java",
                                "if (use != null) {\n            use.close();",
                                "if (use == null) {\n            numbersStored();")));
    }

    /** What the commands are taken for, and what they bring. */
    static List<Mutant> ofCommands() {
        return List.of(
                Mutant.of(
                        "moves",
                        "a frozen shard is served",
                        test("MoveCommandsTest#aFrozenShardServesNothingAndNothingOfItChanges"),
                        new Patch(KV + "EpochGuard.java", "&& !shard.isFrozen()\n", "\n")),
                Mutant.of(
                        "moves",
                        "MoveOut that ignores the fence",
                        test("MoveCommandsTest#cancelEndsAMoveBeforeFreezeAndNeverAfter"),
                        new Patch(
                                KV + "MoveCommands.java",
                                "if (move <= state.fences().of(id)) {\n            boolean isHere",
                                "if (move <= 0) {\n            boolean isHere")),
                Mutant.of(
                        "moves",
                        "late Adopt after there-and-back",
                        test("MoveCommandsTest#adoptTwiceAndLateDoesNothing"),
                        new Patch(
                                KV + "MoveCommands.java",
                                "if (move <= state.fences().of(id)) {\n            return told",
                                "if (move <= 0) {\n            return told")),
                Mutant.of(
                        "moves",
                        "Cancel after Freeze",
                        test("MoveCommandsTest#cancelEndsAMoveBeforeFreezeAndNeverAfter"),
                        new Patch(
                                KV + "MoveCommands.java",
                                "if (shard.isFrozen()) {\n                return",
                                "if (move < 0) {\n                return")),
                Mutant.of(
                        "moves",
                        "Cancel only at the owner",
                        test("MoveCommandsTest#cancelAtTheTargetEndsTheHold"),
                        new Patch(
                                KV + "MoveCommands.java",
                                "} else if (move > state.fences().of(id)) {",
                                "} else if (move > state.fences().of(id) && shard != null) {")),
                Mutant.of(
                        "moves",
                        "Freeze below the highest term",
                        test("MoveCommandsTest#freezeIsTakenByExactlyTheMoveAndNotBelowTheHighestTerm"),
                        new Patch(
                                KV + "MoveCommands.java",
                                "if (command.getTargetTerm() < row.getTargetTerm()) {",
                                "if (command.getTargetTerm() < 0) {")),
                Mutant.of(
                        "moves",
                        "Drop not exactly of the move",
                        test("MoveCommandsTest#dropIsTakenByExactlyTheMoveAndTheFenceStays"),
                        new Patch(
                                KV + "MoveCommands.java",
                                "if (isHere && shard.isFrozen()) {",
                                "if (shard != null && shard.isFrozen()) {")),
                Mutant.of(
                        "moves",
                        "fence forgotten by Drop",
                        test("MoveCommandsTest#dropIsTakenByExactlyTheMoveAndTheFenceStays"),
                        new Patch(
                                KV + "Fences.java",
                                "raised(shard.getId(), 0).setGoneTo(shard)",
                                "raised(shard.getId(), 0).setMove(0).setGoneTo(shard)")),
                Mutant.of(
                        "moves",
                        "Adopt takes the change number of the replica's own hold",
                        test("MoveCommandsTest#adoptBringsRowsSessionsAndCounters"),
                        new Patch(
                                KV + "MoveCommands.java",
                                ".setChangeNumber(counters.getChangeNumber())",
                                ".setChangeNumber(hold.row().getChangeNumber())")),
                Mutant.of(
                        "moves",
                        "log time that falls with a move",
                        test("MoveCommandsTest#adoptBringsRowsSessionsAndCounters"),
                        new Patch(
                                KV + "MoveCommands.java",
                                ".setLogTimeMillis(counters.getLogTimeMillis())",
                                ".setLogTimeMillis(0)")),
                Mutant.of(
                        "moves",
                        "sessions left behind",
                        test("MoveCommandsTest#adoptBringsRowsSessionsAndCounters"),
                        new Patch(
                                KV + "MoveCommands.java",
                                "ShardState.adopt(node, row, state.holds().sessions(hold), command)",
                                "ShardState.adopt(node, row, new java.util.LinkedHashMap<>(), command)")),
                Mutant.of(
                        "moves",
                        "sweep left out of Adopt",
                        test("MoveCommandsTest#adoptSweepsAtTheFrozenLogTime"),
                        new Patch(KV + "ShardState.java", "        shard.sessions.sweep(shard.logTime);\n", "")));
    }

    /** What changed, and what is deleted when. */
    static List<Mutant> ofIndexAndRows() {
        return List.of(
                Mutant.of(
                        "change index",
                        "acknowledgements missing in the change index",
                        test("ChangeIndexTest#acknowledgementsSweepsAndGoodbyesAreChanges"),
                        new Patch(
                                KV + "SessionTable.java",
                                "        if (index != null) {\n            index.changed(id);\n        }\n",
                                "        if (index != null && sessions.get(id) == null) {\n            index.changed(id);\n        }\n")),
                Mutant.of(
                        "change index",
                        "index bound by a node's setting",
                        test("ChangeIndexTest#theBoundIsTheCommandsOnAllReplicas"),
                        new Patch(
                                KV + "ShardState.java",
                                "index.rows() <= move.getChangeIndexRows()",
                                "index.rows() <= 1_000_000")),
                Mutant.of(
                        "change index",
                        "index in the order in which a replica keeps its sessions",
                        test("ChangeIndexTest#replicasThatKeepSessionsInOtherOrdersHaveTheSameIndex"),
                        new Patch(
                                KV + "ChangeIndex.java",
                                "private final Set<SessionId> sessions = new TreeSet<>();",
                                "private final Set<SessionId> sessions = new java.util.LinkedHashSet<>();")),
                Mutant.of(
                        "rows",
                        "files before the flush",
                        test("MoveCrashTest#filesGoOnlyOnceTheRecordIsDurable"),
                        new Patch(
                                KV + "RowUses.java",
                                "            engine.flush();\n",
                                "            engine.durableSequence();\n")),
                Mutant.of(
                        "rows",
                        "Drop by key range alone",
                        test("HoldsTest#onASharedNodeTheOwnersRowsAndTheHoldLieApart"),
                        new Patch(
                                KV + "RowUses.java",
                                "                    batch.deleteRange(unused.from(), unused.to());\n                    unusedNow",
                                "                    batch.deleteRange(\n                            unused.from(),\n                            unused.kind() == RowRange.Kind.DATA\n                                    ? io.flotilla.kv.engine.Keys.afterPrefix(new byte[] {(byte) 0x80})\n                                    : unused.to());\n                    unusedNow")));
    }

    private static Judge test(String test) {
        return Judge.test("kv.machine." + test);
    }
}
