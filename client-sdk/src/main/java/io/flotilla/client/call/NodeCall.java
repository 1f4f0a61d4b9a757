package io.flotilla.client.call;

import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import java.time.Duration;
import java.util.function.Function;

/** A request to one node by its address. It is sent once; every answer of the node is an answer, a refusal too. */
public final class NodeCall<T> extends Call<T> {
    private final String address;
    private final Request request;
    private final Function<Response, T> reader;

    /** @param reader makes the result; may throw a FlotillaException instead */
    public NodeCall(String address, Request request, Duration timeout, Function<Response, T> reader) {
        super(timeout, request.getSerializedSize());
        this.address = address;
        this.request = request;
        this.reader = reader;
    }

    @Override
    void place() {
        Link link = loop.fleet.link(address);
        if (link.isReady()) {
            loop.send(this, link, null, null);
        } else {
            link.callers.enter(this);
            link.connect();
        }
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
        return changesSomething(request);
    }

    @Override
    boolean takes(Refusal refusal) {
        return true;
    }

    @Override
    boolean survivesLoss() {
        return false;
    }

    static boolean changesSomething(Request request) {
        return switch (request.getBodyCase()) {
            case WRITE, GOODBYE, REGISTER_NODE, FOUNDING, MOVE_REPORT, MOVE, TRANSFER_LEADER -> true;
            case PASS_ON -> changesSomething(request.getPassOn().getRequest());
            case FLEET_CHANGE -> !request.getFleetChange().getDryRun();
            case READ,
                    CONFIGURATION,
                    CREATION_RECORD,
                    WATCH,
                    NODE_STATUS,
                    REPLICA_CHECKSUM,
                    NODE_REPORT,
                    STATE_MARK,
                    BODY_NOT_SET -> false;
        };
    }
}
