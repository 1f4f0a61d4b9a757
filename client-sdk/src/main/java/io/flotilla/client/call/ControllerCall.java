package io.flotilla.client.call;

import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.routing.RoutingTable;
import java.time.Duration;
import java.util.function.Function;

/** A request to the controller's leader. It may arrive more than once: such requests do the same each time. */
public final class ControllerCall<T> extends Call<T> {
    private final Request request;
    private final Function<Response, T> reader;

    /** @param reader makes the result of an answer that another try would not change; may throw a FlotillaException */
    public ControllerCall(Request request, Duration timeout, Function<Response, T> reader) {
        super(timeout, request.getSerializedSize());
        this.request = request;
        this.reader = reader;
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
    T result(Response response, Attempt attempt) {
        return reader.apply(response);
    }

    @Override
    boolean isWrite() {
        return NodeCall.changesSomething(request);
    }

    @Override
    boolean takes(Refusal refusal) {
        return isFinal(refusal);
    }
}
