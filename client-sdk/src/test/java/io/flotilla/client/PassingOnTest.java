package io.flotilla.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.call.PassingOn;
import io.flotilla.client.proto.ConfigurationRequest;
import io.flotilla.client.proto.FleetChangeRequest;
import io.flotilla.client.proto.FoundingRequest;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.WatchRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A client that reaches followers but not the leader, which leads on. */
final class PassingOnTest extends ScriptedFleetTest {
    @BeforeEach
    void begin() {
        done(client.put(b("a"), b("0")));
    }

    private List<Request> asked(String node) {
        return fleet.node(node).requests.stream().filter(Request::hasPassOn).toList();
    }

    private int asked() {
        return asked("n1").size() + asked("n2").size() + asked("n3").size();
    }

    @Test
    void behindASilentCutTheRequestGoesOverAFollower() {
        fleet.node("n1").blackHole = true;
        long before = runtime.millis();

        done(client.put(b("a"), b("1")));

        assertThat(runtime.millis() - before).isLessThan(1_500);
        assertThat(asked()).isPositive();
        before = runtime.millis();
        for (int i = 0; i < 50; i++) {
            done(client.put(b("a"), b("2")));
            assertThat(done(client.get(b("a"))).orElseThrow().text()).isEqualTo("2");
        }
        // two ways there and two back for each, and no search in between
        assertThat(runtime.millis() - before).isLessThan(1_000);
        assertThat(fleet.applied).hasSize(52);
        assertThat(asked("n1")).isEmpty();
    }

    @Test
    void behindARefusingCutTheRequestGoesOverAFollower() {
        fleet.node("n1").cut();
        long before = runtime.millis();

        done(client.put(b("a"), b("1")));

        assertThat(runtime.millis() - before).isLessThan(1_500);
        assertThat(fleet.applied).hasSize(2);
        assertThat(asked()).isPositive();
    }

    @Test
    void aClientThatNeverReachedTheLeaderFindsTheWayToo() {
        fleet.node("n1").up = false;
        AsyncFlotillaClient second = new AsyncFlotillaClient(ClientConfig.of("n2:1,n3:1"), fleet, runtime);

        assertThat(done(second.get(b("a"))).orElseThrow().text()).isEqualTo("0");
        done(second.multiGet(List.of(b("a"), b("h"), b("z"))));
        done(second.scan(ScanQuery.all()));
    }

    @Test
    void manyAtOnceGoOverAFollowerAndLargeOnesToo() {
        fleet.node("n1").blackHole = true;
        List<CompletableFuture<Long>> all = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            all.add(client.put(b("a" + i), b("1")));
        }
        all.add(client.put(b("b"), new byte[Limits.VALUE_BYTES]));
        all.forEach(this::done);

        assertThat(fleet.applied).hasSize(302);
        assertThat(fleet.store.get(s("b")).size()).isEqualTo(Limits.VALUE_BYTES);
    }

    @Test
    void asSoonAsTheLeaderIsReachedNothingIsPassedOn() {
        fleet.node("n1").cut();
        done(client.put(b("a"), b("1")));
        fleet.node("n1").up = true;
        for (int i = 0; i < 200; i++) {
            done(client.put(b("a"), b("2")));
            runtime.runForMillis(10);
        }
        int until = asked();
        for (int i = 0; i < 20; i++) {
            done(client.put(b("a"), b("3")));
        }
        assertThat(asked()).isEqualTo(until);
    }

    @Test
    void afterASilentCutHasHealedNothingIsPassedOn() {
        fleet.node("n1").blackHole = true;
        done(client.put(b("a"), b("1")));
        fleet.node("n1").blackHole = false;
        for (int i = 0; i < 600; i++) {
            done(client.put(b("a"), b("2")));
            runtime.runForMillis(10);
        }
        int until = asked();
        for (int i = 0; i < 20; i++) {
            done(client.put(b("a"), b("3")));
        }
        assertThat(asked()).isEqualTo(until);
    }

    @Test
    void anotherLeaderIsAskedItself() {
        fleet.node("n1").cut();
        done(client.put(b("a"), b("1")));
        for (String next : List.of("n2", "n3")) {
            fleet.leaders.put(1L, next);
            done(client.put(b("a"), b("2")));
            int until = asked();
            for (int i = 0; i < 20; i++) {
                done(client.put(b("a"), b("3")));
            }
            assertThat(asked()).as(next).isEqualTo(until);
        }
    }

    @Test
    void nobodyIsAskedToPassOnWhileTheLeaderCanBeReached() {
        for (int i = 0; i < 30; i++) {
            fleet.leaders.put(1L, "n" + (1 + i % 3));
            done(client.put(b("a"), b("1")));
            fleet.leaders.remove(1L);
            CompletableFuture<Long> put = client.put(b("a"), b("2"));
            runtime.runForMillis(400);
            fleet.leaders.put(1L, "n" + (1 + (i + 1) % 3));
            done(put);
        }
        // one that is slow is no one that can't be reached, while it answers others
        fleet.node("n1").script = request ->
                request.hasWrite() && request.getWrite().getShard().getGroup() == 1 ? FakeFleet.SILENCE : null;
        fleet.leaders.put(1L, "n1");
        fleet.leaders.put(2L, "n1");
        CompletableFuture<Long> never = client.put(b("a"), b("3"), Duration.ofSeconds(4));
        for (int i = 0; i < 300 && !never.isDone(); i++) {
            done(client.get(b("h")));
            runtime.runForMillis(20);
        }
        indeterminate(never);
        assertThat(asked()).isZero();
    }

    @Test
    void anAnswerThatIsLostOnTheWayBackIsAskedForAgainAndDoneOnce() {
        fleet.node("n1").cut();
        int[] lost = new int[1];
        for (String node : List.of("n2", "n3")) {
            fleet.node(node).script = request -> {
                if (request.hasPassOn() && request.getPassOn().getRequest().hasWrite() && lost[0]++ < 5) {
                    fleet.node("n1")
                            .handle(request.getPassOn().getRequest().toBuilder()
                                    .setPassedOn(true)
                                    .build());
                    return FakeFleet.refusal(Refusal.Kind.INDETERMINATE);
                }
                return null;
            };
        }
        done(client.append(b("b"), b("x")));

        assertThat(lost[0]).isGreaterThan(5);
        assertThat(fleet.store.get(s("b"))).isEqualTo(s("x"));
    }

    @Test
    void whatTheClientWaitsForIsToldAndItsNotAfterIsItsOwn() {
        fleet.node("n1").cut();
        done(client.put(b("a"), b("1"), Duration.ofSeconds(3)));
        Request passed =
                asked("n2").isEmpty() ? asked("n3").get(0) : asked("n2").get(0);
        assertThat(passed.getPassOn().getTimeoutMillis()).isBetween(1, 3_000);
        assertThat(passed.getPassOn().getRequest().getId()).isZero();
        assertThat(passed.getPassOn().getRequest().getPassedOn()).isFalse();
        assertThat(passed.getPassOn().getRequest().getWrite().getNotAfterMillis())
                .isBetween(fleet.wall() - 3_000, fleet.wall() + 3_500);
    }

    @Test
    void watchesAndFoundingAndWhatWasPassedOnAreNotPassedOn() {
        for (Request.Builder never : List.of(
                Request.newBuilder().setWatch(WatchRequest.getDefaultInstance()),
                Request.newBuilder().setFounding(FoundingRequest.getDefaultInstance()),
                Request.newBuilder().setConfiguration(ConfigurationRequest.getDefaultInstance()),
                Request.newBuilder()
                        .setFleetChange(FleetChangeRequest.getDefaultInstance())
                        .setPassedOn(true),
                Request.newBuilder())) {
            assertThat(PassingOn.isAllowed(never.build())).isFalse();
        }
        assertThat(PassingOn.isAllowed(Request.newBuilder()
                        .setConfiguration(ConfigurationRequest.newBuilder().setLinearizable(true))
                        .build()))
                .isTrue();
    }
}
