package io.flotilla.it.mutant;

import static io.flotilla.it.mutant.Judges.FLEET;

import io.flotilla.raft.mutant.Mutant;
import io.flotilla.raft.mutant.Patch;
import java.util.List;

/** Faults of the key-value service: what clients are told, sessions, images. */
final class ServiceFaults {
    private static final String KV = "shard-kv/src/main/java/io/flotilla/kv/machine/";
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
                                KV + "KvStateMachine.java",
                                "if (kept != null) {",
                                "if (kept != null && leaderMillis < 0) {")),
                Mutant.of(
                        "exactly once",
                        "image without sessions",
                        FLEET,
                        new Patch(KV + "ImageSource.java", "enter(Stage.SESSIONS);", "enter(Stage.DATA);")),
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
                        FLEET,
                        new Patch(
                                KV + "KvStateMachine.java",
                                "if (shard.logTime() > write.getNotAfterMillis()) {",
                                "if (shard.logTime() > write.getNotAfterMillis() + 3_600_000_000L) {")),
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
                        new Patch(KV + "KvStateMachine.java", "shard.wrote(version);", "shard.wrote(version - 1);")));
    }
}
