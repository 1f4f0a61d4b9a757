package io.flotilla.raft.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.mutant.Judge;
import io.flotilla.raft.scenario.FailureScenario;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class GroupSimulationTest {
    /** What {@link MembershipOwner} must have met, or the runs say nothing about it. */
    private static final List<String> MUST_HAPPEN = List.of(
            "peers up",
            "peers down",
            "leaders told",
            "changes made",
            "changes of several nodes made",
            "leaders removed",
            "replicas ordered",
            "replicas dropped when told",
            "replicas kept out by tombstones",
            "orders to drop a member refused");

    private static final List<String> GUARDED_MUST_HAPPEN = List.of(
            "guarded entries applied",
            "guarded commands refused",
            "entries held back",
            "entries held back without a way out");

    private record Run(
            long seed,
            String summary,
            long virtualNanos,
            long events,
            long installs,
            long leasedReads,
            long transfers,
            Coverage coverage) {}

    @Test
    @Timeout(value = 1, unit = TimeUnit.DAYS)
    void noSeedBreaksAnInvariant() throws InterruptedException {
        long first = Long.getLong("flotilla.seed", Long.getLong("flotilla.firstSeed", 1));
        long count = System.getProperty("flotilla.seed") != null ? 1 : Long.getLong("flotilla.seeds", 30);
        Coverage coverage = new Coverage();
        List<Run> runs = new ArrayList<>();
        long start = System.nanoTime();
        SeedRuns.of(first, count, GroupSimulationTest::run, run -> {
            System.out.println("seed " + run.seed + ": " + run.summary);
            runs.add(run);
            coverage.addAll(run.coverage);
        });
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.println(coverage);
        double virtualSeconds = sum(runs, Run::virtualNanos) / 1e9;
        long events = sum(runs, Run::events);
        System.out.printf(
                "%,d seeds, %,.0f virtual seconds in %,.0f real ones: %,.0f to 1; %,d events, %,.0f a second%n",
                count, virtualSeconds, seconds, virtualSeconds / seconds, events, events / seconds);
        if (count >= 10) {
            for (String met : MUST_HAPPEN) {
                assertThat(coverage.of(met)).as(met).isPositive();
            }
            assertThat(sum(runs, Run::installs)).as("snapshots taken over").isGreaterThan(3 * count);
            assertThat(sum(runs, Run::leasedReads)).as("reads under a lease").isGreaterThan(500 * count);
            assertThat(sum(runs, Run::transfers)).as("leaderships transferred").isGreaterThan(count / 3);
        }
    }

    /** Each replica appends what it holds and no more, and no group stands still for good because some don't hold it yet. */
    @Test
    @Timeout(value = 1, unit = TimeUnit.DAYS)
    void guardedEntriesBreakNone() throws InterruptedException {
        long first = Long.getLong("flotilla.seed", Long.getLong("flotilla.firstSeed", 1));
        long count = System.getProperty("flotilla.seed") != null ? 1 : Long.getLong("flotilla.seeds", 12);
        Coverage coverage = new Coverage();
        long[] installs = new long[1];
        SeedRuns.of(first, count, GroupSimulationTest::runGuarded, run -> {
            System.out.println("seed " + run.seed + ", guarded entries: " + run.summary);
            coverage.addAll(run.coverage);
            installs[0] += run.installs;
        });
        System.out.println(coverage);
        if (count >= 10) {
            for (String met : GUARDED_MUST_HAPPEN) {
                assertThat(coverage.of(met)).as(met).isGreaterThan(count);
            }
            assertThat(installs[0]).as("snapshots taken over").isGreaterThan(3 * count);
        }
    }

    private static long sum(List<Run> runs, ToLongFunction<Run> of) {
        return runs.stream().mapToLong(of).sum();
    }

    private static Run run(long seed) {
        return run(seed, new GroupSimulation(seed), "noSeedBreaksAnInvariant", () -> scenario(seed));
    }

    private static Run runGuarded(long seed) {
        return run(seed, GroupSimulation.guarded(seed), "guardedEntriesBreakNone", () -> "");
    }

    private static Run run(long seed, GroupSimulation simulation, String test, Supplier<String> scenario) {
        try {
            simulation.run(GroupRun.SECONDS);
        } catch (SimFailure e) {
            throw new AssertionError(
                    String.format(
                            "seed %d, at %.6f s of virtual time: %s%nreplay: mvn -q -pl raft-group -am test"
                                    + " -Dtest=GroupSimulationTest#%s -Dflotilla.seed=%d"
                                    + " -Dsurefire.failIfNoSpecifiedTests=false%n%s",
                            seed, e.nanos() / 1e9, e.getMessage(), test, seed, scenario.get()),
                    e);
        }
        return new Run(
                seed,
                simulation.summary(),
                simulation.virtualNanos(),
                simulation.events(),
                simulation.installs(),
                simulation.leasedReads(),
                simulation.transfers(),
                simulation.coverage());
    }

    /** The failure as a scenario, in a file and in words. */
    private static String scenario(long seed) {
        String scenario;
        try {
            scenario = FailureScenario.of(Judge.CHANGES, seed);
        } catch (RuntimeException | AssertionError e) {
            return "it can't be told as a scenario: " + e; // and that must not hide the failure
        }
        if (scenario == null) {
            return "the cores alone don't show it, so there is no scenario of it";
        }
        Path file = Path.of("target", "scenarios", "group-simulation-seed-" + seed + ".txt");
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(file, scenario);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        boolean isLong = scenario.length() > 20_000;
        return "as a scenario, in " + file + (isLong ? ", which is long" : ":\n" + scenario);
    }

    @Test
    void aSeedIsReplayedEventByEvent() {
        GroupSimulation one = new GroupSimulation(7);
        one.run(20);
        GroupSimulation again = new GroupSimulation(7);
        again.run(20);
        GroupSimulation other = new GroupSimulation(8);
        other.run(20);
        assertThat(again.trace()).isEqualTo(one.trace()).isNotEqualTo(other.trace());
    }
}
