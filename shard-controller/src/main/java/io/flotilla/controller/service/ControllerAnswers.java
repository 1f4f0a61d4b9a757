package io.flotilla.controller.service;

import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Response;
import io.flotilla.raft.core.NodeId;
import java.util.function.Function;

/** Refusals of the controller, in words. Thread-safe. */
final class ControllerAnswers {
    private final Function<NodeId, String> addresses;

    /** @param addresses {@code host:port} of a node, or an empty string if unknown */
    ControllerAnswers(Function<NodeId, String> addresses) {
        this.addresses = addresses;
    }

    static Response refused(long id, Refusal.Builder refusal) {
        return Response.newBuilder().setId(id).setRefusal(refusal).build();
    }

    static Response invalid(long id, String message) {
        return refused(id, Refusal.newBuilder().setKind(Refusal.Kind.INVALID).setMessage(message));
    }

    static Response busy(long id, String message, long retryAfterMillis) {
        return refused(
                id,
                Refusal.newBuilder()
                        .setKind(Refusal.Kind.BUSY)
                        .setMessage(message)
                        .setRetryAfterMillis(retryAfterMillis));
    }

    static Response unfounded(long id) {
        return refused(
                id,
                Refusal.newBuilder()
                        .setKind(Refusal.Kind.UNAVAILABLE)
                        .setMessage("the fleet has no configuration yet"));
    }

    /** What the host refused. */
    Response refused(long id, io.flotilla.raft.host.Refusal refusal) {
        Refusal.Builder answer = Refusal.newBuilder();
        if (refusal instanceof io.flotilla.raft.host.Refusal.NotLeader notLeader) {
            answer.setKind(Refusal.Kind.NOT_LEADER).setMessage("this node does not lead the controller's group");
            name(answer, notLeader.leader());
        } else if (refusal instanceof io.flotilla.raft.host.Refusal.Busy busy) {
            answer.setKind(Refusal.Kind.BUSY)
                    .setMessage("the controller is busy")
                    .setRetryAfterMillis(busy.retryAfterMillis());
        } else if (refusal instanceof io.flotilla.raft.host.Refusal.Transferring transferring) {
            answer.setKind(Refusal.Kind.BUSY)
                    .setMessage("the controller's group transfers its leadership to " + transferring.target())
                    .setRetryAfterMillis(transferring.retryAfterMillis());
        } else if (refusal instanceof io.flotilla.raft.host.Refusal.Indeterminate indeterminate) {
            answer.setKind(Refusal.Kind.INDETERMINATE)
                    .setMessage("the controller lost its leader before the answer was known");
            name(answer, indeterminate.leader());
        } else {
            answer.setKind(Refusal.Kind.UNAVAILABLE)
                    .setMessage("this node has no running replica of the controller's group");
        }
        return refused(id, answer);
    }

    private void name(Refusal.Builder answer, NodeId leader) {
        if (leader != null) {
            answer.setLeader(leader.value()).setLeaderAddress(addresses.apply(leader));
        }
    }
}
