package io.flotilla.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.RefusedException.Reason;
import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.WriteRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How operations end: done, refused or unknown, and within which bounds. */
final class OutcomesTest extends ScriptedFleetTest {
    @ParameterizedTest
    @EnumSource(
            value = Refusal.Kind.class,
            names = {"NOT_LEADER", "STALE_ROUTE", "BUSY", "UNAVAILABLE", "EXPIRED"})
    void whatIsAlwaysRefusedEndsRefused(Refusal.Kind kind) {
        script(request -> request.hasWrite() || request.hasRead() ? FakeFleet.refusal(kind) : null);
        RefusedException write = refusal(client.put(b("a"), b("1")));
        assertThat(write.reason()).isEqualTo(kind == Refusal.Kind.BUSY ? Reason.BUSY : Reason.UNAVAILABLE);
        assertThat(write.getMessage()).contains("scripted");
        assertThat(refused(client.get(b("a")))).isIn(Reason.UNAVAILABLE, Reason.BUSY);
    }

    @ParameterizedTest
    @EnumSource(
            value = Refusal.Kind.class,
            names = {"INDETERMINATE", "UNKNOWN"})
    void whatMayBeDoneEndsIndeterminateForWritesOnly(Refusal.Kind kind) {
        script(request -> request.hasWrite() || request.hasRead() ? FakeFleet.refusal(kind) : null);
        indeterminate(client.put(b("a"), b("1")));
        assertThat(refused(client.get(b("a")))).isEqualTo(Reason.UNAVAILABLE);
    }

    @Test
    void aMaybeThatTheRetryAnswersIsDone() {
        done(client.put(b("a"), b("1")));
        List<Request> seen = new ArrayList<>();
        script(request -> {
            if (request.hasWrite() && seen.isEmpty()) {
                seen.add(request);
                return FakeFleet.refusal(Refusal.Kind.INDETERMINATE);
            }
            return null;
        });
        assertThat(done(client.put(b("a"), b("2")))).isEqualTo(2);
        assertThat(fleet.applied.get(1).getSequence())
                .isEqualTo(seen.get(0).getWrite().getSequence());
    }

    @Test
    void oneLostAttemptAmongRefusalsIsIndeterminate() {
        done(client.put(b("a"), b("1")));
        fleet.node("n1").script = request -> {
            if (request.hasWrite()) {
                fleet.node("n1").crash();
                fleet.leaders.remove(1L);
                return FakeFleet.SILENCE;
            }
            return null;
        };
        indeterminate(client.put(b("a"), b("2")));
    }

    @Test
    void anUnansweredWriteEndsIndeterminateAtItsDeadlineAndAReadRefused() {
        script(request -> request.hasWrite() || request.hasRead() ? FakeFleet.SILENCE : null);
        long before = runtime.millis();
        indeterminate(client.put(b("a"), b("1"), Duration.ofMillis(2500)));
        assertThat(runtime.millis() - before).isBetween(2500L, 2510L);
        assertThat(refused(client.get(b("a")))).isEqualTo(Reason.UNAVAILABLE);
        // the number that never got its answer no longer holds up the session
        script(request -> null);
        done(client.put(b("a"), b("1")));
        WriteRequest last = fleet.applied.get(0);
        assertThat(last.getFirstUnacknowledged()).isEqualTo(last.getSequence());
    }

    @Test
    void invalidEndsAtOnce() {
        script(request -> request.hasWrite() ? FakeFleet.refusal(Refusal.Kind.INVALID) : null);
        long before = runtime.millis();
        assertThat(refused(client.put(b("a"), b("1")))).isEqualTo(Reason.INVALID);
        assertThat(runtime.millis() - before).isLessThan(50);
    }

    /** A node of another version may find wrong what one that is gone has done. */
    @Test
    void invalidAfterALostAttemptDoesNotMeanThatNothingWasDone() {
        done(client.put(b("a"), b("1")));
        fleet.node("n1").script = request -> {
            if (!request.hasWrite()) {
                return null;
            }
            fleet.node("n1").script = later -> null;
            fleet.node("n1").handle(request);
            fleet.leaders.put(1L, "n2");
            fleet.node("n1").crash();
            return FakeFleet.SILENCE;
        };
        fleet.node("n2").script = request -> request.hasWrite() ? FakeFleet.refusal(Refusal.Kind.INVALID) : null;
        indeterminate(client.increment(b("b"), 1));
        assertThat(fleet.store.get(s("b"))).as("it was done").isEqualTo(s("1"));
    }

    @Test
    void withNobodyInReachNothingWasSent() {
        fleet.byAddress.values().forEach(node -> node.up = false);
        RefusedException refused = refusal(client.put(b("a"), b("1")));
        assertThat(refused.reason()).isEqualTo(Reason.TIMEOUT_BEFORE_SEND);
        assertThat(refused.getMessage()).contains("n1:1: connection refused");
        // the breaks between tries grow to half a second
        assertThat(fleet.connects.size()).isBetween(15, 120);
    }

    @Test
    void busyIsObeyed() {
        done(client.put(b("a"), b("1")));
        List<Long> times = new ArrayList<>();
        fleet.node("n1").script = request -> {
            if (!request.hasWrite()) {
                return null;
            }
            times.add(runtime.millis());
            return times.size() < 3
                    ? FakeFleet.refusal(
                            Refusal.newBuilder().setKind(Refusal.Kind.BUSY).setRetryAfterMillis(200))
                    : null;
        };
        done(client.put(b("a"), b("2")));
        assertThat(times.get(1) - times.get(0)).isGreaterThanOrEqualTo(200);
        assertThat(times.get(2) - times.get(1)).isGreaterThanOrEqualTo(200);
    }

    /** A node without room never gets the bytes: not even of those that wait, one after the other, until there is some. */
    @Test
    void onlyTheFirstPartOfALargeRequestIsSentUntilTheNodeTakesIt() {
        done(client.put(b("a"), b("1")));
        for (String id : List.of("n1", "n2", "n3")) {
            fleet.node(id).busyParts = 3;
        }
        byte[] value = new byte[1 << 20];
        value[12345] = 7;
        assertThat(done(client.put(b("a"), value))).isEqualTo(2);
        assertThat(done(client.get(b("a"))).orElseThrow().value()).isEqualTo(value);
        int all = 0;
        Set<String> requests = new TreeSet<>();
        for (String id : List.of("n1", "n2", "n3")) {
            for (ClientFrame frame : fleet.node(id).frames) {
                if (frame.hasPart()) {
                    all++;
                    requests.add(id + "-" + frame.getPart().getId());
                }
            }
        }
        assertThat(requests).hasSize(3 + 1);
        assertThat(all).isEqualTo(3 + 9);
    }

    @Test
    void beyondTheBoundsOperationsAreRefusedAsBusyAndLaterWelcomeAgain() {
        AsyncFlotillaClient small =
                new AsyncFlotillaClient(ClientConfig.of("n1:1").withMaxInFlight(2, Limits.BATCH_BYTES), fleet, runtime);
        CompletableFuture<Long> first = small.put(b("a"), b("1"));
        CompletableFuture<Long> second = small.put(b("b"), b("1"));
        assertThat(refused(small.put(b("c"), b("1")))).isEqualTo(Reason.BUSY);
        done(first);
        done(second);
        List<CompletableFuture<Long>> large = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            large.add(small.put(b("a"), new byte[1 << 20]));
        }
        large.forEach(this::done);
        AsyncFlotillaClient thin = new AsyncFlotillaClient(
                ClientConfig.of("n1:1").withMaxInFlight(100, Limits.BATCH_BYTES), fleet, runtime);
        for (int i = 0; i < 3; i++) {
            large.add(thin.put(b("a"), new byte[1 << 20]));
        }
        assertThat(refused(thin.put(b("a"), new byte[1 << 20]))).isEqualTo(Reason.BUSY);
        large.forEach(this::done);
        done(thin.put(b("a"), new byte[1 << 20]));
    }

    @Test
    void aNodeNeverHasMoreUnansweredThanItTakes() {
        List<CompletableFuture<Long>> before = new ArrayList<>();
        for (int i = 0; i < 4_000; i++) {
            before.add(client.put(b("a" + i), b("0")));
        }
        before.forEach(this::done);
        int[] arrived = {0};
        fleet.node("n1").script = request -> {
            arrived[0]++;
            return FakeFleet.SILENCE;
        };
        List<CompletableFuture<Long>> all = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            all.add(client.put(b("a" + i), b("1")));
        }
        runtime.runForMillis(500);
        assertThat(arrived[0]).isBetween(4000, 4096);
        fleet.leaders.put(1L, "n2");
        fleet.node("n1").crash();
        all.forEach(this::done);
        assertThat(fleet.applied).hasSize(14_000);
    }

    @Test
    void closeEndsEverythingByWhatIsKnown() {
        done(client.put(b("a"), b("1")));
        script(request -> request.hasWrite() ? FakeFleet.SILENCE : null);
        CompletableFuture<Long> sent = client.put(b("a"), b("2"));
        fleet.leaders.remove(2L);
        runtime.runForMillis(10);
        client.close();
        CompletableFuture<Long> late = client.put(b("a"), b("3"));
        indeterminate(sent);
        assertThat(refused(late)).isEqualTo(Reason.CLOSED);
        assertThat(fleet.byAddress.values())
                .allSatisfy(node -> assertThat(node.streams).isEmpty());
    }

    @Test
    void theSameSeedGivesTheSameTraffic() {
        List<List<Request>> runs = new ArrayList<>();
        for (int run = 0; run < 2; run++) {
            ManualRuntime time = new ManualRuntime(42);
            FakeFleet nodes = new FakeFleet(time);
            AsyncFlotillaClient one = new AsyncFlotillaClient(ClientConfig.of("n1:1,n2:1"), nodes, time);
            List<CompletableFuture<?>> all = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                all.add(one.put(b(Character.toString('a' + i % 26)), b("" + i)));
                if (i == 50) {
                    time.runForMillis(20);
                    nodes.node("n1").crash();
                    nodes.leaders.replaceAll((group, leader) -> "n3");
                }
            }
            all.forEach(time::run);
            List<Request> requests = new ArrayList<>();
            nodes.byAddress.values().forEach(node -> requests.addAll(node.requests));
            runs.add(requests);
        }
        assertThat(runs.get(0)).isEqualTo(runs.get(1));
    }
}
