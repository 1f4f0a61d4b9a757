package io.flotilla.client.call;

import com.google.protobuf.ByteString;
import io.flotilla.client.VersionedValue;
import io.flotilla.client.net.ClientRuntime;
import io.flotilla.client.proto.MultiGet;
import io.flotilla.client.proto.ReadReply;
import io.flotilla.client.proto.ReadRequest;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.Value;
import io.flotilla.client.routing.RoutingTable;
import io.flotilla.client.routing.ShardRoute;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Reads some keys of one shard, as a part of a multiGet that may touch many. When the keys turn out to be in several
 * shards, or too many for one request, the call keeps those of the first and starts another for the rest.
 */
public final class MultiGetCall extends ShardCall<Void> {
    /** A node answers at most 16 MiB of values at once: that many of the largest. */
    private static final int KEYS_PER_REQUEST = 16;

    /** A multiGet as a whole: the parts fill in their places. */
    private static final class Whole {
        final OperationFuture<List<Optional<VersionedValue>>> future = new OperationFuture<>();
        final List<Optional<VersionedValue>> values;
        int missing;

        Whole(int keys) {
            values = new ArrayList<>(java.util.Collections.nCopies(keys, Optional.empty()));
            missing = keys;
        }
    }

    private final Whole whole;
    private final byte[][] keys;
    // place i of this call is place[i] of the whole; of both only the first count ones are still this call's
    private final int[] places;
    private int count;

    /** @param keys copied already; at least one */
    public MultiGetCall(byte[][] keys, long bytes, Duration timeout) {
        this(new Whole(keys.length), keys, identity(keys.length), bytes, timeout);
    }

    private MultiGetCall(Whole whole, byte[][] keys, int[] places, long bytes, Duration timeout) {
        super(timeout, bytes);
        this.whole = whole;
        this.keys = keys;
        this.places = places;
        this.count = keys.length;
        future.isOfTheLoop();
        future.whenComplete((nothing, failure) -> {
            if (failure != null) {
                tell(whole.future, () -> whole.future.completeExceptionally(failure));
            }
        });
    }

    @Override
    void isGivenTo(ClientRuntime runtime) {
        whole.future.isGivenTo(runtime);
    }

    @Override
    public void isOfTheLoop() {
        whole.future.isOfTheLoop();
    }

    /** Complete when all parts are. */
    public CompletableFuture<List<Optional<VersionedValue>>> values() {
        return whole.future;
    }

    @Override
    ShardRoute resolve(RoutingTable table) {
        ShardRoute route = table.find(keys[0]);
        if (route != null) {
            splitOff(route);
        }
        return route;
    }

    @Override
    Request.Builder request(Link link) {
        MultiGet.Builder multiGet = MultiGet.newBuilder();
        for (int i = 0; i < count; i++) {
            multiGet.addKeys(ByteString.copyFrom(keys[i]));
        }
        return Request.newBuilder()
                .setRead(ReadRequest.newBuilder().setShard(route().ref()).setMultiGet(multiGet));
    }

    @Override
    boolean isWrite() {
        return false;
    }

    /** An attempt from before a split brought more values than are wanted by now: it is not taken. */
    @Override
    boolean accepts(Response response, Attempt attempt) {
        return response.getRead().getResultCase() == ReadReply.ResultCase.MULTI_GET
                && response.getRead().getMultiGet().getValuesCount() == count;
    }

    @Override
    Void result(Response response, Attempt attempt) {
        List<Value> values = response.getRead().getMultiGet().getValuesList();
        for (int i = 0; i < count; i++) {
            whole.values.set(places[i], GetCall.value(values.get(i)));
        }
        whole.missing -= count;
        if (whole.missing == 0) {
            tell(whole.future, () -> whole.future.complete(whole.values));
        }
        return null;
    }

    private void splitOff(ShardRoute route) {
        int stay = 0;
        int go = 0;
        byte[][] goingKeys = new byte[count][];
        int[] goingPlaces = new int[count];
        for (int i = 0; i < count; i++) {
            if (stay < KEYS_PER_REQUEST && route.contains(keys[i])) {
                keys[stay] = keys[i];
                places[stay++] = places[i];
            } else {
                goingKeys[go] = keys[i];
                goingPlaces[go++] = places[i];
            }
        }
        count = stay;
        if (go > 0) {
            MultiGetCall rest = new MultiGetCall(
                    whole,
                    Arrays.copyOf(goingKeys, go),
                    Arrays.copyOf(goingPlaces, go),
                    0,
                    Duration.ofNanos(timeoutNanos));
            loop.beginPart(rest, deadline);
        }
    }

    private static int[] identity(int length) {
        int[] places = new int[length];
        for (int i = 0; i < length; i++) {
            places[i] = i;
        }
        return places;
    }
}
