package io.flotilla.client.call;

import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.routing.RoutingTable;
import java.time.Duration;

/** A request to the controller's leader. It may arrive more than once: such requests do the same each time. */
public final class ControllerCall extends Call<Response> {
    private final Request request;

    public ControllerCall(Request request, Duration timeout) {
        super(timeout, request.getSerializedSize());
        this.request = request;
    }

    @Override
    void place() {
        if (loop.fleet.table() == null) {
            loop.waitForTable(this);
        } else {
            group().offer(this);
        }
    }

    @Override
    GroupRoute group() {
        return loop.fleet.table() == null ? null : loop.fleet.group(RoutingTable.CONTROLLER_GROUP);
    }

    @Override
    Request.Builder request(Link link) {
        return request.toBuilder();
    }

    @Override
    boolean accepts(Response response, Attempt attempt) {
        return true;
    }

    @Override
    Response result(Response response, Attempt attempt) {
        return response;
    }

    @Override
    boolean isWrite() {
        return NodeCall.changesSomething(request);
    }

    @Override
    boolean takes(Refusal refusal) {
        return switch (refusal.getKind()) {
            case NOT_LEADER, UNAVAILABLE, BUSY, INDETERMINATE, UNKNOWN -> false;
            case INVALID,
                    STALE_ROUTE,
                    EXPIRED,
                    ALREADY_ACKNOWLEDGED,
                    NO_SUCH_CONFIGURATION,
                    NOT_AFTER_TOO_FAR,
                    UNRECOGNIZED -> true;
        };
    }
}
