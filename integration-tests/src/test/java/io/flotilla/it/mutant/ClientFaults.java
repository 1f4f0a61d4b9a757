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
                        "a late page is taken for one of the newest route",
                        "ScanRoutesTest#aLateAnswerOfAShardThatWasSmallerLeavesNoRowOut",
                        "call/ScanCall",
                        "ShardRoute read = attempt.route;",
                        "ShardRoute read = route();"),
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
                        "retries cost nothing",
                        "call.RetryTest#theBudgetAllowsABurstThenASteadyRateThenAShareOfSuccess",
                        "call/RetryBudget",
                        "tokens -= cost;",
                        ""),
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
                        "an old correction outlives a newer configuration",
                        "routing.RoutingTableTest#correctionsAndConfigurationsMakeWhatAPlainListMakes",
                        "routing/RoutingTable",
                        "isNewer = others[i].epoch() < shard.epoch();",
                        "isNewer = others[i].epoch() <= shard.epoch() + 1;"));
    }
}
