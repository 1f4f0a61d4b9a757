package io.flotilla.it.mutant;

import static io.flotilla.it.mutant.Judges.FLEET_MOVES;

import io.flotilla.raft.mutant.Judge;
import io.flotilla.raft.mutant.Mutant;
import io.flotilla.raft.mutant.Patch;
import java.util.List;

/** Faults of moves that show when whole nodes move shards: in machines, copies, drivers, questions between nodes, and the controller. */
final class FleetMoveFaults {
    private static final String MACHINE = "shard-kv/src/main/java/io/flotilla/kv/machine/";
    private static final String MOVE = "shard-kv/src/main/java/io/flotilla/kv/move/";
    private static final String NODE = "ops/src/main/java/io/flotilla/ops/node/";
    private static final String CONTROLLER = "shard-controller/src/main/java/io/flotilla/controller/";

    private static final String QUESTIONS = "ops.node.move.GroupQuestionsTest#";
    private static final String REQUESTS = "ops.node.move.MoveRequestsTest#";

    private FleetMoveFaults() {}

    private static Mutant fleet(String lesson, String name, Patch... patches) {
        return Mutant.of(lesson, name, FLEET_MOVES, patches);
    }

    private static Mutant test(String lesson, String name, String test, Patch... patches) {
        return Mutant.of(lesson, name, Judge.test(test), patches);
    }

    private static Patch machine(String file, String find, String replace) {
        return new Patch(MACHINE + file + ".java", find, replace);
    }

    private static Patch move(String file, String find, String replace) {
        return new Patch(MOVE + file + ".java", find, replace);
    }

    private static Patch node(String file, String find, String replace) {
        return new Patch(NODE + file + ".java", find, replace);
    }

    private static Patch controller(String file, String find, String replace) {
        return new Patch(CONTROLLER + file + ".java", find, replace);
    }

    /** Of what the entries of a move and its rounds leave in the machines. */
    static List<Mutant> ofMachines() {
        return List.of(
                fleet(
                        "moves",
                        "a group goes on serving what it has frozen",
                        machine("EpochGuard", "&& !shard.isFrozen()\n", "\n"),
                        machine("ShardState", "return move != null && move.getFrozenAt() != 0;", "return false;")),
                fleet(
                        "moves",
                        "Adopt keeps the epoch",
                        move("FrozenChanges", ".setEpoch(shard.getEpoch() + 1)", ".setEpoch(shard.getEpoch())")),
                fleet(
                        "moves",
                        "the fence stays where it was when Adopt is applied",
                        machine(
                                "MoveCommands",
                                "state.raiseFence(id, move);\n        state.fences().come(id, move);",
                                "state.holds().end(id, move);\n        state.fences().come(id, 0);")),
                fleet(
                        "moves",
                        "what Adopt carries of rows is left out",
                        machine(
                                "ShardState",
                                "for (ChangedRow changed : adopt.getRowsList()) {",
                                "for (ChangedRow changed : adopt.getRowsList().subList(0, 0)) {")),
                fleet(
                        "moves",
                        "what Adopt carries of sessions is left out",
                        machine(
                                "ShardState",
                                "for (ChangedSession changed : adopt.getSessionsList()) {",
                                "for (ChangedSession changed : adopt.getSessionsList().subList(0, 0)) {")),
                fleet(
                        "moves",
                        "the versions of a shard begin anew where it comes",
                        machine(
                                "MoveCommands",
                                ".setLastVersion(counters.getLastVersion())",
                                ".setLastVersion(hold.row().getChangeNumber())")),
                fleet(
                        "holds",
                        "rows that were deleted meanwhile stay in a hold",
                        machine(
                                "Holds",
                                "            } else {\n                batch.delete(place);\n            }\n        }\n        for",
                                "            }\n        }\n        for")),
                fleet(
                        "holds",
                        "a session that a round brought is written, but not remembered",
                        machine("Holds", "replace(hold, id, new Session(id, changed.getRow()));", "")),
                test(
                        "holds",
                        "a session that was forgotten meanwhile stays in a hold",
                        "kv.machine.MoveCommandsTest#aSessionThatIsForgottenDuringTheCopyIsNotBroughtBack",
                        machine(
                                "Holds",
                                "batch.delete(place);\n                replace(hold, id, null);",
                                "batch.delete(place);")),
                test(
                        "log time",
                        "the time in an entry reaches all shards of the group",
                        "kv.machine.MoveCommandsTest#aClockThatIsAheadReachesTheShardsAloneThatItWritesTo",
                        machine(
                                "CommandApplier",
                                "        shard.advance(timeMillis);\n        SessionTable sessions",
                                "        guard.shards().forEach(each -> each.advance(timeMillis));\n        SessionTable sessions")),
                test(
                        "change index",
                        "the change number is not raised by acknowledgements",
                        "kv.machine.ChangeIndexTest#acknowledgementsSweepsAndGoodbyesAreChanges",
                        machine(
                                "SessionTable",
                                "        if (session.acknowledge(below)) {\n            touch(session);",
                                "        if (session.acknowledge(below)) {\n            boolean before = changed;\n            touch(session);\n            changed = before;")),
                test(
                        "marks",
                        "a Mark is kept without what was not written back",
                        "kv.machine.MarksTest#replicasAddUpTheStateOfTheSameMomentWhateverWasAppliedSince",
                        machine(
                                "KvStateMachine",
                                "        appliedIndex = index;\n        write();\n        List",
                                "        appliedIndex = index;\n        List")),
                test(
                        "marks",
                        "Marks are kept without end",
                        "kv.machine.MarksTest#theNewestTwoAreKeptForAMinute",
                        machine("Marks", "if (marks.size() > KEPT) {", "if (marks.size() < 0) {")));
    }

    /** Of copies. */
    static List<Mutant> ofCopies() {
        return List.of(
                test(
                        "holds",
                        "snapshot only, no hold from the peer",
                        "kv.move.copy.HoldCopyTest#aPullFromAPeerThatBreaksBeginsAnewAndDeletedRowsStayDeleted",
                        move("copy/CopyGivers", "isHeldBack(durable) && !isPeerOfNoUse ? peer : null;", "null;")),
                fleet(
                        "holds",
                        "places of copies are never given back",
                        move("copy/HoldCopy", "        parts.places().leave(key);\n", "")),
                test(
                        "holds",
                        "a source that says nothing new is never left",
                        "kv.move.copy.HoldCopyTest#aSourceThatLagsBehindTheOthersIsLeft",
                        move("copy/HoldRounds", "if (idleRounds % LOOKS_AROUND == 0) {", "if (idleRounds < 0) {")),
                test(
                        "holds",
                        "sessions of holds take what memory they like",
                        "kv.machine.HoldsTest#sessionsOfAllHoldsTakeBoundedMemoryAndNoneIsForgotten",
                        machine("HeldSessions", "if (bytes > most - before) {", "if (bytes < 0) {")),
                test(
                        "holds",
                        "sessions for which there is no memory are forgotten",
                        "kv.machine.HoldsTest#sessionsOfAllHoldsTakeBoundedMemoryAndNoneIsForgotten",
                        machine(
                                "Holds",
                                "SessionTable.load(node.engine(), hold.row.getSessionNumber());",
                                "new java.util.LinkedHashMap<>();")),
                test(
                        "holds",
                        "rounds end when the source does not answer",
                        "kv.move.copy.HoldCopyTest#theRoundsGoOnAtAnotherReplicaWhenTheSourceDies",
                        move("copy/HoldRounds", "        ends.sourceless(left);\n", "")),
                fleet(
                        "holds",
                        "a hold counts for one change more than it has",
                        move(
                                "copy/HoldCopy",
                                "visit(machine -> machine.moves().completeCopy(place, changeNumber, sessions), isHold -> {",
                                "visit(machine -> machine.moves().completeCopy(place, changeNumber + 1, sessions), isHold -> {")));
    }

    /** Of what nodes ask each other, and of what they make of answers. */
    static List<Mutant> ofNodes() {
        return List.of(
                test(
                        "questions",
                        "what is held is told once and never again",
                        "ops.node.move.HoldBeatTest#whatIsHeldIsToldAgainAndAgainUntilTheEnd",
                        node("move/HoldBeat", "        lane.after(BEAT_NANOS, this::beat);\n", "")),
                fleet(
                        "questions",
                        "what is held is told to the driver of this node alone",
                        node("move/NodeMoves", "host.tell(leader, report.toByteArray());", "report.getShard();")),
                test(
                        "questions",
                        "a turn of the driver is its last",
                        "ops.node.move.NodeMovesTest#aPeerThatNeverAnswersIsAskedAgainAtAPaceAndTheStatusSaysForWhomItWaits",
                        node(
                                "move/NodeMoves",
                                "next = lane.after(isTickSoon ? OFTEN_NANOS : SELDOM_NANOS, this::tick);",
                                "next = lane.after(isTickSoon ? OFTEN_NANOS : SELDOM_NANOS, this::step);")),
                fleet(
                        "questions",
                        "MoveOut is answered by what is applied, and never proposed",
                        node(
                                "move/MoveRequests",
                                "if (stage == Stage.NOT_YET) {",
                                "if (stage == Stage.UNRECOGNIZED) {")),
                fleet(
                        "questions",
                        "Freeze is answered by what is applied, and never proposed",
                        node(
                                "move/MoveRequests",
                                "case FREEZE -> {\n                if (stage == Stage.MOVING) {",
                                "case FREEZE -> {\n                if (stage == Stage.UNRECOGNIZED) {")),
                test(
                        "questions",
                        "a refusal that names the leader is not followed",
                        QUESTIONS + "aLeaderThatIsNotKnownIsLookedForAmongTheReplicasAndRemembered",
                        node("move/GroupQuestions", "if (namesAnother) {", "if (namesAnother && turn < 0) {")),
                test(
                        "questions",
                        "a leader that does not answer any more is asked for ever",
                        QUESTIONS + "aLeaderThatStopsAnsweringIsNotTakenForTheLeaderAnyMore",
                        node(
                                "move/GroupQuestions",
                                "why -> {\n                        leaders.remove(request.getGroup());",
                                "why -> {")),
                test(
                        "questions",
                        "an answer of a newer version is taken for what is known of it",
                        QUESTIONS + "anAnswerThatIsNotUnderstoodWholeIsNone",
                        node("move/GroupQuestions", "if (unknown != null || reply", "if (reply")),
                test(
                        "questions",
                        "a question of a newer version is written into the log for what is known of it",
                        REQUESTS + "whatCantBeReadOrIsOfANewerVersionIsRefusedAndNothingIsWritten",
                        node(
                                "move/MoveRequests",
                                "if (unknown != null) {",
                                "if (unknown != null && asked.getShard() == 0) {")),
                test(
                        "feature levels",
                        "a step of a move is written though a node of the fleet does not know it",
                        REQUESTS + "nothingIsWrittenBeforeAllNodesOfTheFleetKnowIt",
                        node("move/MoveRequests", "if (objection != null) {", "if (command == null) {")),
                test(
                        "driver",
                        "what a worker said long ago counts",
                        "ops.node.move.HostMoveFactsTest#whatTheWorkerSaidTooLongAgoCountsForNothing",
                        node("move/HostMoveFacts", "&& now - asked.toldAt < FRESH_NANOS;", ";")),
                test(
                        "questions",
                        "a report to the controller that is not taken is told no more",
                        "ops.node.configuration.ReportsTest#whatTheControllerRefusesIsTriedAgainAndOnlySoManyWait",
                        node("configuration/MoveOutbox", "        lane.after(AGAIN_NANOS, this::send);\n", "")));
    }

    /** Of the controller. */
    static List<Mutant> ofTheController() {
        return List.of(
                test(
                        "moves",
                        "the owner changes and the epoch does not",
                        "controller.machine.MovesTest#aShardMovesAndItsMoveIsNumberedByTheConfigurationThatSetsTheTarget",
                        controller(
                                "machine/Settlement",
                                ".setEpoch(shard.getEpoch() + 1);",
                                ".setEpoch(shard.getEpoch());")),
                test(
                        "moves",
                        "a move has the number of the configuration before it",
                        "controller.machine.MovesTest#aShardMovesAndItsMoveIsNumberedByTheConfigurationThatSetsTheTarget",
                        controller(
                                "decide/FleetChanges",
                                ".setTarget(to).setMoveId(move).build();",
                                ".setTarget(to).setMoveId(move - 1).build();")),
                test(
                        "moves",
                        "what is told of a drop is not kept",
                        "controller.machine.MovesTest#aGroupThatLeavesStaysUntilItHasNothingAndAllIsDropped",
                        controller(
                                "machine/OpenDrops",
                                "groups.remove(new Key(shard, moveId), group);",
                                "groups.remove(new Key(shard, moveId), -group);")),
                test(
                        "groups",
                        "a request that comes again is done again",
                        "controller.machine.MovesTest#aPlanIsRefusedIfWhatItWasMadeFromHasChangedAndMayComeAgain",
                        controller(
                                "machine/AnsweredRequests",
                                "if (found == null) {",
                                "if (found == null || id.size() > 0) {")),
                test(
                        "groups",
                        "what comes back is owed for ever",
                        "controller.machine.MovesTest#whatComesBackIsNotOwedAnyMore",
                        controller(
                                "machine/Settlement",
                                "            drops.cameBack(shard.getId(), shard.getTarget());\n",
                                "")));
    }
}
