package io.flotilla.raft.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.mutant.Judge;
import io.flotilla.raft.mutant.Mutant;
import io.flotilla.raft.mutant.MutantLoader;
import io.flotilla.raft.mutant.Patch;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;

/** A seed on which a deliberate fault shows becomes a short scenario: broken with the fault, and only with it. */
class FailureScenarioTest {
    private static final String CORE = "raft-group/src/main/java/io/flotilla/raft/core/";

    private static final Judge CHECK = new Judge(ScenarioCheck.class.getName(), "", 1, "scenario");

    @Test
    void aLateAppendThatCuts() throws Exception {
        check(
                Mutant.of(
                        "SL-38",
                        "late append cuts a matching suffix",
                        Judge.GROUP,
                        new Patch(
                                CORE + "ReplicaState.java",
                                "if (log.termAt(index) == entry.term()) {",
                                "if (log.termAt(index) == entry.term() && entry != entries.get(entries.size() - 1)) {")),
                60);
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
                40);
    }

    @Test
    void theNewHalfOfAJointMembershipCommitsAlone() throws Exception {
        check(
                Mutant.of(
                        "joint quorums",
                        "of a joint membership the new half alone commits",
                        Judge.CHANGES,
                        new Patch(
                                CORE + "quorum/Joint.java",
                                "return membership.isJoint() ? Math.min(reached, Majority.reachedValue(membership.outgoing(), value)) : reached;",
                                "return reached;")),
                40);
    }

    @Test
    void aChangeWhileAnotherIsUnderWay() throws Exception {
        check(
                Mutant.of(
                        "memberships",
                        "a change begins while another is under way",
                        Judge.CHANGES,
                        new Patch(CORE + "Leader.java", "|| !replica.isMembershipCommitted()\n", "\n")),
                40);
    }

    @Test
    void aSnapshotWithAMembershipOfLater() throws Exception {
        check(
                Mutant.of(
                        "memberships",
                        "a snapshot has the newest membership, not the one at its end",
                        Judge.CHANGES,
                        new Patch(
                                CORE + "RaftCore.java",
                                "return replica.memberships.at(index);",
                                "return replica.memberships.latest().membership();")),
                30);
    }

    /** The fault is the host's: the scenario's own does it right, and its cores show nothing. */
    @Test
    void whatTheCoresAloneDoNotShow() throws Exception {
        Mutant mutant = Mutant.of(
                "memberships",
                "a replica is created though its tombstone forbids it",
                Judge.CHANGES,
                new Patch(
                        "raft-group/src/main/java/io/flotilla/raft/host/RaftHost.java",
                        "group.joined() <= tombstone.removedAt()",
                        "group.joined() < 0"));
        assertThat(FailureScenario.of(mutant, firstSeed(MutantLoader.of(mutant), mutant)))
                .isNull();
    }

    /** Else a scenario might break for another reason than the run. */
    @Test
    void aRunInWhichNothingIsWrongIsToldAsItWas() throws Exception {
        Judge teller = new Judge(WholeScenario.class.getName(), ShortestScenario.nameOf(Judge.CHANGES), 1, "scenario");
        BiFunction<Long, String, String> whole =
                MutantLoader.tapped(Mutant.of("", "none", Judge.CHANGES)).load(teller);
        for (long seed = 1; seed <= 3; seed++) {
            assertThat(whole.apply(seed, teller.argument()))
                    .as("what the scenario of seed %d has otherwise", seed)
                    .isNull();
        }
    }

    private static long firstSeed(MutantLoader faulty, Mutant mutant) throws Exception {
        return firstSeed(faulty, mutant, 1);
    }

    private static long firstSeed(MutantLoader faulty, Mutant mutant, long from) throws Exception {
        BiFunction<Long, String, String> run = faulty.load(mutant.judge());
        long seed = from;
        while (run.apply(seed, mutant.judge().argument()) == null) {
            seed++;
        }
        return seed;
    }

    private static void check(Mutant mutant, int atMost) throws Exception {
        MutantLoader faulty = MutantLoader.of(mutant);
        long seed = 0;
        String scenario = null;
        int commands = Integer.MAX_VALUE;
        // not every run can be told: in some the host, or who reads, has a part in the failure; and some have no short
        // scenario
        for (int tries = 0; tries < 4 && commands > atMost; tries++) {
            seed = firstSeed(faulty, mutant, seed + 1);
            scenario = FailureScenario.of(mutant, seed);
            commands = scenario == null
                    ? Integer.MAX_VALUE
                    : Scenario.parse(scenario).commands().size();
        }
        assertThat(scenario)
                .as("the fault '%s' on seed %d, as a scenario", mutant, seed)
                .isNotNull();
        System.out.println("fault '" + mutant + "' on seed " + seed + ":\n" + scenario);
        String broken = faulty.load(CHECK).apply(0L, scenario);
        assertThat(scenario).startsWith("# Seed " + seed + " breaks " + broken);
        assertThat(new ScenarioCheck().apply(0L, scenario))
                .as("without the fault")
                .isNull();
        assertThat(commands).as("commands of\n%s", scenario).isLessThanOrEqualTo(atMost);
    }
}
