package io.flotilla.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.RefusedException.Reason;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.RegisterNodeRequest;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.WriteRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** How the client finds leaders, shards and nodes, and finds them again. */
final class ClientRoutingTest extends ScriptedFleetTest {
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

    /** The refusal names the new owner's leader: it is asked at once, though no other operation ever went to that group. */
    @Test
    void theLeaderThatAStaleRouteNamesIsAskedFirst() {
        done(client.put(b("a"), b("1")));
        fleet.tellsOwnersLeader = true;
        fleet.leaders.put(9L, "n3");
        fleet.configuration = fleet.configuration.toBuilder()
                .addGroups(FakeFleet.group(9))
                .setShards(0, FakeFleet.shard(1, "", "g", 9, 2))
                .build();
        fleet.node("n2").requests.clear();
        fleet.node("n3").requests.clear();
        int before = fleet.node("n1").writes().size();
        long since = runtime.millis();
        List<CompletableFuture<Long>> all = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            all.add(client.put(b("a" + i), b("2")));
        }
        all.forEach(this::done);
        // to the old owner and back, to the new one with the first of them, with the others as it takes them
        assertThat(runtime.millis() - since).isLessThanOrEqualTo(14);
        assertThat(fleet.node("n3").writes()).hasSize(500);
        assertThat(fleet.node("n2").writes()).isEmpty();
        assertThat(fleet.node("n1").writes().size() - before).isLessThanOrEqualTo(500);
    }

    @Test
    void aStaleRouteOfOneShardDoesNotTouchTheOthersOfItsGroup() {
        done(client.put(b("a"), b("1")));
        done(client.put(b("q"), b("1")));
        fleet.tellsOwnersLeader = true;
        fleet.configuration = fleet.configuration.toBuilder()
                .setShards(0, FakeFleet.shard(1, "", "g", 2, 2))
                .build();
        done(client.put(b("a"), b("2")));
        int before = fleet.node("n1").requestCount;
        long since = runtime.millis();
        done(client.put(b("q"), b("2")));
        assertThat(runtime.millis() - since).isLessThanOrEqualTo(3);
        assertThat(fleet.node("n1").requestCount - before).isEqualTo(1);
    }

    @Test
    void aNodeWithoutBoundsForSessionsIsNotTalkedTo() {
        fleet.byAddress.values().forEach(node -> node.sessionWrites = 0);
        assertThat(refusal(client.put(b("a"), b("1"))).getMessage()).contains("has no bounds for sessions");
        assertThat(fleet.node("n1").requests).isEmpty();
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
        fleet.byAddress.values().forEach(node -> node.version = 3);
        CompletableFuture<Long> put = client.put(b("a"), b("1"));
        RefusedException refused = refusal(put);
        assertThat(refused.reason()).isEqualTo(Reason.TIMEOUT_BEFORE_SEND);
        assertThat(refused.getMessage())
                .contains("n1:1 speaks version 3 of the client protocol, this client version 2: use");
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

    private void pointTo(String node, String leader) {
        fleet.node(node).script = request -> request.hasWrite()
                ? FakeFleet.refusal(
                        Refusal.newBuilder().setKind(Refusal.Kind.NOT_LEADER).setLeader(leader))
                : null;
    }
}
