package io.flotilla.client.call;

import com.google.protobuf.UnsafeByteOperations;
import io.flotilla.client.VersionedValue;
import io.flotilla.client.proto.Get;
import io.flotilla.client.proto.ReadReply;
import io.flotilla.client.proto.ReadRequest;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.Value;
import io.flotilla.client.routing.RoutingTable;
import io.flotilla.client.routing.ShardRoute;
import java.time.Duration;
import java.util.Optional;

/** Reads one key. */
public final class GetCall extends ShardCall<Optional<VersionedValue>> {
    private final byte[] key;
    private final Get get;

    /** @param key copied */
    public GetCall(byte[] key, Duration timeout) {
        super(timeout, key.length);
        this.key = key.clone();
        this.get = Get.newBuilder()
                .setKey(UnsafeByteOperations.unsafeWrap(this.key))
                .build();
    }

    @Override
    ShardRoute resolve(RoutingTable table) {
        return table.find(key);
    }

    @Override
    Request.Builder request(Link link) {
        return Request.newBuilder()
                .setRead(ReadRequest.newBuilder().setShard(route().ref()).setGet(get));
    }

    @Override
    boolean isWrite() {
        return false;
    }

    @Override
    boolean accepts(Response response, Attempt attempt) {
        return response.getRead().getResultCase() == ReadReply.ResultCase.GET;
    }

    @Override
    Optional<VersionedValue> result(Response response, Attempt attempt) {
        return value(response.getRead().getGet());
    }

    static Optional<VersionedValue> value(Value value) {
        return value.getFound()
                ? Optional.of(new VersionedValue(value.getValue().toByteArray(), value.getVersion()))
                : Optional.empty();
    }
}
