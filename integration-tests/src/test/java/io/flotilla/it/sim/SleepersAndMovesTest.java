package io.flotilla.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.AsyncFlotillaClient;
import io.flotilla.client.IndeterminateException;
import io.flotilla.client.RefusedException;
import io.flotilla.raft.sim.SeedRuns;
import io.flotilla.raft.sim.SimRuntime;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a client has asked before it slept, or before its answer was lost, is done once, whoever has the shard by then. */
class SleepersAndMovesTest {
    private static final int SEEDS = 24;
    private static final byte[] KEY = Keys.bytes("\u0010counter");
    private static final long SHARD = 1;
    private static final Duration LONG = Duration.ofMinutes(20);
    private static final Duration SHORT = Duration.ofSeconds(20);

    @Test
    @Timeout(value = 1, unit = TimeUnit.DAYS)
    void aClientThatSleepsForMinutesOverTwoMovesIsTakenByOneOwnerOnly() throws Exception {
        Map<String, Integer> outcomes = new TreeMap<>();
        SeedRuns.of(
                Long.getLong("flotilla.firstSeed", 1),
                Long.getLong("flotilla.seeds", SEEDS),
                SleepersAndMovesTest::sleepOverTwoMoves,
                outcome -> outcomes.merge(outcome, 1, Integer::sum));
        System.out.println("what a client was told that slept over two moves: " + outcomes);
        assertThat(outcomes.keySet()).anyMatch(outcome -> outcome.startsWith("done"));
    }

    private static String sleepOverTwoMoves(long seed) {
        ScriptedFleet fleet = new ScriptedFleet(seed, seed % 2 == 0 ? 3 : 6);
        AsyncFlotillaClient other = fleet.client(fleet.runtime("other"), SHORT);
        SimRuntime place = fleet.runtime("sleeper");
        AsyncFlotillaClient sleeper = fleet.client(place, LONG);
        assertThat(fleet.value(sleeper.increment(KEY, 1, LONG))).isEqualTo(1);
        // its first attempt arrives before the moves, or, as the network holds it back, between them or after them, or
        // is lost
        int held = fleet.random.nextInt(3);
        if (held > 0) {
            fleet.nodes().forEach(node -> fleet.network.cut("sleeper", node));
        }
        CompletableFuture<Long> asked = sleeper.increment(KEY, 100, LONG);
        fleet.run(fleet.random.nextLong(6 * ScriptedFleet.MILLI));
        place.pause((30 + fleet.random.nextInt(270)) * ScriptedFleet.SECOND);
        fleet.move(SHARD, 2);
        fleet.awaitMoves(120);
        if (held == 1) {
            fleet.nodes().forEach(node -> fleet.network.heal("sleeper", node));
        }
        fleet.run(fleet.random.nextLong(2 * ScriptedFleet.SECOND));
        long between = fleet.value(other.increment(KEY, 1, SHORT));
        fleet.move(SHARD, 1);
        fleet.awaitMoves(120);
        fleet.nodes().forEach(node -> fleet.network.heal("sleeper", node));
        fleet.await("the sleeper wakes", 400, () -> !place.isPaused());
        fleet.await("the sleeper is answered", 60, asked::isDone);
        long end = fleet.value(other.increment(KEY, 1, SHORT)) - 3;
        assertThat(fleet.shard(SHARD).getEpoch()).isEqualTo(3);
        String told = outcome(asked);
        assertThat(end).as("seed %d: %s", seed, told).isIn(0L, 100L);
        if (told.equals("done")) {
            assertThat(end).as("seed %d", seed).isEqualTo(100);
            assertThat(asked.join()).as("seed %d", seed).isIn(101L, 102L, 103L);
        } else if (told.equals("never")) {
            assertThat(end).as("seed %d", seed).isZero();
        }
        return told + (between > 100 ? ", before the second move" : end > 0 ? ", after it" : ", not at all");
    }

    private static String outcome(CompletableFuture<Long> asked) {
        try {
            asked.join();
            return "done";
        } catch (CompletionException e) {
            assertThat(e.getCause()).isInstanceOfAny(IndeterminateException.class, RefusedException.class);
            return e.getCause() instanceof IndeterminateException ? "unknown" : "never";
        }
    }

    @Test
    @Timeout(value = 1, unit = TimeUnit.DAYS)
    void anIncrementWhoseAnswerWasLostIsAppliedOnceAcrossALeadersDeathAndAMove() throws Exception {
        SeedRuns.of(
                Long.getLong("flotilla.firstSeed", 1),
                Long.getLong("flotilla.seeds", SEEDS),
                SleepersAndMovesTest::loseTheAnswer,
                done -> {});
    }

    private static String loseTheAnswer(long seed) {
        ScriptedFleet fleet = new ScriptedFleet(seed, seed % 2 == 0 ? 3 : 6);
        AsyncFlotillaClient other = fleet.client(fleet.runtime("other"), SHORT);
        AsyncFlotillaClient client = fleet.client(fleet.runtime("client"), LONG);
        assertThat(fleet.value(client.increment(KEY, 1, LONG))).isEqualTo(1);
        fleet.nodes().forEach(node -> fleet.network.cut(node, "client"));
        CompletableFuture<Long> asked = client.increment(KEY, 100, LONG);
        fleet.await(
                "the increment is done",
                20,
                () -> fleet.value(other.get(KEY, SHORT))
                        .map(found -> Keys.text(found.value()).equals("101"))
                        .orElse(false));
        boolean killedFirst = fleet.random.nextBoolean();
        if (killedFirst) {
            fleet.crash(fleet.leaderOf(1), fleet.random.nextLong(8 * ScriptedFleet.SECOND));
        }
        fleet.move(SHARD, 2);
        if (!killedFirst) {
            fleet.run(fleet.random.nextLong(2 * ScriptedFleet.SECOND));
            String leader = fleet.leaderOf(1 + fleet.random.nextInt(2));
            if (leader != null) {
                fleet.crash(leader, fleet.random.nextLong(8 * ScriptedFleet.SECOND));
            }
        }
        fleet.await("the shard has moved", 60, () -> fleet.shard(SHARD).getGroup() == 2);
        assertThat(asked).as("seed %d", seed).isNotDone();
        fleet.nodes().forEach(node -> fleet.network.heal(node, "client"));
        assertThat(fleet.value(asked)).as("seed %d", seed).isEqualTo(101);
        assertThat(fleet.value(other.increment(KEY, 1, SHORT)))
                .as("seed %d", seed)
                .isEqualTo(102);
        return "";
    }
}
