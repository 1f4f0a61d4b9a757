package io.flotilla.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.RefusedException.Reason;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.WriteRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** More to do than gets done: what is bounded, who pays for it, and that each such state ends once its cause does. */
final class JamTest extends ScriptedFleetTest {
    // ---- a session's places ----

    @ParameterizedTest
    @ValueSource(ints = {300, 512, 513, 5_000, 20_000})
    void aSessionNeverHasMoreUnacknowledgedThanItsPlacesAndNoneFails(int puts) {
        everyNode(node -> node.sessionWrites = 512);
        List<CompletableFuture<Long>> all = putAll("a", puts, Duration.ofSeconds(5));
        long before = runtime.millis();
        all.forEach(this::done);
        assertThat(fleet.applied).hasSize(puts);
        assertThat(fleet.mostKept).isLessThanOrEqualTo(512);
        assertThat(fleet.applied).extracting(WriteRequest::getSequence).isSorted();
        assertThat(requests() - puts).as("what was sent more than once").isLessThan(20);
        // 2 ms there and back for each window, and the leader to be found
        assertThat(runtime.millis() - before).isLessThan(20 + puts / 512 * 3L);
    }

    /** The first replica that is asked takes the first write, and is silent: its number comes before all others. */
    @Test
    void theWriteThatSeekedTheLeaderDoesNotHoldUpTheOthers() {
        everyNode(node -> node.sessionWrites = 64);
        for (String silent : List.of("n2", "n3")) {
            fleet.node(silent).script = request -> request.hasWrite() ? FakeFleet.SILENCE : null;
        }
        List<CompletableFuture<Long>> all = putAll("a", 10_000, Duration.ofSeconds(5));
        runtime.runForMillis(1_100);
        assertThat(all).allSatisfy(put -> assertThat(put).isCompleted());
        assertThat(fleet.mostKept).isLessThanOrEqualTo(64);
    }

    /** One write is refused again and again; others wait for its place. It goes on at the node's pace, out of no budget. */
    @Test
    void theOldestWriteOfASessionIsTriedAgainAtTheNodesPaceAndWithoutABudget() {
        everyNode(node -> node.sessionWrites = 16);
        done(client.put(b("a"), b("0")));
        int[] left = {2_500};
        List<Long> times = new ArrayList<>();
        fleet.node("n1").script = request -> {
            if (request.hasWrite() && request.getWrite().getSequence() == 2 && left[0]-- > 0) {
                times.add(runtime.millis());
                return FakeFleet.refusal(
                        Refusal.newBuilder().setKind(Refusal.Kind.BUSY).setRetryAfterMillis(1));
            }
            return null;
        };
        List<CompletableFuture<Long>> all = putAll("a", 1_000, Duration.ofSeconds(30));
        runtime.runForMillis(1_000);
        assertThat(fleet.applied).as("its session is full").hasSize(16);
        for (int i = 1; i < times.size(); i++) {
            assertThat(times.get(i) - times.get(i - 1)).isLessThan(20);
        }
        all.forEach(this::done);
        assertThat(fleet.applied).hasSize(1_001);
    }

    @Test
    void beyondTheClientsBoundOperationsAreRefusedAtOnceAndTheOthersAreDone() {
        List<CompletableFuture<Long>> all = putAll("a", 70_000, Duration.ofSeconds(5));
        runtime.runForMillis(1_000);
        int busy = 0;
        for (CompletableFuture<Long> put : all) {
            if (put.isCompletedExceptionally()) {
                assertThat(refused(put)).isEqualTo(Reason.BUSY);
                busy++;
            }
        }
        assertThat(busy).isEqualTo(70_000 - 65_536);
        assertThat(fleet.applied).hasSize(65_536);
    }

    // ---- others ----

    @ParameterizedTest
    @ValueSource(strings = {"silence", "busy", "large"})
    void aJamInOneGroupCostsAnotherOnTheSameNodeNothing(String jam) {
        fleet.leaders.put(2L, "n1");
        done(client.put(b("h"), b("1")));
        putAll("a", 4_000, Duration.ofSeconds(5)).forEach(this::done);
        fleet.node("n1").script = request -> isFor(request, 1)
                ? jam.equals("busy") ? FakeFleet.refusal(Refusal.Kind.BUSY) : FakeFleet.SILENCE
                : null;
        int stuck = jam.equals("large") ? 60 : 10_000;
        byte[] value = jam.equals("large") ? new byte[1 << 20] : b("1");
        for (int i = 0; i < stuck; i++) {
            client.put(b("a" + i), value, Duration.ofSeconds(60));
            client.get(b("b" + i), Duration.ofSeconds(60));
        }
        for (int i = 0; i < 200; i++) {
            long before = runtime.millis();
            List<CompletableFuture<Long>> all = putAll("h", 20, Duration.ofSeconds(5));
            all.forEach(this::done);
            assertThat(runtime.millis() - before).as("put " + i).isLessThanOrEqualTo(8);
            runtime.runForMillis(5);
        }
    }

    // ---- late answers and broken streams ----

    /** Answers take up to 4 s, longer than the client's patience with an attempt. It asks for one at a time once more. */
    @Test
    void answersThatAreLateCostNoFurtherRequests() {
        List<CompletableFuture<Long>> warm = putAll("a", 4_000, Duration.ofSeconds(5));
        warm.forEach(this::done);
        fleet.node("n1").perSecond = 1_000;
        int before = fleet.node("n1").requestCount;
        List<CompletableFuture<Long>> all = putAll("a", 4_000, Duration.ofSeconds(20));
        all.forEach(this::done);
        assertThat(fleet.node("n1").requestCount - before).isBetween(4_000, 4_003);
    }

    /** The leader stalls for 2 s, without a word. */
    @Test
    void aLeaderThatStalledIsNotGivenTwiceTheWork() {
        putAll("a", 4_000, Duration.ofSeconds(5)).forEach(this::done);
        fleet.node("n1").stalledUntil = runtime.millis() + 2_000;
        int before = fleet.node("n1").requestCount;
        List<CompletableFuture<Long>> all = putAll("a", 4_000, Duration.ofSeconds(5));
        all.forEach(this::done);
        assertThat(fleet.node("n1").requestCount - before).isLessThan(4_000 + 50);
        assertThat(fleet.applied).hasSize(8_000);
    }

    @Test
    void whatWasLostWithAStreamComesBackStepByStep() {
        putAll("a", 4_000, Duration.ofSeconds(5)).forEach(this::done);
        fleet.node("n1").script = request -> request.hasWrite() ? FakeFleet.SILENCE : null;
        List<CompletableFuture<Long>> all = putAll("a", 4_000, Duration.ofSeconds(5));
        runtime.runForMillis(10);
        fleet.leaders.put(1L, "n2");
        int[] unanswered = {0};
        fleet.node("n2").script = request -> {
            unanswered[0] += request.hasWrite() ? 1 : 0;
            return unanswered[0] > 1 && request.hasWrite() ? FakeFleet.SILENCE : null;
        };
        fleet.node("n1").crash();
        runtime.runForMillis(500);
        assertThat(unanswered[0]).isLessThanOrEqualTo(258);
        fleet.node("n2").script = request -> null;
        runtime.runForMillis(3_500);
        all.forEach(this::done);
        assertThat(fleet.applied).hasSize(8_000);
    }

    /** A node that has so much to do that it greets late: each try waits longer. */
    @Test
    void aNodeThatGreetsLateIsReached() {
        everyNode(node -> node.greetsAfterMillis = 1_700);
        done(client.put(b("a"), b("1"), Duration.ofSeconds(10)));
    }

    // ---- overload and its end ----

    /** Twice what the leader gets done, for 30 s, then half of it; operations come at a steady rate, whatever becomes of them. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void afterAnOverloadAllIsAsBeforeWithinFiveSeconds(boolean busy) {
        AsyncFlotillaClient bounded = new AsyncFlotillaClient(
                ClientConfig.of("n1:1,n2:1,n3:1").withMaxInFlight(2_048, 64 << 20), fleet, runtime);
        everyNode(node -> {
            node.sessionWrites = 512;
            node.records = false;
            node.perSecond = 2_000;
            node.mostQueued = busy ? 100 : Integer.MAX_VALUE;
        });
        Load load = new Load(bounded);
        load.run(1_000, 100);
        load.reset();
        load.run(1_000, 2_000);
        load.check("before", 2_000, 0, 10);
        load.run(4_000, 25_000);
        load.reset();
        load.run(4_000, 5_000);
        assertThat(load.done).as("of 10,000 that can be done").isGreaterThan(7_500);
        load.run(1_000, 5_000);
        load.reset();
        int requests = requests();
        load.run(1_000, 5_000);
        load.check("after", 5_000, 0, 10);
        assertThat(requests() - requests).isLessThan(5_100);
        assertThat(fleet.mostKept).isLessThanOrEqualTo(512);
    }

    /** The same with a deadline that is shorter than what waits: not everything is done too late. */
    @Test
    void whatIsDoneUnderOverloadIsDoneInTime() {
        AsyncFlotillaClient bounded = new AsyncFlotillaClient(
                ClientConfig.of("n1:1,n2:1,n3:1")
                        .withMaxInFlight(15_000, 64 << 20)
                        .withTimeout(Duration.ofSeconds(2)),
                fleet,
                runtime);
        everyNode(node -> {
            node.records = false;
            node.perSecond = 2_000;
            node.sessionWrites = 2_048;
        });
        Load load = new Load(bounded);
        load.run(6_000, 5_000);
        load.reset();
        load.run(6_000, 5_000);
        assertThat(load.done).as("of 10,000 that can be done").isGreaterThan(7_500);
        load.run(1_000, 5_000);
        load.reset();
        load.run(1_000, 2_000);
        load.check("after", 2_000, 0, 10);
    }

    /** An election takes most of the time that there is; then answers are fast, and what waited is done. */
    @Test
    void oneLateAnswerAfterAnElectionIsNoReasonToRefuseWhatWaits() {
        fleet.leaders.remove(1L);
        List<CompletableFuture<Long>> all = putAll("a", 10_000, Duration.ofSeconds(5));
        runtime.runForMillis(100);
        fleet.node("n1").stalledUntil = runtime.millis() + 2_800;
        fleet.leaders.put(1L, "n1");
        all.forEach(this::done);
        assertThat(fleet.applied).hasSize(10_000);
    }

    @Test
    void oneStallIsNoReasonToRefuseWhatWaits() {
        putAll("a", 4_000, Duration.ofSeconds(5)).forEach(this::done);
        fleet.node("n1").stalledUntil = runtime.millis() + 2_500;
        List<CompletableFuture<Long>> all = putAll("a", 20_000, Duration.ofSeconds(5));
        all.forEach(this::done);
        assertThat(fleet.applied).hasSize(24_000);
    }

    /**
     * A program with nearly as much in flight as the client takes, and the next at once for each that is over, of a leader that does
     * little at first, then 20,000 a second. What the leader does is in time also while it does little; and with 20,000 a second each
     * takes 3.3 s of the 5 s that it has, so none is refused and none is late.
     */
    @Test
    void aProgramWithManyInFlightGetsWhatASlowLeaderDoesAndAllOnceItIsFast() {
        FakeFleet.FakeNode leader = fleet.node("n1");
        leader.records = false;
        leader.perSecond = 900;
        Closed load = new Closed();
        load.begin(65_000);
        runtime.runForMillis(5_000);
        load.reset();
        runtime.runForMillis(6_000);
        assertThat(load.done).as("of 5,400 that can be done").isGreaterThan(4_500);
        leader.perSecond = 20_000;
        runtime.runForMillis(3_000);
        load.reset();
        runtime.runForMillis(6_000);
        assertThat(load.failures).isEmpty();
        assertThat(load.done).isBetween(119_000, 121_000);
    }

    /** So many puts under way at any time. */
    private final class Closed {
        final Map<String, Integer> failures = new TreeMap<>();
        int number;
        int done;

        void begin(int count) {
            for (int i = 0; i < count; i++) {
                next();
            }
        }

        private void next() {
            number++;
            client.put(b("a" + number % 1_000), b("1")).whenComplete((version, failure) -> {
                if (failure == null) {
                    done++;
                } else {
                    failures.merge(failure.getMessage().replaceAll("[0-9]+", "#"), 1, Integer::sum);
                }
                next();
            });
        }

        void reset() {
            done = 0;
            failures.clear();
        }
    }

    /** Puts at a steady rate, to keys of shard 1. */
    private final class Load {
        final AsyncFlotillaClient to;
        final Map<String, Integer> failures = new TreeMap<>();
        int number;
        int done;
        long slowest;

        Load(AsyncFlotillaClient to) {
            this.to = to;
        }

        void run(int perSecond, int millis) {
            for (int i = 0; i < millis; i++) {
                for (int n = 0; n < perSecond / 1_000; n++) {
                    long since = runtime.millis();
                    number++;
                    to.put(b("a" + number % 1_000), b("1")).whenComplete((version, failure) -> {
                        if (failure == null) {
                            done++;
                            slowest = Math.max(slowest, runtime.millis() - since);
                        } else {
                            failures.merge(failure.getClass().getSimpleName(), 1, Integer::sum);
                        }
                    });
                }
                runtime.runForMillis(1);
            }
        }

        void reset() {
            done = 0;
            slowest = 0;
            failures.clear();
        }

        void check(String when, int expected, int failed, long slow) {
            assertThat(failures.values().stream().mapToInt(n -> n).sum())
                    .as(when + ": failures " + failures)
                    .isEqualTo(failed);
            assertThat(done).as(when + ": done").isBetween(expected - 50, expected + 50);
            assertThat(slowest).as(when + ": the slowest, in ms").isLessThanOrEqualTo(slow);
        }
    }

    private List<CompletableFuture<Long>> putAll(String prefix, int count, Duration timeout) {
        List<CompletableFuture<Long>> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(client.put(b(prefix + i), b("1"), timeout));
        }
        return all;
    }

    private void everyNode(java.util.function.Consumer<FakeFleet.FakeNode> change) {
        fleet.byAddress.values().forEach(change);
    }

    private int requests() {
        return fleet.byAddress.values().stream()
                .mapToInt(node -> node.requestCount)
                .sum();
    }

    private static boolean isFor(Request request, long group) {
        return request.getWrite().getShard().getGroup() == group
                || request.getRead().getShard().getGroup() == group;
    }
}
