package io.flotilla.raft.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.mutant.Judge;
import io.flotilla.raft.mutant.Mutant;
import io.flotilla.raft.mutant.MutantLoader;
import io.flotilla.raft.mutant.Patch;
import io.flotilla.raft.sim.GroupRun;
import java.util.List;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;

/** A seed on which a deliberate fault shows becomes a short scenario: broken with the fault, and only with it. */
class FailureStoryTest {
    private static final String CORE = "raft-group/src/main/java/io/flotilla/raft/core/";

    private static final Judge CHECK = new Judge(StoryCheck.class.getName(), "", 1, "story");

    @Test
    void aLateAppendThatCuts() throws Exception {
        check(
                Mutant.of(
                        "SL-38",
                        "late append cuts a matching suffix",
                        Judge.GROUP,
                        new Patch(
                                CORE + "Replica.java",
                                "if (log.termAt(index) == entry.term()) {",
                                "if (log.termAt(index) == entry.term() && entry != entries.get(entries.size() - 1)) {")),
                30);
    }

    @Test
    void aVoteForAShorterLog() throws Exception {
        check(
                Mutant.of(
                        "SL-05",
                        "vote for a shorter log",
                        Judge.GROUP,
                        new Patch(
                                CORE + "VoteRule.java",
                                "replica.isGoodEnough() && replica.log.isCoveredBy(last)",
                                "replica.isGoodEnough()")),
                100);
    }

    @Test
    void anOldTermsCommit() throws Exception {
        check(
                Mutant.of(
                        "SL-47",
                        "old-term commit",
                        Judge.GROUP,
                        new Patch(
                                CORE + "quorum/CommitRule.java",
                                "|| termAt.applyAsLong(quorumIndex) != currentTerm",
                                "")),
                30);
    }

    private static void check(Mutant mutant, int atMost) throws Exception {
        MutantLoader faulty = MutantLoader.of(mutant);
        BiFunction<Long, String, String> run = faulty.load(mutant.judge());
        long seed = 1;
        while (!GroupRun.isTold(seed) || run.apply(seed, mutant.judge().argument()) == null) {
            seed++;
        }
        String story = FailureStory.of(mutant, seed);
        assertThat(story)
                .as("the fault '%s' on seed %d, as a scenario", mutant, seed)
                .isNotNull();
        System.out.println("fault '" + mutant + "' on seed " + seed + ":\n" + story);
        List<String> commands = Scenario.parse(story).commands();
        String broken = faulty.load(CHECK).apply(0L, story);
        assertThat(story).startsWith("# Seed " + seed + " breaks " + broken);
        assertThat(new StoryCheck().apply(0L, story)).as("without the fault").isNull();
        assertThat(commands).as("commands of\n%s", story).hasSizeLessThanOrEqualTo(atMost);
    }
}
