package io.flotilla.it.mutant;

import io.flotilla.raft.mutant.Judge;
import io.flotilla.raft.mutant.Mutant;
import io.flotilla.raft.mutant.Patch;
import java.util.List;

/** Faults of the node around its host, and of the command line. */
final class ProgramFaults {
    private ProgramFaults() {}

    private static Mutant ops(String lesson, String name, String test, String file, String find, String replace) {
        return Mutant.of(
                lesson,
                name,
                Judge.test("ops." + test),
                new Patch("ops/src/main/java/io/flotilla/ops/" + file + ".java", find, replace));
    }

    static List<Mutant> ofTheNode() {
        return List.of(
                ops(
                        "node",
                        "a directory of another version is called damaged",
                        "node.NodeFailureTest#aDirectoryOfAnotherVersionIsRefusedWithoutAnyAdviceOnDisks",
                        "node/NodeFailure",
                        "cause.getCause() instanceof OtherVersionException",
                        "cause.getCause() == cause"),
                ops(
                        "node",
                        "a command of a newer version stops the node",
                        "node.NodeFailureTest#aReplicaThatANewerVersionStoppedStopsNoNode",
                        "node/NodeFailure",
                        "if (cause instanceof UnknownCommandException) {",
                        "if (cause == null) {"),
                ops(
                        "node",
                        "the map of shards does not follow the configuration",
                        "node.NodeKnowledgeTest#theMapFollowsTheConfigurationAndIsMadeOncePerEach",
                        "node/NodeKnowledge",
                        "if (present != last.of()) {",
                        "if (last.of() == null) {"),
                ops(
                        "node",
                        "one who is slow is told of each change",
                        "node.configuration.WatchersTest#oneWhoIsSlowHearsOfManyChangesAtOnce",
                        "node/configuration/Watchers",
                        "|| !watch.watcher.isReady()) {",
                        ") {"),
                ops(
                        "node",
                        "a slow disk is not shown",
                        "status.FleetStatusTest#aSlowDiskIsShown",
                        "status/FleetStatus",
                        "report == null || !report.getDisk().getSlow()",
                        "report == null || report.getDisk().getSlow()"));
    }

    static List<Mutant> ofTheCommandLine() {
        return List.of(
                ops(
                        "command line",
                        "the tab is part of the value",
                        "load.RowFormatTest#splitsBytesAtTheFirstTab",
                        "load/RowFormat",
                        "Arrays.copyOfRange(line, tab + 1, line.length)",
                        "Arrays.copyOfRange(line, tab, line.length)"),
                ops(
                        "command line",
                        "keys that are too long are loaded",
                        "load.RowFormatTest#keepsTheLimits",
                        "load/RowFormat",
                        "if (key.length > Limits.KEY_BYTES) {",
                        "if (key.length > 2 * Limits.KEY_BYTES) {"),
                ops(
                        "command line",
                        "a slow input counts as a stall",
                        "load.StallMeterTest#countsOnlyTimeInWhichARowWaits",
                        "load/StallMeter",
                        "void busy(long now) {\n        waitingSince = now;",
                        "void busy(long now) {"),
                ops(
                        "command line",
                        "an operation that ends after the window hides its time",
                        "bench.DriverTest#onlyTheWindowCounts",
                        "bench/Measurement",
                        "if (since < to) {",
                        "if (counts) {"),
                ops(
                        "command line",
                        "a replica of an old term speaks for its group",
                        "status.FleetStatusTest#theReplicaWithTheHighestTermSpeaksForItsGroup",
                        "status/FleetStatus",
                        "if (replica.getTerm() == term) {",
                        "if (replica.getTerm() > 0) {"));
    }
}
