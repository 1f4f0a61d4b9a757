package io.flotilla.client.call;

import io.flotilla.client.proto.GoodbyeRequest;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.routing.RoutingTable;
import io.flotilla.client.routing.ShardRoute;
import java.time.Duration;

/** Says that a session will not be used again to the shard that has a key. It does no harm if it arrives twice. */
final class GoodbyeCall extends ShardCall<Void> {
    private final WriteSession session;
    private final byte[] key;

    GoodbyeCall(WriteSession session, byte[] key) {
        super(Duration.ofMillis(Goodbyes.WAIT_MILLIS), 0);
        this.session = session;
        this.key = key;
        isOfTheLoop();
    }

    @Override
    ShardRoute resolve(RoutingTable table) {
        return table.find(key);
    }

    @Override
    Request.Builder request(Link link) {
        return Request.newBuilder()
                .setGoodbye(GoodbyeRequest.newBuilder()
                        .setShard(route().ref())
                        .setSessionHigh(session.high())
                        .setSessionLow(session.low()));
    }

    @Override
    boolean accepts(Response response, Attempt attempt) {
        return true;
    }

    @Override
    Void result(Response response, Attempt attempt) {
        return null;
    }

    /** It tells a node to forget: whether it arrived makes no difference to the caller. */
    @Override
    boolean isWrite() {
        return false;
    }

    @Override
    boolean takes(Refusal refusal) {
        return isFinal(refusal) && refusal.getKind() != Refusal.Kind.STALE_ROUTE;
    }
}
