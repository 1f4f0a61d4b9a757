package io.flotilla.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.ReadReply;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.Row;
import io.flotilla.client.proto.ScanResult;
import io.flotilla.client.proto.Shard;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Answers to scans that come late, when the shard that was asked has another range by now. */
final class ScanRoutesTest extends ScriptedFleetTest {
    private static final List<String> KEYS = List.of("a", "b", "d", "f", "g", "h");

    /** What a node answers that was asked for all of a range, and read it in time. */
    private static Response pageOf(String from, String to, boolean reverse) {
        List<Row> rows = new ArrayList<>();
        for (String key : KEYS) {
            if (key.compareTo(from) >= 0 && key.compareTo(to) < 0) {
                rows.add(
                        reverse ? 0 : rows.size(),
                        Row.newBuilder().setKey(s(key)).setVersion(1).build());
            }
        }
        return Response.newBuilder()
                .setRead(ReadReply.newBuilder().setScan(ScanResult.newBuilder().addAllRows(rows)))
                .build();
    }

    private static boolean isScanOf(Request request, long shard, long epoch) {
        return request.hasRead()
                && request.getRead().hasScan()
                && request.getRead().getShard().getId() == shard
                && request.getRead().getShard().getEpoch() == epoch;
    }

    /**
     * The node is asked for a shard, and silent for a while; meanwhile the range of the shard changes, the scan is asked for once more by the
     * new route, and nobody answers that. Then the first answer comes.
     */
    private List<String> scanned(String oldEnd, String newEnd, boolean reverse) {
        KEYS.forEach(key -> fleet.store.put(s(key), s("v")));
        fleet.configuration = shards(1, FakeFleet.shard(1, "", oldEnd, 1, 1), FakeFleet.shard(2, oldEnd, "", 2, 1));
        fleet.leaders.put(2L, "n3");
        done(client.get(b("a")));
        done(client.get(b("h")));
        FakeFleet.FakeNode slow = fleet.node("n1");
        slow.script = request -> isScanOf(request, 1, 1) ? pageOf("", oldEnd, reverse) : null;
        slow.stalledUntil = runtime.millis() + 900;
        ScanQuery query = reverse ? ScanQuery.all().to(oldEnd).reverse() : ScanQuery.all();
        List<String> found = new ArrayList<>();
        CompletableFuture<ScanPage> first = client.scan(query);
        runtime.runForMillis(100);
        fleet.node("n2").script = request -> isScanOf(request, 1, 2) ? FakeFleet.SILENCE : null;
        fleet.leaders.put(1L, "n2");
        fleet.publish(shards(2, FakeFleet.shard(1, "", newEnd, 1, 2), FakeFleet.shard(2, newEnd, "", 2, 2)));
        runtime.runForMillis(700);
        assertThat(first).isNotDone();
        ScanPage page = done(first);
        fleet.node("n2").script = request -> null;
        Optional<ScanQuery> next = add(page, found);
        while (next.isPresent()) {
            next = add(done(client.scan(next.get())), found);
        }
        return found;
    }

    private static Optional<ScanQuery> add(ScanPage page, List<String> found) {
        page.rows().forEach(row -> found.add(row.keyText()));
        return page.next();
    }

    private io.flotilla.client.proto.Configuration shards(long number, Shard... shards) {
        return fleet.configuration.toBuilder()
                .setNumber(number)
                .clearShards()
                .addAllShards(List.of(shards))
                .build();
    }

    @Test
    void aLateAnswerOfAShardThatWasLargerRepeatsNoRow() {
        assertThat(scanned("g", "c", false)).isEqualTo(KEYS);
    }

    @Test
    void aLateAnswerOfAShardThatWasSmallerLeavesNoRowOut() {
        assertThat(scanned("c", "g", false)).isEqualTo(KEYS);
    }

    @Test
    void backwardsTheStartOfTheShardThatWasAskedCounts() {
        assertThat(scanned("g", "c", true)).containsExactly("f", "d", "b", "a");
    }

    /** A page that says that there is more, and leads nowhere, would be asked for without end. */
    @Test
    void aPageThatGetsNowhereIsNotTaken() {
        KEYS.forEach(key -> fleet.store.put(s(key), s("v")));
        done(client.get(b("a")));
        int[] asked = {0};
        script(request -> {
            if (!isScanOf(request, 1, 1) || asked[0]++ > 0) {
                return null;
            }
            return Response.newBuilder()
                    .setRead(ReadReply.newBuilder()
                            .setScan(ScanResult.newBuilder().setMore(true).setNext(ByteString.EMPTY)))
                    .build();
        });
        List<String> found = new ArrayList<>();
        ScanPage page = done(client.scan(ScanQuery.all()));
        assertThat(page.rows()).isNotEmpty();
        Optional<ScanQuery> next = add(page, found);
        while (next.isPresent()) {
            next = add(done(client.scan(next.get())), found);
        }
        assertThat(found).isEqualTo(KEYS);
        assertThat(asked[0]).isGreaterThan(1);
    }
}
