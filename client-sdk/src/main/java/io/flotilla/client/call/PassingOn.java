package io.flotilla.client.call;

import io.flotilla.client.proto.PassOnRequest;
import io.flotilla.client.proto.Request;
import io.flotilla.client.routing.RoutingTable;

/** What a node passes on to the leader of a group for a client that can't reach it. Pure. */
public final class PassingOn {
    private PassingOn() {}

    /** Whether it may be passed on: it is for a group's leader, has one answer, and was not passed on before. */
    public static boolean isAllowed(Request request) {
        return !request.getPassedOn()
                && switch (request.getBodyCase()) {
                    case READ, WRITE, GOODBYE, FLEET_CHANGE -> true;
                    case CONFIGURATION ->
                        request.getConfiguration().getNumber() > 0
                                || request.getConfiguration().getLinearizable();
                    case WATCH,
                            NODE_STATUS,
                            REGISTER_NODE,
                            FOUNDING,
                            REPLICA_CHECKSUM,
                            CREATION_RECORD,
                            NODE_REPORT,
                            STATE_MARK,
                            MOVE_REPORT,
                            MOVE,
                            TRANSFER_LEADER,
                            PASS_ON,
                            BODY_NOT_SET -> false;
                };
    }

    /** The group whose leader it is for. @param request one that may be passed on */
    public static long group(Request request) {
        return switch (request.getBodyCase()) {
            case READ -> request.getRead().getShard().getGroup();
            case WRITE -> request.getWrite().getShard().getGroup();
            case GOODBYE -> request.getGoodbye().getShard().getGroup();
            default -> RoutingTable.CONTROLLER_GROUP;
        };
    }

    /**
     * Asks a node to pass it on; one that may not be is left as it is.
     *
     * @param leader the node that leads the group
     */
    static Request.Builder wrap(Request.Builder request, String leader, long timeoutMillis) {
        Request inner = request.build();
        return isAllowed(inner)
                ? Request.newBuilder()
                        .setPassOn(PassOnRequest.newBuilder()
                                .setRequest(inner)
                                .setLeader(leader)
                                .setTimeoutMillis((int) Math.max(1, Math.min(timeoutMillis, Integer.MAX_VALUE))))
                : request;
    }
}
