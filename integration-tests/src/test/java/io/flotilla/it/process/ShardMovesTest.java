package io.flotilla.it.process;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * Shards move between groups of real processes that are killed and paused, while clients read and write.
 *
 * <p>By default some of each; {@code -Dflotilla.moves=full} is all of it.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class ShardMovesTest {
    static final boolean FULL = System.getProperty("flotilla.moves", "").equals("full");

    /** Each keeps a majority on n4 and n5. */
    private static final List<List<String>> GROUPS = List.of(List.of("n1", "n4", "n5"), List.of("n2", "n4", "n5"));

    private static final long SHARD = 1;

    @TempDir
    private static Path directory;

    private static MovingFleet fleet;

    @BeforeAll
    static void start() throws Exception {
        fleet = MovingFleet.five(directory, 8);
    }

    @AfterAll
    static void stop() {
        if (fleet != null) {
            fleet.close();
        }
    }

    /** Runs it while writers write; then all that they wrote must be there, once. */
    private interface Scenario {
        void run(ModelWriters writers) throws Exception;
    }

    private static void underLoad(String name, long preloaded, Scenario scenario) throws Exception {
        try (ModelWriters writers =
                new ModelWriters(fleet.async(), name, 16, Duration.ofMillis(20), MovingFleet.PATIENCE)) {
            writers.preload(preloaded, 1_000);
            writers.start();
            scenario.run(writers);
            writers.stop();
            writers.check();
            System.out.println(name + ": " + writers.summary());
            ModelWriters.deleteAll(fleet.async());
        }
    }

    @Test
    void whoeverLeadsIsKilledAtEachStepOfAMove() throws Exception {
        List<Long> groups = fleet.onlyGroups(GROUPS);
        List<CrashMatrix.Cell> all = CrashMatrix.allCells();
        List<CrashMatrix.Cell> cells = new ArrayList<>();
        for (int i = 0; i < all.size(); i += FULL ? 1 : 16) {
            cells.add(all.get(i));
        }
        underLoad("crash matrix", 1 << 20, writers -> new CrashMatrix(fleet, groups, SHARD).run(cells, writers));
    }

    @Test
    void withoutAControllerMovesGoOnAsFarAsAdopt() throws Exception {
        List<Long> groups = fleet.onlyGroups(GROUPS);
        underLoad(
                "three of five killed",
                FULL ? 64 << 20 : 1 << 20,
                writers -> new HalfOfTheFleet(fleet, groups, writers).threeOfFiveAreKilledInMidMove());
    }

    @Test
    @EnabledIfSystemProperty(named = "flotilla.moves", matches = "full")
    void aControllerThatSleepsOverMovesDisturbsNobodyWhenItAwakes() throws Exception {
        List<Long> groups = fleet.onlyGroups(GROUPS);
        underLoad(
                "controller paused",
                FULL ? 64 << 20 : 1 << 20,
                writers -> new HalfOfTheFleet(fleet, groups, writers).theControllersLeaderIsPausedInMidMove());
    }

    @Test
    void clientsSeeNothingOfAShardThatGoesThereAndBack() throws Exception {
        ThereAndBack shard = new ThereAndBack(fleet, fleet.onlyGroups(GROUPS));
        shard.moneyIsNeitherLostNorMade(FULL ? 50 : 2);
        shard.aClientThatSleepsOverTwoMovesWritesOnce(Duration.ofSeconds(FULL ? 150 : 1));
        shard.anIncrementWhoseAnswerWasLostIsMadeOnce();
    }

    @TestFactory
    List<DynamicTest> labTests() {
        List<DynamicTest> tests = new ArrayList<>();
        new LabSuite(fleet, GROUPS, FULL).tests().forEach((name, test) -> {
            if (FULL || name.equals("TestProgressJoin5A")) {
                tests.add(DynamicTest.dynamicTest(name, () -> {
                    test.run();
                    ModelWriters.deleteAll(fleet.async());
                }));
            }
        });
        return tests;
    }
}
