package io.flotilla.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.flotilla.client.RefusedException.Reason;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.FleetChangeReply;
import io.flotilla.client.proto.FleetChangeRequest;
import io.flotilla.client.proto.JoinGroup;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** How the client follows shards that go from one group to another, and how it asks for that. */
final class MovedShardsTest extends ScriptedFleetTest {
    /** Shard 1 belongs to group 2 from now on; watchers hear of it. */
    private void move(long epoch, long group) {
        fleet.publish(moved(epoch, group)
                .setNumber(fleet.configuration.getNumber() + 1)
                .build());
    }

    private Configuration.Builder moved(long epoch, long group) {
        return fleet.configuration.toBuilder().setShards(0, FakeFleet.shard(1, "", "g", group, epoch));
    }

    private List<CompletableFuture<Long>> puts(int count) {
        List<CompletableFuture<Long>> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(client.put(b("a" + i), b("2"), Duration.ofSeconds(20)));
        }
        return all;
    }

    /** @return virtual milliseconds until all were done */
    private long untilDone(List<CompletableFuture<Long>> all) {
        long before = runtime.millis();
        all.forEach(this::done);
        return runtime.millis() - before;
    }

    @Test
    void operationsThatWaitForALeaderGoToTheNewOwnerWhenTheConfigurationNamesIt() {
        done(client.put(b("a"), b("1")));
        done(client.put(b("h"), b("1")));
        fleet.leaders.remove(1L);
        List<CompletableFuture<Long>> all = puts(200);
        runtime.runForMillis(500);
        assertThat(all).noneMatch(CompletableFuture::isDone);
        move(2, 2);
        assertThat(untilDone(all)).isLessThanOrEqualTo(10);
        assertThat(fleet.applied).hasSize(202);
    }

    /** One of them learns it from a refusal; the others, which were never sent, need none of their own. */
    @Test
    void operationsThatWaitGoToTheNewOwnerWhenARefusalNamesIt() {
        done(client.put(b("a"), b("1")));
        done(client.put(b("h"), b("1")));
        fleet.leaders.remove(1L);
        List<CompletableFuture<Long>> all = puts(200);
        runtime.runForMillis(500);
        int before =
                fleet.node("n1").writes().size() + fleet.node("n3").writes().size();
        fleet.configuration = moved(2, 2).build();
        assertThat(untilDone(all)).isLessThanOrEqualTo(60);
        int after = fleet.node("n1").writes().size() + fleet.node("n3").writes().size();
        assertThat(after - before).isLessThanOrEqualTo(3);
    }

    @Test
    void operationsThatPauseAreNotHeldBackWhenTheirShardHasGone() {
        done(client.put(b("a"), b("1")));
        done(client.put(b("h"), b("1")));
        fleet.node("n1").script = request -> request.hasWrite()
                ? FakeFleet.refusal(
                        Refusal.newBuilder().setKind(Refusal.Kind.BUSY).setRetryAfterMillis(10_000))
                : null;
        List<CompletableFuture<Long>> all = puts(200);
        runtime.runForMillis(500);
        assertThat(all).noneMatch(CompletableFuture::isDone);
        move(2, 2);
        assertThat(untilDone(all)).isLessThanOrEqualTo(10);
    }

    /** The old owner's answers allow no more retries; the new owner has not been asked for anything yet. */
    @Test
    void operationsWithoutLeaveToBeTriedAgainNeedNoneWhenTheirShardHasGone() {
        done(client.put(b("a"), b("1")));
        done(client.put(b("h"), b("1")));
        fleet.node("n1").script = request -> request.hasWrite()
                ? FakeFleet.refusal(
                        Refusal.newBuilder().setKind(Refusal.Kind.BUSY).setRetryAfterMillis(1))
                : null;
        List<CompletableFuture<Long>> all = puts(4_000);
        runtime.runForMillis(3_000);
        assertThat(all).noneMatch(CompletableFuture::isDone);
        move(2, 2);
        assertThat(untilDone(all)).isLessThanOrEqualTo(60);
    }

    @Test
    void whatTheOldOwnerLeftUnansweredGoesToTheNewOne() {
        done(client.put(b("a"), b("1")));
        done(client.put(b("h"), b("1")));
        fleet.byAddress.values().forEach(node -> node.requests.clear());
        fleet.node("n1").script =
                request -> request.hasWrite() && request.getWrite().getShard().getId() == 1 ? FakeFleet.SILENCE : null;
        CompletableFuture<Long> put = client.put(b("a"), b("2"));
        runtime.runForMillis(100);
        move(2, 2);
        // the old owner lives and does what else it is asked for
        List<CompletableFuture<Long>> others = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            others.add(client.put(b("q" + i), b("2")));
            runtime.runForMillis(50);
        }
        others.forEach(this::done);
        assertThat(put).isCompleted();
        assertThat(fleet.node("n1").writes())
                .filteredOn(write -> write.getShard().getId() == 1)
                .hasSize(1);
        assertThat(fleet.node("n2").writes())
                .filteredOn(write -> write.getShard().getId() == 1)
                .hasSize(1);
    }

    /** The client took another node for that leader and has heard nothing of it since: it hangs. */
    @Test
    void theLeaderThatAStaleRouteNamesIsAskedThoughAnotherWasKnown() {
        done(client.put(b("a"), b("1")));
        done(client.put(b("h"), b("1")));
        runtime.runForMillis(100);
        fleet.node("n2").requests.clear();
        fleet.node("n2").script = request -> FakeFleet.SILENCE;
        fleet.leaders.put(2L, "n3");
        fleet.tellsOwnersLeader = true;
        fleet.configuration = moved(2, 2).build();
        assertThat(untilDone(puts(50))).isLessThanOrEqualTo(20);
        assertThat(fleet.node("n2").writes()).isEmpty();
    }

    @Test
    void ownersThatPointAtEachOtherAreNotAskedInACircleWithoutEnd() {
        done(client.put(b("a"), b("1")));
        done(client.put(b("h"), b("1")));
        long[] epoch = {1};
        script(request -> request.hasWrite()
                ? FakeFleet.refusal(Refusal.newBuilder()
                        .setKind(Refusal.Kind.STALE_ROUTE)
                        .setLeader(request.getWrite().getShard().getGroup() == 1 ? "n2" : "n1")
                        .addShards(FakeFleet.shard(
                                1, "", "g", 3 - request.getWrite().getShard().getGroup(), ++epoch[0])))
                : null);
        CompletableFuture<Long> put = client.put(b("a"), b("2"));
        long before = runtime.millis();
        runtime.runForMillis(1_000);
        assertThat(epoch[0]).isBetween(5L, 60L);
        script(request -> null);
        fleet.configuration = moved(epoch[0], 2).build();
        done(put);
        assertThat(runtime.millis() - before).isLessThan(1_400);
    }

    private Response changed(Request request) {
        return Response.newBuilder()
                .setFleetChange(FleetChangeReply.newBuilder().setGroup(5).setConfigurationNumber(17))
                .build();
    }

    private static FleetChangeRequest join() {
        return FleetChangeRequest.newBuilder()
                .setFleetId("fleet")
                .setJoinGroup(JoinGroup.getDefaultInstance())
                .build();
    }

    @Test
    void aChangeOfTheFleetIsAskedForAgainUnderOneIdUntilItIsAnswered() {
        List<ByteString> ids = new ArrayList<>();
        fleet.byAddress
                .values()
                .forEach(node -> node.script = request -> {
                    if (!request.hasFleetChange()) {
                        return null;
                    }
                    ids.add(request.getFleetChange().getRequestId());
                    if (node.id.equals("n1")) {
                        node.crash();
                        return FakeFleet.SILENCE;
                    }
                    return node.id.equals("n2")
                            ? FakeFleet.refusal(Refusal.newBuilder()
                                    .setKind(Refusal.Kind.NOT_LEADER)
                                    .setLeader("n3"))
                            : ids.size() < 6 ? FakeFleet.refusal(Refusal.Kind.BUSY) : changed(request);
                });
        FleetChangeReply reply = done(client.changeFleet(join(), Duration.ofSeconds(5)));
        assertThat(reply.getGroup()).isEqualTo(5);
        assertThat(ids).hasSizeGreaterThanOrEqualTo(6);
        assertThat(ids).allMatch(ids.get(0)::equals).allMatch(id -> id.size() == 16);
        ids.clear();
        fleet.byAddress.values().forEach(node -> node.script = this::record);
        done(client.changeFleet(join().toBuilder().setRequestId(s("mine")).build(), Duration.ofSeconds(5)));
        assertThat(seen).containsExactly(s("mine"));
    }

    private final List<ByteString> seen = new ArrayList<>();

    private Response record(Request request) {
        if (!request.hasFleetChange()) {
            return null;
        }
        seen.add(request.getFleetChange().getRequestId());
        return changed(request);
    }

    @Test
    void aRefusedChangeOfTheFleetFailsInTheControllersWords() {
        script(request -> request.hasFleetChange()
                ? FakeFleet.refusal(
                        Refusal.newBuilder().setKind(Refusal.Kind.INVALID).setMessage("shard 9 is not known"))
                : null);
        RefusedException refused = refusal(client.changeFleet(join(), Duration.ofSeconds(5)));
        assertThat(refused.reason()).isEqualTo(Reason.INVALID);
        assertThat(refused.getMessage()).isEqualTo("shard 9 is not known");
    }

    @Test
    void aChangeThatMayHaveBeenMadeEndsIndeterminateAndADryRunDoesNot() {
        script(request -> request.hasFleetChange() ? FakeFleet.SILENCE : null);
        indeterminate(client.changeFleet(join(), Duration.ofSeconds(2)));
        assertThat(refused(client.changeFleet(join().toBuilder().setDryRun(true).build(), Duration.ofSeconds(2))))
                .isEqualTo(Reason.UNAVAILABLE);
    }
}
