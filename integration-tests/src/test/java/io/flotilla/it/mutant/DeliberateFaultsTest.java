package io.flotilla.it.mutant;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each fault that the simulation exists to find is put into the production code, and must be found. docs/testing.md
 * tells which seed finds which.
 */
class DeliberateFaultsTest {
    private static final int MAX_SEEDS = 100;

    static Stream<Mutant> mutants() {
        return Stream.of(
                new Mutant(
                        "vote not persisted",
                        "raft-group/src/main/java/io/flotilla/raft/host/LogWriter.java",
                        "hardState = batch.hardState();",
                        "hardState = new HardState(batch.hardState().term(), null);",
                        "ELECTIONS"),
                new Mutant(
                        "vote sent before it is durable",
                        "raft-group/src/main/java/io/flotilla/raft/core/VoteRule.java",
                        "replica.outbox.promise(from, new VoteReply(",
                        "replica.outbox.send(from, new VoteReply(",
                        "ELECTIONS"),
                new Mutant(
                        "vote for a shorter log",
                        "raft-group/src/main/java/io/flotilla/raft/core/VoteRule.java",
                        "return replica.log.isCoveredBy(last);",
                        "return true;",
                        "MIXED"),
                new Mutant(
                        "old-term commit",
                        "raft-group/src/main/java/io/flotilla/raft/core/quorum/CommitRule.java",
                        "|| termAt.applyAsLong(quorumIndex) != currentTerm",
                        "",
                        "MIXED"),
                new Mutant(
                        "late append cuts a matching suffix",
                        "raft-group/src/main/java/io/flotilla/raft/core/Replica.java",
                        "if (log.termAt(index) == entry.term()) {",
                        "if (log.termAt(index) == entry.term() && entry != entries.get(entries.size() - 1)) {",
                        "MIXED"),
                new Mutant(
                        "leader counts its own unsynced entries",
                        "raft-group/src/main/java/io/flotilla/raft/core/Leader.java",
                        "? replica.outbox.durableIndex()",
                        "? log.lastIndex()",
                        "MIXED"),
                new Mutant(
                        "read without a quorum",
                        "raft-group/src/main/java/io/flotilla/raft/core/Leader.java",
                        "replica.outbox.grant(reads.confirm(confirmed));",
                        "replica.outbox.grant(reads.confirm(round));",
                        "MIXED"),
                new Mutant(
                        "lease not looked at after the read",
                        "raft-group/src/main/java/io/flotilla/raft/host/HeldLease.java",
                        "return state.nanos() < until;",
                        "return until > Lease.NONE;",
                        "MIXED"),
                new Mutant(
                        "lease without end",
                        "raft-group/src/main/java/io/flotilla/raft/core/read/Lease.java",
                        "until = Math.max(until, unanswered.remove().sentAt + length);",
                        "until = unanswered.remove().sentAt + 8 * length;",
                        "MIXED"),
                new Mutant(
                        "read before the term's first commit",
                        "raft-group/src/main/java/io/flotilla/raft/core/read/ReadIndexQueue.java",
                        "private boolean open;",
                        "private boolean open = true;",
                        "MIXED"),
                new Mutant(
                        "reply before the sync",
                        "raft-group/src/main/java/io/flotilla/raft/log/segment/Segments.java",
                        "activeFile.file().force();",
                        "",
                        "MIXED"),
                new Mutant(
                        "failed sync tried again",
                        "raft-group/src/main/java/io/flotilla/raft/log/segment/Segments.java",
                        "activeFile.file().force();",
                        "try { activeFile.file().force(); } catch (IOException e) { activeFile.file().force(); }",
                        "MIXED"),
                new Mutant(
                        "doubtful batch not written again",
                        "raft-group/src/main/java/io/flotilla/raft/log/segment/Recovery.java",
                        "if (i == tail && lastBatch > synced) {",
                        "if (i == tail && lastBatch < synced) {",
                        "MIXED"),
                new Mutant(
                        "torn batch trusted",
                        "raft-group/src/main/java/io/flotilla/raft/log/segment/SegmentScanner.java",
                        "if (SegmentFormat.crc(window.array(), payload, header.payloadLength()) == expected) {",
                        "if (expected != 1) {",
                        "MIXED"),
                new Mutant(
                        "recycled segment trusted",
                        "raft-group/src/main/java/io/flotilla/raft/log/segment/SegmentScanner.java",
                        "if (window.getLong(at + 8) != segment.number()) {",
                        "if (window.getLong(at + 8) == 0) {",
                        "MIXED"),
                new Mutant(
                        "log cut before its machine is durable",
                        "raft-group/src/main/java/io/flotilla/raft/host/HostedMachine.java",
                        "machine.flushSoon();",
                        "durable = index;",
                        "MIXED"),
                new Mutant(
                        "applied index apart from its rows",
                        "shard-kv/src/main/java/io/flotilla/kv/machine/KvStateMachine.java",
                        "batch.put(Layout.groupKey(group), Layout.number(index));\n        settle();",
                        "EngineBatch first = new EngineBatch();\n        first.put(Layout.groupKey(group), Layout.number(index));\n        engine.write(first);\n        settle();",
                        "MIXED"),
                new Mutant(
                        "image without sessions",
                        "shard-kv/src/main/java/io/flotilla/kv/machine/ImageSource.java",
                        "enter(Stage.SESSIONS);",
                        "enter(Stage.DATA);",
                        "MIXED"),
                new Mutant(
                        "session table not replayed",
                        "shard-kv/src/main/java/io/flotilla/kv/machine/SessionTable.java",
                        "engine.ascending(prefix, Keys.afterPrefix(prefix))",
                        "engine.ascending(prefix, prefix)",
                        "MIXED"),
                new Mutant(
                        "reply forgotten too early",
                        "shard-kv/src/main/java/io/flotilla/kv/machine/Session.java",
                        "replies.get(gone).getSequence() < below",
                        "replies.get(gone).getSequence() < below + 1",
                        "MIXED"),
                new Mutant(
                        "write applied after its not-after",
                        "shard-kv/src/main/java/io/flotilla/kv/machine/KvStateMachine.java",
                        "if (shard.logTime() > write.getNotAfterMillis()) {",
                        "if (shard.logTime() > write.getNotAfterMillis() + 3_600_000_000L) {",
                        "MIXED"));
    }

    @ParameterizedTest
    @MethodSource("mutants")
    @Timeout(value = 15, unit = TimeUnit.MINUTES)
    void isCaught(Mutant mutant) throws Exception {
        Object made = MutantLoader.of(mutant)
                .loadClass(SeedRun.class.getName())
                .getDeclaredConstructor()
                .newInstance();
        @SuppressWarnings("unchecked")
        BiFunction<Long, String, String> run = (BiFunction<Long, String, String>) made;
        String caught = null;
        long seed = 0;
        while (caught == null && seed < MAX_SEEDS) {
            caught = run.apply(++seed, mutant.profile());
        }
        System.out.println("fault '" + mutant + "': seed " + seed + ": " + caught);
        assertThat(caught)
                .as("the fault '%s', over %s seeds", mutant, MAX_SEEDS)
                .isNotNull();
    }
}
