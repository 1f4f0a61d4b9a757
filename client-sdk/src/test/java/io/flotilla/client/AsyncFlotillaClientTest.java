package io.flotilla.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.flotilla.client.RefusedException.Reason;
import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.RegisterNodeRequest;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.WriteRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The client against scripted nodes, in virtual time. */
final class AsyncFlotillaClientTest {
    private final ManualRuntime runtime = new ManualRuntime(1);
    private final FakeFleet fleet = new FakeFleet(runtime);
    private final AsyncFlotillaClient client =
            new AsyncFlotillaClient(ClientConfig.of("n1:1,n2:1,n3:1"), fleet, runtime);

    // ---- operations ----

    @Test
    void eachOperationDoesWhatItSays() {
        assertThat(done(client.put(b("a"), b("1")))).isEqualTo(1);
        assertThat(done(client.get(b("a"))).orElseThrow().text()).isEqualTo("1");
        assertThat(done(client.get(b("z")))).isEmpty();
        done(client.append(b("a"), b("2")));
        assertThat(done(client.increment(b("a"), -2))).isEqualTo(10);
        assertThat(done(client.delete(b("a")))).isTrue();
        assertThat(done(client.delete(b("a")))).isFalse();
        assertThat(done(client.compareAndSet(b("h"), Expectation.absent(), b("x")))
                        .done())
                .isTrue();
        CasResult failed = done(client.compareAndSet(b("h"), Expectation.value("y"), b("z")));
        assertThat(failed.done()).isFalse();
        assertThat(failed.version()).isEqualTo(4);
        assertThat(failed.present().orElseThrow()).isEqualTo(b("x"));
        WriteBatch batch =
                WriteBatch.builder().put("b", "1").put("c", "2").delete("d").build();
        assertThat(done(client.batch(batch)).done()).isTrue();
        assertThat(fleet.store).containsKeys(s("b"), s("c"));
        assertThat(done(client.configuration()).getNumber()).isEqualTo(1);
        assertThat(done(client.nodeStatus("n3:1")).getId()).isEqualTo("n3");
    }

    @Test
    void aValueThatIsNoNumberIsRefusedAsInvalid() {
        done(client.put(b("a"), b("x")));
        assertThat(refused(client.increment(b("a"), 1))).isEqualTo(Reason.INVALID);
    }

    @Test
    void badArgumentsAreRefusedBeforeAnythingIsSent() {
        assertThat(refused(client.get(b("")))).isEqualTo(Reason.INVALID);
        assertThat(refused(client.put(new byte[4097], b("")))).isEqualTo(Reason.INVALID);
        assertThat(refused(client.put(b("a"), new byte[(1 << 20) + 1]))).isEqualTo(Reason.INVALID);
        assertThat(refused(client.multiGet(List.of(b("a"), b(""))))).isEqualTo(Reason.INVALID);
        assertThatThrownBy(() -> WriteBatch.builder().build()).isInstanceOf(RefusedException.class);
        assertThatThrownBy(() -> client.get(b("a"), Duration.ZERO)).isInstanceOf(IllegalArgumentException.class);
        assertThat(fleet.connects).isEmpty();
    }

    @Test
    void aBatchOverSeveralShardsIsRefused() {
        WriteBatch batch = WriteBatch.builder().put("a", "1").put("z", "2").build();
        assertThat(refused(client.batch(batch))).isEqualTo(Reason.INVALID);
        WriteBatch condition = WriteBatch.builder()
                .onlyIf("z", Expectation.absent())
                .put("a", "1")
                .build();
        assertThat(refused(client.batch(condition))).isEqualTo(Reason.INVALID);
        assertThat(fleet.applied).isEmpty();
    }

    @Test
    void multiGetKeepsTheOrderOfKeysOverShards() {
        for (String key : List.of("a", "h", "z", "b")) {
            done(client.put(b(key), b("v" + key)));
        }
        List<String> found = new ArrayList<>();
        for (Optional<VersionedValue> value :
                done(client.multiGet(List.of(b("z"), b("q"), b("a"), b("h"), b("b"), b("z"))))) {
            found.add(value.map(VersionedValue::text).orElse("-"));
        }
        assertThat(found).containsExactly("vz", "-", "va", "vh", "vb", "vz");
        assertThat(done(client.multiGet(List.of()))).isEmpty();
    }

    @Test
    void multiGetOfLargeValuesStaysBelowWhatANodeAnswersAtOnce() {
        List<byte[]> keys = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            keys.add(b("a" + i));
            done(client.put(keys.get(i), new byte[1 << 20]));
        }
        assertThat(done(client.multiGet(keys)))
                .hasSize(40)
                .allSatisfy(value -> assertThat(value.orElseThrow().value()).hasSize(1 << 20));
    }

    @Test
    void multiGetOfVeryManyKeysIsDoneInParts() {
        List<byte[]> keys = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            keys.add(b("a" + i));
        }
        done(client.put(keys.get(9_999), b("last")));
        List<Optional<VersionedValue>> values = done(client.multiGet(keys));
        assertThat(values).hasSize(10_000);
        assertThat(values.get(9_999).orElseThrow().text()).isEqualTo("last");
    }

    @Test
    void multiGetIsSplitAnewWhenAShardWasSplit() {
        done(client.put(b("a"), b("1")));
        done(client.put(b("c"), b("2")));
        fleet.configuration = fleet.configuration.toBuilder()
                .setNumber(2)
                .setShards(0, FakeFleet.shard(1, "", "b", 1, 2))
                .addShards(1, FakeFleet.shard(4, "b", "g", 2, 2))
                .build();
        List<Optional<VersionedValue>> values = done(client.multiGet(List.of(b("c"), b("a"))));
        assertThat(values.get(0).orElseThrow().text()).isEqualTo("2");
        assertThat(values.get(1).orElseThrow().text()).isEqualTo("1");
    }

    @Test
    void scansCrossShardsInBothDirections() {
        List<String> keys = List.of("a", "b", "f", "g", "h", "o", "p", "q", "z");
        keys.forEach(key -> fleet.store.put(s(key), s("v")));
        fleet.pageRows = 2;
        assertThat(scan(ScanQuery.all())).isEqualTo(keys);
        List<String> backwards = new ArrayList<>(keys);
        java.util.Collections.reverse(backwards);
        assertThat(scan(ScanQuery.all().reverse())).isEqualTo(backwards);
        assertThat(scan(ScanQuery.all().from("b").to("p"))).containsExactly("b", "f", "g", "h", "o");
        assertThat(scan(ScanQuery.all().from("b").to("p").reverse())).containsExactly("o", "h", "g", "f", "b");
        assertThat(scan(ScanQuery.all().limit(4))).containsExactly("a", "b", "f", "g");
        assertThat(scan(ScanQuery.all().limit(3).reverse())).containsExactly("z", "q", "p");
        assertThat(scan(ScanQuery.all().pageRows(1))).isEqualTo(keys);
        assertThat(scan(ScanQuery.all().prefix("h"))).containsExactly("h");
        assertThat(scan(ScanQuery.all().from("x").to("c"))).isEmpty();
    }

    @Test
    void aScanOfEmptyShardsEnds() {
        assertThat(scan(ScanQuery.all())).isEmpty();
        assertThat(scan(ScanQuery.all().reverse())).isEmpty();
    }

    // ---- routing ----

    @Test
    void operationsOfOneTurnLeaveInOneFrame() {
        done(client.put(b("a"), b("1")));
        fleet.node("n1").frames.clear();
        List<CompletableFuture<Long>> all = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            all.add(client.put(b("a" + i), b("1")));
        }
        all.forEach(this::done);
        assertThat(fleet.node("n1").frames).hasSize(1);
        assertThat(fleet.node("n1").frames.get(0).getRequestsCount()).isEqualTo(50);
    }

    @Test
    void theFirstOperationOfAGroupFindsTheLeaderForTheOthers() {
        List<CompletableFuture<Long>> all = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            all.add(client.put(b("h" + i), b("1")));
        }
        all.forEach(this::done);
        int refused =
                fleet.node("n1").writes().size() + fleet.node("n3").writes().size();
        assertThat(refused).isLessThanOrEqualTo(1);
        assertThat(fleet.node("n2").writes()).hasSize(50);
    }

    @Test
    void aNewLeaderIsFoundByTheHint() {
        done(client.put(b("a"), b("1")));
        fleet.leaders.put(1L, "n3");
        long before = runtime.millis();
        done(client.put(b("a"), b("2")));
        assertThat(runtime.millis() - before).isLessThan(15);
        assertThat(fleet.applied).hasSize(2);
    }

    @Test
    void afterACrashTheNewLeaderIsFoundAsSoonAsThereIsOne() {
        done(client.put(b("a"), b("1")));
        fleet.node("n1").crash();
        CompletableFuture<Long> put = client.put(b("a"), b("2"));
        runtime.runForMillis(1500);
        assertThat(put).isNotDone();
        int asked = fleet.node("n2").requests.size() + fleet.node("n3").requests.size();
        assertThat(asked).isBetween(10, 100);
        fleet.leaders.put(1L, "n2");
        long before = runtime.millis();
        done(put);
        assertThat(runtime.millis() - before).isLessThan(150);
    }

    @Test
    void whileALeaderIsSoughtWaitingOperationsCostNoRequests() {
        done(client.put(b("a"), b("1")));
        fleet.leaders.remove(1L);
        List<CompletableFuture<Long>> all = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            all.add(client.put(b("a" + i), b("1"), Duration.ofSeconds(20)));
        }
        runtime.runForMillis(100);
        fleet.node("n1").requests.clear();
        fleet.node("n2").requests.clear();
        runtime.runForMillis(1000);
        assertThat(fleet.node("n1").writes().size() + fleet.node("n2").writes().size())
                .isLessThan(100);
        fleet.leaders.put(1L, "n2");
        runtime.runForMillis(200);
        assertThat(all).allSatisfy(put -> assertThat(put).isCompleted());
        assertThat(fleet.applied).hasSize(501);
    }

    @Test
    void aLeaderThatHangsIsPassedOverAndItsLateAnswerStillCounts() {
        done(client.put(b("a"), b("1")));
        fleet.node("n1").script = request -> request.hasWrite() ? FakeFleet.SILENCE : null;
        CompletableFuture<Long> put = client.put(b("a"), b("2"));
        runtime.runForMillis(500);
        fleet.leaders.put(1L, "n3");
        long before = runtime.millis();
        done(put);
        assertThat(runtime.millis() - before).isLessThan(900);
        WriteRequest first = fleet.node("n1").writes().get(1);
        WriteRequest second = fleet.applied.get(1);
        assertThat(second.getSequence()).isEqualTo(first.getSequence());
        assertThat(second.getSessionLow()).isEqualTo(first.getSessionLow());
        assertThat(second.getNotAfterMillis()).isEqualTo(first.getNotAfterMillis());
    }

    @Test
    void aStreamThatIsSilentForLongIsOpenedAnew() {
        done(client.put(b("a"), b("1")));
        fleet.node("n1").blackHole = true;
        CompletableFuture<Long> put = client.put(b("a"), b("2"), Duration.ofSeconds(20));
        runtime.runForMillis(500);
        // the request was swallowed, and nobody will say so
        fleet.node("n1").blackHole = false;
        long before = runtime.millis();
        done(put);
        assertThat(runtime.millis() - before).isLessThan(4000);
        assertThat(fleet.applied).hasSize(2);
    }

    @Test
    void replicasThatPointAtEachOtherAreNotAskedInACircleWithoutEnd() {
        fleet.leaders.remove(1L);
        pointTo("n1", "n2");
        pointTo("n2", "n1");
        CompletableFuture<Long> put = client.put(b("a"), b("1"));
        runtime.runForMillis(1000);
        int asked = fleet.node("n1").writes().size() + fleet.node("n2").writes().size();
        assertThat(asked).isLessThan(200);
        fleet.leaders.put(1L, "n3");
        done(put);
    }

    @Test
    void aStaleRouteIsCorrectedByTheRefusal() {
        done(client.put(b("a"), b("1")));
        done(client.put(b("h"), b("1")));
        fleet.configuration = fleet.configuration.toBuilder()
                .setNumber(2)
                .setShards(0, FakeFleet.shard(1, "", "g", 2, 2))
                .build();
        long before = runtime.millis();
        done(client.put(b("a"), b("2")));
        assertThat(runtime.millis() - before).isLessThan(15);
        assertThat(fleet.applied.get(2).getShard().getEpoch()).isEqualTo(2);
        assertThat(fleet.applied.get(2).getShard().getGroup()).isEqualTo(2);
    }

    @Test
    void aNewerConfigurationIsFetchedFromTheNodeThatMentionsIt() {
        List<Long> numbers = new ArrayList<>();
        client.onConfiguration(configuration -> numbers.add(configuration.getNumber()));
        done(client.put(b("a"), b("1")));
        Configuration next = fleet.configuration.toBuilder().setNumber(2).build();
        fleet.configuration = next;
        fleet.leaders.put(1L, "n2");
        done(client.put(b("a"), b("2")));
        runtime.runForMillis(10);
        assertThat(numbers).containsExactly(1L, 2L);
    }

    @Test
    void theWatchBringsNewConfigurationsAndMovesOnWhenItsNodeDies() {
        List<Long> numbers = new ArrayList<>();
        client.onConfiguration(configuration -> numbers.add(configuration.getNumber()));
        runtime.runForMillis(100);
        fleet.publish(fleet.configuration.toBuilder().setNumber(2).build());
        runtime.runForMillis(100);
        assertThat(numbers).containsExactly(1L, 2L);
        for (FakeFleet.FakeNode node : fleet.byAddress.values()) {
            if (!node.streams.isEmpty()) {
                node.crash();
            }
        }
        runtime.runForMillis(1000);
        fleet.publish(fleet.configuration.toBuilder().setNumber(5).build());
        runtime.runForMillis(100);
        assertThat(numbers).containsExactly(1L, 2L, 5L);
    }

    @Test
    void aNodeThatMovedIsFoundByTheNewConfiguration() {
        done(client.put(b("h"), b("1")));
        fleet.node("n2").crash();
        fleet.byAddress.put("elsewhere:9", fleet.new FakeNode("n2", "elsewhere:9"));
        fleet.publish(fleet.configuration.toBuilder()
                .setNumber(2)
                .setNodes(1, FakeFleet.node("n2", "elsewhere:9"))
                .build());
        done(client.put(b("h"), b("2")));
        assertThat(fleet.byAddress.get("elsewhere:9").writes()).hasSize(1);
    }

    @Test
    void aFleetThatMovedAsAWholeIsFoundByTheEndpoints() {
        AsyncFlotillaClient other = new AsyncFlotillaClient(ClientConfig.of("m1:1,m2:1,m3:1"), fleet, runtime);
        fleet.byAddress.values().forEach(node -> node.up = false);
        for (int i = 1; i <= 3; i++) {
            fleet.byAddress.put("m" + i + ":1", fleet.new FakeNode("n" + i, "m" + i + ":1"));
        }
        Request register = Request.newBuilder()
                .setRegisterNode(RegisterNodeRequest.newBuilder().setNode(FakeFleet.node("n2", "m2:1")))
                .build();
        Response response = done(other.callController(register, Duration.ofSeconds(5)));
        assertThat(response.getRegisterNode().getConfigurationNumber()).isEqualTo(7);
    }

    @Test
    void aDeadEndpointIsPassedOver() {
        fleet.node("n1").up = false;
        fleet.node("n3").blackHole = true;
        fleet.leaders.replaceAll((group, leader) -> "n2");
        long before = runtime.millis();
        done(client.put(b("a"), b("1")));
        assertThat(runtime.millis() - before).isLessThan(1500);
    }

    @Test
    void aNodeOfAnotherVersionIsNotTalkedTo() {
        fleet.byAddress.values().forEach(node -> node.version = 2);
        CompletableFuture<Long> put = client.put(b("a"), b("1"));
        RefusedException refused = refusal(put);
        assertThat(refused.reason()).isEqualTo(Reason.TIMEOUT_BEFORE_SEND);
        assertThat(refused.getMessage()).contains("version 2");
        assertThat(fleet.node("n1").requests).isEmpty();
    }

    @Test
    void theControllersLeaderIsFollowed() {
        fleet.leaders.put(0L, "n3");
        Request register = Request.newBuilder()
                .setRegisterNode(RegisterNodeRequest.getDefaultInstance())
                .build();
        Response response = done(client.callController(register, Duration.ofSeconds(5)));
        assertThat(response.getRegisterNode().getConfigurationNumber()).isEqualTo(7);
    }

    @Test
    void aCallToADeadNodeFailsAtOnce() {
        fleet.node("n2").up = false;
        long before = runtime.millis();
        assertThat(refused(client.nodeStatus("n2:1"))).isEqualTo(Reason.UNAVAILABLE);
        assertThat(runtime.millis() - before).isLessThan(50);
        fleet.node("n2").up = true;
        assertThat(done(client.nodeStatus("n2:1")).getId()).isEqualTo("n2");
    }

    // ---- exactly once ----

    @Test
    void aWriteWhoseAnswerWasLostIsNotDoneTwice() {
        done(client.increment(b("a"), 1));
        fleet.node("n1").script = request -> {
            if (request.hasWrite()) {
                fleet.node("n1").script = later -> null;
                fleet.node("n1").handle(request);
                fleet.leaders.put(1L, "n2");
                fleet.node("n1").crash();
                return FakeFleet.SILENCE;
            }
            return null;
        };
        assertThat(done(client.increment(b("a"), 1))).isEqualTo(2);
        assertThat(fleet.store.get(s("a"))).isEqualTo(s("2"));
    }

    @Test
    void sequencesCountUpAndAnswersAreAcknowledged() {
        done(client.put(b("a"), b("1")));
        done(client.put(b("b"), b("1")));
        ArrayDeque<Response> held = new ArrayDeque<>();
        fleet.node("n1").script = request -> {
            if (held.isEmpty() && request.hasWrite()) {
                held.add(FakeFleet.SILENCE);
                return FakeFleet.SILENCE;
            }
            return null;
        };
        CompletableFuture<Long> stuck = client.put(b("c"), b("1"));
        runtime.runForMillis(10);
        done(client.put(b("d"), b("1")));
        done(client.put(b("e"), b("1")));
        List<WriteRequest> writes = fleet.node("n1").writes();
        assertThat(writes).extracting(WriteRequest::getSequence).containsExactly(1L, 2L, 3L, 4L, 5L);
        assertThat(writes).extracting(WriteRequest::getFirstUnacknowledged).containsExactly(1L, 2L, 3L, 3L, 3L);
        done(stuck);
        done(client.put(b("f"), b("1")));
        writes = fleet.node("n1").writes();
        assertThat(writes.get(writes.size() - 1).getFirstUnacknowledged()).isEqualTo(6);
    }

    @Test
    void aWriteThatWaitsForOneShardDoesNotHoldUpTheSessionOfAnother() {
        done(client.put(b("a"), b("1")));
        fleet.leaders.remove(2L);
        CompletableFuture<Long> stuck = client.put(b("h"), b("1"));
        runtime.runForMillis(50);
        done(client.put(b("a"), b("2")));
        WriteRequest last = fleet.applied.get(fleet.applied.size() - 1);
        assertThat(last.getFirstUnacknowledged()).isEqualTo(last.getSequence());
        assertThat(stuck).isNotDone();
    }

    @Test
    void anExpiredWriteGetsMoreLogTimeIfNoOtherAttemptCanHaveBeenDone() {
        fleet.logMillis = fleet.wall() + 3_600_000;
        assertThat(done(client.increment(b("a"), 1))).isEqualTo(1);
        List<WriteRequest> writes = fleet.node("n1").writes();
        assertThat(writes.get(1).getSequence()).isEqualTo(writes.get(0).getSequence());
        assertThat(writes.get(1).getNotAfterMillis()).isGreaterThan(fleet.logMillis);
    }

    /** A write that was numbered for a shard that has been split since: the log time it hears is the new shard's. */
    @Test
    void theLogTimeThatAWriteHearsInAnotherShardIsKnownThere() {
        done(client.put(b("a"), b("1")));
        fleet.configuration = fleet.configuration.toBuilder()
                .setNumber(2)
                .setShards(0, FakeFleet.shard(1, "", "c", 1, 2))
                .addShards(FakeFleet.shard(4, "c", "g", 1, 2))
                .build();
        fleet.logMillis = fleet.wall() + 3_600_000;
        done(client.put(b("d"), b("2")));
        int before = fleet.node("n1").writes().size();
        done(client.put(b("e"), b("3")));
        assertThat(fleet.node("n1").writes()).as("none expired").hasSize(before + 1);
    }

    @Test
    void anExpiredWriteWithALostAttemptIsIndeterminate() {
        done(client.put(b("a"), b("1")));
        fleet.node("n1").script = request -> {
            if (request.hasWrite()) {
                fleet.leaders.put(1L, "n2");
                fleet.logMillis = fleet.wall() + 3_600_000;
                fleet.node("n1").crash();
                return FakeFleet.SILENCE;
            }
            return null;
        };
        indeterminate(client.increment(b("a"), 1));
        assertThat(fleet.applied).hasSize(1);
    }

    // ---- outcomes ----

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
        done(client.put(b("a"), b("1")));
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
        assertThat(fleet.applied).hasSize(10_001);
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

    // ---- helpers ----

    private void script(java.util.function.Function<Request, Response> script) {
        fleet.byAddress.values().forEach(node -> node.script = script);
    }

    private void pointTo(String node, String leader) {
        fleet.node(node).script = request -> request.hasWrite()
                ? FakeFleet.refusal(
                        Refusal.newBuilder().setKind(Refusal.Kind.NOT_LEADER).setLeader(leader))
                : null;
    }

    private List<String> scan(ScanQuery query) {
        List<String> keys = new ArrayList<>();
        Optional<ScanQuery> next = Optional.of(query);
        while (next.isPresent()) {
            ScanPage page = done(client.scan(next.get()));
            page.rows().forEach(row -> keys.add(row.keyText()));
            next = page.next();
        }
        return keys;
    }

    private <T> T done(CompletableFuture<T> future) {
        return runtime.run(future).join();
    }

    private RefusedException refusal(CompletableFuture<?> future) {
        return failure(future, RefusedException.class);
    }

    private Reason refused(CompletableFuture<?> future) {
        return refusal(future).reason();
    }

    private void indeterminate(CompletableFuture<?> future) {
        failure(future, IndeterminateException.class);
    }

    private <E> E failure(CompletableFuture<?> future, Class<E> type) {
        runtime.run(future);
        try {
            future.join();
        } catch (CompletionException e) {
            assertThat(e.getCause()).isInstanceOf(type);
            return type.cast(e.getCause());
        }
        throw new AssertionError("it was done");
    }

    private static byte[] b(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static ByteString s(String text) {
        return ByteString.copyFromUtf8(text);
    }
}
