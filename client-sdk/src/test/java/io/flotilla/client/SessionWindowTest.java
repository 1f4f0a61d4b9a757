package io.flotilla.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.proto.GoodbyeRequest;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.WriteRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** How long a write may be applied, what EXPIRED means, and when a session is forgotten. */
final class SessionWindowTest extends ScriptedFleetTest {
    private static final long DAY = 86_400_000;

    @Test
    void aNotAfterIsNeverMoreThanAWindowAhead() {
        done(client.put(b("a"), b("1"), Duration.ofHours(1)));
        WriteRequest write = fleet.applied.get(0);
        assertThat(write.getNotAfterMillis() - fleet.logMillis).isBetween(55_000L, 60_000L);
        assertThat(fleet.node("n1").writes()).as("taken at once").hasSize(1);
    }

    /** Nobody answers for 90 s: by then the first window is over, and the shard would still know of the lost attempt. */
    @Test
    void aLongTimeoutIsAChainOfWindows() {
        done(client.put(b("a"), b("1")));
        loseOneWrite(false);
        CompletableFuture<Long> put = client.increment(b("b"), 1, Duration.ofHours(1));
        runtime.runForMillis(90_000);
        assertThat(put).isNotDone();
        fleet.leaders.put(1L, "n2");
        assertThat(done(put)).isEqualTo(1);
        WriteRequest last = fleet.applied.get(1);
        assertThat(last.getSequence()).isEqualTo(2);
        assertThat(last.getNotAfterMillis()).isGreaterThan(fleet.logMillis);
        assertThat(fleet.applied).hasSize(2);
    }

    /** The lost attempt was applied: within the window its reply is there. */
    @Test
    void anAttemptThatWasDoneIsFoundWithinTheWindowAfterItsNotAfter() {
        done(client.put(b("a"), b("1")));
        loseOneWrite(true);
        CompletableFuture<Long> put = client.increment(b("b"), 1, Duration.ofHours(1));
        runtime.runForMillis(90_000);
        fleet.leaders.put(1L, "n2");
        assertThat(done(put)).isEqualTo(1);
        assertThat(fleet.applied).hasSize(2);
    }

    @Test
    void whatTheShardMayHaveForgottenIsUnknownIfAnAttemptWasLost() {
        done(client.put(b("a"), b("1")));
        loseOneWrite(true);
        CompletableFuture<Long> put = client.increment(b("b"), 1, Duration.ofHours(1));
        runtime.runForMillis(130_000);
        fleet.leaders.put(1L, "n2");
        indeterminate(put);
        assertThat(fleet.applied).hasSize(2);
    }

    /** A clock that was a day ahead for a moment has taken log time along; new clients guess it from the nodes' clocks. */
    @Test
    void aLogTimeADayAheadCostsAWriteOneMoreRoundTrip() {
        fleet.logMillis = fleet.wall() + DAY;
        for (int i = 1; i <= 20; i++) {
            assertThat(done(client.increment(b("a"), 1))).isEqualTo(i);
        }
        assertThat(fleet.node("n1").writes()).hasSize(21);
    }

    /** The node that greeted is a day ahead, the shard is not. */
    @Test
    void anEstimateThatIsTooHighIsCorrected() {
        fleet.wallAhead = DAY;
        for (int i = 1; i <= 20; i++) {
            assertThat(done(client.increment(b("a"), 1))).isEqualTo(i);
        }
        assertThat(fleet.node("n1").writes()).hasSize(21);
        // one write that comes before the estimate is corrected is lost: it keeps its not-after, and nobody may apply
        // it
        List<WriteRequest> writes = fleet.node("n1").writes();
        assertThat(writes.get(1).getSequence()).isEqualTo(writes.get(0).getSequence());
        assertThat(writes.get(1).getNotAfterMillis()).isLessThan(writes.get(0).getNotAfterMillis() - DAY / 2);
    }

    @Test
    void aNodeThatAlwaysFindsItTooFarIsNotAskedWithoutEnd() {
        script(request -> request.hasWrite() ? FakeFleet.refusal(Refusal.Kind.NOT_AFTER_TOO_FAR) : null);
        assertThat(refused(client.put(b("a"), b("1")))).isEqualTo(RefusedException.Reason.UNAVAILABLE);
        assertThat(fleet.node("n1").writes().size()).isLessThan(60);
    }

    /** The client's own clock runs fast, or was told wrong: what it makes of the log time that it heard is too much. */
    @Test
    void anEstimateThatRanAheadIsCorrected() {
        done(client.put(b("a"), b("1")));
        runtime.runForMillis(600_000);
        fleet.wallBehind = 500_000;
        for (int i = 1; i <= 5; i++) {
            assertThat(done(client.increment(b("b"), 1, Duration.ofHours(1)))).isEqualTo(i);
        }
        assertThat(fleet.node("n1").writes()).as("one was too far ahead").hasSize(7);
    }

    @Test
    void answersThatComeLateDoNotMakeTheEstimateFall() {
        done(client.put(b("a"), b("1")));
        long told = fleet.logMillis;
        runtime.runForMillis(3_000);
        fleet.node("n1").script = request -> {
            if (!request.hasWrite()) {
                return null;
            }
            fleet.node("n1").script = later -> null;
            Response answer = fleet.node("n1").handle(request);
            return answer.toBuilder()
                    .setWrite(answer.getWrite().toBuilder().setLogTimeMillis(told + 1))
                    .build();
        };
        done(client.put(b("b"), b("1")));
        done(client.put(b("c"), b("1")));
        assertThat(fleet.applied.get(2).getNotAfterMillis() - told).isGreaterThanOrEqualTo(5_000 + 3_000);
    }

    // ---- goodbyes ----

    @Test
    void aClientThatClosesSaysGoodbyeToEachShardItWroteTo() {
        done(client.put(b("a"), b("1")));
        done(client.put(b("h"), b("1")));
        done(client.get(b("q")));
        assertThat(fleet.sessions).hasSize(2);
        CompletableFuture<Void> closed = client.closeAsync();
        long before = runtime.millis();
        done(closed);
        assertThat(runtime.millis() - before).isLessThan(20);
        assertThat(fleet.sessions).isEmpty();
        assertThat(fleet.goodbyes).hasSize(2);
        assertThat(fleet.node("n1").streams).isEmpty();
    }

    @Test
    void aSessionWithALostOrUnansweredAttemptIsNotForgotten() {
        done(client.put(b("h"), b("1")));
        done(client.put(b("a"), b("1")));
        loseOneWrite(true);
        fleet.leaders.put(1L, "n1");
        CompletableFuture<Long> retried = client.put(b("b"), b("1"));
        runtime.runForMillis(10);
        fleet.leaders.put(1L, "n2");
        done(retried);
        fleet.node("n2").script = request -> request.hasWrite() ? FakeFleet.SILENCE : null;
        CompletableFuture<Long> open = client.put(b("i"), b("1"));
        runtime.runForMillis(10);
        done(client.closeAsync());
        indeterminate(open);
        assertThat(fleet.goodbyes).isEmpty();
        assertThat(fleet.sessions).hasSize(2);
    }

    /** The end of one operation makes room for the next one, but not for one that ends with the client. */
    @Test
    void whatWaitsForAPlaceIsNotSentWhileTheClientCloses() {
        fleet.byAddress.values().forEach(node -> node.sessionWrites = 1);
        done(client.put(b("a"), b("1")));
        script(request -> request.hasWrite() ? FakeFleet.SILENCE : null);
        CompletableFuture<Long> open = client.put(b("a"), b("1"));
        runtime.runForMillis(50);
        List<CompletableFuture<Long>> waiting = new ArrayList<>();
        for (String key : List.of("b", "c", "d")) {
            waiting.add(client.put(b(key), b("1"), Duration.ofSeconds(4)));
        }
        runtime.runForMillis(50);
        int sent = fleet.node("n1").writes().size();
        CompletableFuture<Void> closed = client.closeAsync();
        indeterminate(open);
        runtime.runForMillis(50);
        assertThat(closed).isDone();
        assertThat(fleet.node("n1").writes()).hasSize(sent);
        for (CompletableFuture<Long> each : waiting) {
            assertThat(refused(each)).isEqualTo(RefusedException.Reason.CLOSED);
        }
    }

    @Test
    void goodbyesAreWaitedForHalfASecondAtMost() {
        done(client.put(b("a"), b("1")));
        script(request -> request.hasGoodbye() ? FakeFleet.SILENCE : null);
        long before = runtime.millis();
        done(client.closeAsync());
        assertThat(runtime.millis() - before).isBetween(490L, 520L);
        assertThat(fleet.node("n1").streams).isEmpty();
        assertThat(done(client.closeAsync())).isNull();
    }

    /** The shard was divided since, and one half has moved: each of them has a copy of the session. */
    @Test
    void whereAShardIsGoneThoseThatHaveItsRangeAreTold() {
        done(client.put(b("a"), b("1")));
        fleet.nowAt.put(1L, List.of(1L, 4L));
        fleet.publish(fleet.configuration.toBuilder()
                .setNumber(2)
                .setShards(0, FakeFleet.shard(1, "", "c", 1, 2))
                .addShards(FakeFleet.shard(4, "c", "g", 2, 3))
                .build());
        runtime.runForMillis(50);
        done(client.closeAsync());
        assertThat(fleet.goodbyes)
                .extracting(goodbye -> goodbye.getShard().getId())
                .containsExactlyInAnyOrder(1L, 4L);
        assertThat(fleet.goodbyes)
                .extracting(GoodbyeRequest::getSessionLow)
                .containsOnly(fleet.applied.get(0).getSessionLow());
    }

    @Test
    void aSessionThatTheShardHasForgottenIsBegunAnew() {
        done(client.put(b("a"), b("1")));
        done(client.put(b("b"), b("1")));
        runtime.runForMillis(110_000);
        done(client.put(b("c"), b("1")));
        runtime.runForMillis(130_000);
        done(client.put(b("d"), b("1")));
        List<WriteRequest> writes = fleet.applied;
        assertThat(writes).extracting(WriteRequest::getSequence).containsExactly(1L, 2L, 3L, 1L);
        assertThat(writes.get(2).getSessionLow()).isEqualTo(writes.get(0).getSessionLow());
        assertThat(writes.get(3).getSessionLow()).isNotEqualTo(writes.get(0).getSessionLow());
    }

    /** The leader n1 gets the next write and dies with it; there is no other leader until a test makes one. */
    private void loseOneWrite(boolean applied) {
        fleet.node("n1").script = request -> {
            if (!request.hasWrite()) {
                return null;
            }
            fleet.node("n1").script = later -> null;
            if (applied) {
                fleet.node("n1").handle(request);
            }
            fleet.leaders.remove(1L);
            fleet.node("n1").crash();
            return FakeFleet.SILENCE;
        };
    }
}
