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
                        "reply before the sync",
                        "raft-group/src/main/java/io/flotilla/raft/log/segment/Segments.java",
                        "activeFile.file().force();",
                        "",
                        "MIXED"),
                new Mutant(
                        "session table not replayed",
                        "shard-kv/src/main/java/io/flotilla/kv/machine/SessionTable.java",
                        "engine.ascending(prefix, Keys.afterPrefix(prefix))",
                        "engine.ascending(prefix, prefix)",
                        "MIXED"),
                new Mutant(
                        "old-term commit",
                        "raft-group/src/main/java/io/flotilla/raft/core/quorum/CommitRule.java",
                        "|| termAt.applyAsLong(quorumIndex) != currentTerm",
                        "",
                        "MIXED"),
                new Mutant(
                        "read without a quorum",
                        "raft-group/src/main/java/io/flotilla/raft/core/Leader.java",
                        "sendHeartbeats();\n            confirmReads();",
                        "sendHeartbeats();\n            replica.outbox.grant(reads.confirm(reads.round()));",
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
