package io.flotilla.it.mutant;

import io.flotilla.raft.mutant.Judge;
import io.flotilla.raft.mutant.Mutant;
import io.flotilla.raft.mutant.Patch;
import java.util.List;

/** Faults of the client library. */
final class ClientFaults {
    private ClientFaults() {}

    private static Mutant client(String name, String test, String file, String find, String replace) {
        return Mutant.of(
                "client",
                name,
                Judge.test("client." + test),
                new Patch("client-sdk/src/main/java/io/flotilla/client/" + file + ".java", find, replace));
    }

    static List<Mutant> all() {
        return List.of(
                client(
                        "an empty page ends the shard's part of a scan",
                        "OperationsTest#scansCrossShardsInBothDirections",
                        "call/ScanCall",
                        "if (scan.getMore()) {",
                        "if (scan.getMore() && scan.getRowsCount() > 0) {"),
                client(
                        "a page that leads nowhere is taken",
                        "ScanRoutesTest#aPageThatGetsNowhereIsNotTaken",
                        "call/ScanCall",
                        "return !scan.getMore() || goesOn(",
                        "return scan.getRowsCount() == 0 || goesOn("),
                client(
                        "a retry that succeeds gives nothing back",
                        "call.RetryTest#aRetryThatSucceedsGivesBackWhatItTook",
                        "call/RetryBudget",
                        "add(PER_SUCCESS + cost);",
                        "add(PER_SUCCESS);"),
                client(
                        "delays grow without a cap",
                        "call.RetryTest#delaysDoubleWithJitterUpToTheCap",
                        "call/RetryPolicy",
                        "Math.min(cap, first << doublings)",
                        "first << doublings"),
                client(
                        "timers fire a round of the wheel too early",
                        "call.TimerWheelTest#everyTimerFiresInTimeWhenTheAlarmIsFollowed",
                        "call/TimerWheel",
                        "if (timed.tick > target) {",
                        "if (timed.tick < 0) {"),
                client(
                        "writes without an answer are acknowledged",
                        "ExactlyOnceTest#sequencesCountUpAndAnswersAreAcknowledged",
                        "call/WriteSession",
                        "return first == null ? last + 1 : first.sequence();",
                        "return last + 1;"),
                client(
                        "goodbye is said though an attempt was lost",
                        "SessionWindowTest#aSessionWithALostOrUnansweredAttemptIsNotForgotten",
                        "call/WriteSession",
                        "return last > 0 && isIdle() && !lostOne;",
                        "return last > 0;"),
                client(
                        "a shard is thought to have what is behind its end",
                        "routing.RoutingTableTest#halfASplitLeavesAGapUntilTheOtherHalfIsKnown",
                        "routing/RoutingTable",
                        "return shard != null && shard.endsAfter(key) ? shard : null;",
                        "return shard;"));
    }
}
