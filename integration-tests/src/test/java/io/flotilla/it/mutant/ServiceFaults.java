package io.flotilla.it.mutant;

import static io.flotilla.it.mutant.Judges.FLEET;

import io.flotilla.raft.mutant.Judge;
import io.flotilla.raft.mutant.Mutant;
import io.flotilla.raft.mutant.Patch;
import java.util.List;

/** Faults of the key-value service: what clients are told, sessions, snapshots. */
final class ServiceFaults {
    private static final String KV = "shard-kv/src/main/java/io/flotilla/kv/machine/";
    private static final String SERVICE = "shard-kv/src/main/java/io/flotilla/kv/service/";
    private static final String HOST = "raft-group/src/main/java/io/flotilla/raft/host/";

    private ServiceFaults() {}

    static List<Mutant> all() {
        return List.of(
                Mutant.of(
                        "one batch",
                        "applied index apart from its rows",
                        FLEET,
                        new Patch(
                                KV + "KvStateMachine.java",
                                "batch.put(Layout.groupKey(group), Layout.number(appliedIndex));\n        settle();",
                                "EngineBatch first = new EngineBatch();\n"
                                        + "        first.put(Layout.groupKey(group), Layout.number(appliedIndex));\n"
                                        + "        engine.write(first);\n        settle();")),
                Mutant.of(
                        "exactly once",
                        "a retry is applied again",
                        FLEET,
                        new Patch(
                                KV + "CommandApplier.java",
                                "if (kept != null) {",
                                "if (kept != null && timeMillis < 0) {")),
                Mutant.of(
                        "exactly once",
                        "snapshot without sessions",
                        FLEET,
                        new Patch(KV + "KvSnapshotSource.java", "enter(Stage.SESSIONS);", "enter(Stage.DATA);")),
                Mutant.of(
                        "exactly once",
                        "session table not replayed",
                        FLEET,
                        new Patch(
                                KV + "SessionTable.java",
                                "engine.ascending(prefix, Keys.afterPrefix(prefix))",
                                "engine.ascending(prefix, prefix)")),
                Mutant.of(
                        "exactly once",
                        "reply forgotten too early",
                        FLEET,
                        new Patch(
                                KV + "Session.java",
                                "replies.get(gone).getSequence() < below",
                                "replies.get(gone).getSequence() < below + 1")),
                Mutant.of(
                        "exactly once",
                        "write applied after its not-after",
                        exactlyOnce("nothingForgottenCanBeAppliedAgain"),
                        new Patch(
                                KV + "CommandApplier.java",
                                "if (logTime > notAfter) {",
                                "if (logTime > notAfter + 3_600_000_000L) {")),
                Mutant.of(
                        "typed outcomes",
                        "a write whose fate is unknown is called refused",
                        FLEET,
                        new Patch(
                                HOST + "group/PendingProposals.java",
                                "new Refusal.Indeterminate(now.leader())",
                                "new Refusal.NotLeader(now.leader())")),
                Mutant.of(
                        "conditions",
                        "a compare-and-set whose condition fails is carried out",
                        FLEET,
                        new Patch(
                                KV + "Mutations.java",
                                "if (!holds(write.getCondition(), present)) {",
                                "if (version < 0) {")),
                Mutant.of(
                        "conditions",
                        "a failed condition of a batch is overlooked",
                        FLEET,
                        new Patch(
                                KV + "Mutations.java",
                                "if (!holds(condition.getCondition(), present)) {",
                                "if (version < 0) {")),
                Mutant.of(
                        "versions",
                        "two writes get the same version",
                        FLEET,
                        new Patch(KV + "CommandApplier.java", "shard.wrote(version);", "shard.wrote(version - 1);")));
    }

    private static Judge exactlyOnce(String method) {
        return Judge.test("kv.machine.ExactlyOnceTest#" + method);
    }

    /** What moves of shards will rest on: log time, windows, change numbers, places of rows. */
    static List<Mutant> ofWindowsAndRows() {
        return List.of(
                Mutant.of(
                        "log time",
                        "log time that falls",
                        exactlyOnce("logTimeIsTheShardsOwn"),
                        new Patch(
                                KV + "ShardState.java",
                                "logTime = Math.max(logTime, commandMillis);",
                                "logTime = commandMillis;")),
                Mutant.of(
                        "log time",
                        "log time shared by shards",
                        Judge.test("kv.service.KvServiceTest#eachShardOfAnEntryHasItsOwnLogTime"),
                        new Patch(
                                SERVICE + "GroupWrites.java",
                                "setTimeMillis(time(each))",
                                "setTimeMillis(java.util.stream.StreamSupport.stream(shards.spliterator(), false)"
                                        + ".mapToLong(this::time).max().getAsLong())")),
                Mutant.of(
                        "log time",
                        "log time that stands still where a clock is behind",
                        Judge.test("kv.machine.ShardGaugeTest#logTimeGoesOnByItselfWhereTheClockIsBehind"),
                        new Patch(
                                KV + "ShardGauge.java",
                                "Math.max(clock.wallMillis(), anchor.at(clock.nanos()))",
                                "Math.max(clock.wallMillis(), anchor.logMillis)")),
                Mutant.of(
                        "windows",
                        "a sweep too early",
                        exactlyOnce("expiredMeansNeverForAWindowBehindTheNotAfter"),
                        new Patch(
                                KV + "SessionLimits.java",
                                "return logTimeMillis - notAfterMillis > WINDOW_MILLIS;",
                                "return logTimeMillis > notAfterMillis;")),
                Mutant.of(
                        "windows",
                        "EXPIRED told as never, however late",
                        exactlyOnce("expiredMeansNeverForAWindowBehindTheNotAfter"),
                        new Patch(
                                KV + "CommandApplier.java",
                                "untimely,\n                    shard.logTime());",
                                "untimely,\n                    Math.min(shard.logTime(), write.getNotAfterMillis()"
                                        + " + SessionLimits.WINDOW_MILLIS));")),
                Mutant.of(
                        "windows",
                        "a not-after may lie as far ahead as it likes",
                        exactlyOnce("aNotAfterTooFarAheadIsRefusedWithTheLogTime"),
                        new Patch(
                                KV + "CommandApplier.java",
                                "return notAfter - logTime > SessionLimits.WINDOW_MILLIS",
                                "return notAfter < 0")),
                Mutant.of(
                        "change numbers",
                        "an acknowledgement does not count as a change",
                        exactlyOnce("aCommandThatChangesARowOrASessionCounts"),
                        new Patch(
                                KV + "SessionTable.java",
                                "if (session.acknowledge(below)) {\n            touch(session);",
                                "if (session.acknowledge(below)) {\n            boolean before = changed;\n"
                                        + "            touch(session);\n            changed = before;")),
                Mutant.of(
                        "rows",
                        "sessions under the shard's id",
                        Judge.test("kv.machine.ShardRowsTest#sessionsLieUnderANumberOfTheirOwn"),
                        new Patch(
                                KV + "ShardState.java",
                                "new SessionTable(loaded, row.getSessionNumber(),",
                                "new SessionTable(loaded, row.getShard().getId(),")),
                Mutant.of(
                        "rows",
                        "rows are deleted while they are read",
                        Judge.test("kv.machine.ShardRowsTest#whatIsBeingReadGoesWhenItIsReadWhateverReplacedIt"),
                        new Patch(KV + "RowUses.java", "range.without(at(range))", "List.of(range)")),
                Mutant.of(
                        "rows",
                        "fences missing in a snapshot",
                        Judge.test(
                                "kv.machine.ShardRowsTest#aSnapshotBringsFencesAndChangesAndEndsTheHoldsTheyHavePassed"),
                        new Patch(KV + "KvSnapshotSource.java", ".putVarint(fences());", ".putVarint(0);"),
                        new Patch(KV + "KvSnapshotSource.java", "enter(Stage.FENCES);", "enter(Stage.SESSIONS);")),
                Mutant.of(
                        "rows",
                        "change index missing in a snapshot",
                        Judge.test(
                                "kv.machine.ShardRowsTest#aSnapshotBringsFencesAndChangesAndEndsTheHoldsTheyHavePassed"),
                        new Patch(KV + "KvSnapshotSource.java", "nextRow(Stage.CHANGES)", "nextRow(Stage.TRAILER)")),
                Mutant.of(
                        "commands",
                        "an unknown field of a command is skipped",
                        Judge.test("kv.machine.KvStateMachineTest#aCommandThatIsNotKnownInEveryPartStopsTheReplica"),
                        new Patch(
                                KV + "CommandApplier.java",
                                "if (unknown != null) {",
                                "if (unknown != null && group < 0) {")),
                Mutant.of(
                        "commands",
                        "a newer client's field comes into the log",
                        Judge.test("kv.service.KvServiceTest#whatIsNotKnownInEveryPartIsRefusedAndComesIntoNoLog"),
                        new Patch(
                                SERVICE + "KvService.java",
                                "wrong = wrong != null ? notKnown(wrong) : Rules.check(write);",
                                "wrong = Rules.check(write);")),
                Mutant.of(
                        "early requests",
                        "they wait for their shard without end",
                        Judge.test("kv.service.EarlyRequestsTest#afterATenthOfASecondTheyAreBusy"),
                        new Patch(
                                SERVICE + "EarlyRequests.java", "queue.peek().until <= now", "queue.peek().until < 0")),
                Mutant.of(
                        "early requests",
                        "as many wait as there are",
                        Judge.test("kv.service.EarlyRequestsTest#theirNumberIsBounded"),
                        new Patch(
                                SERVICE + "EarlyRequests.java",
                                "requests.incrementAndGet() > MOST_REQUESTS",
                                "requests.incrementAndGet() < 0")),
                Mutant.of(
                        "early requests",
                        "a node that does not lead the target keeps them",
                        Judge.test(
                                "kv.service.EarlyRequestsTest#onlyTheLeaderOfTheTargetLetsThemWaitAndOnlyInTheNextEpoch"),
                        new Patch(
                                SERVICE + "EarlyRequests.java",
                                "door.directory().leads(ref.getGroup())",
                                "ref.getGroup() > 0")));
    }
}
