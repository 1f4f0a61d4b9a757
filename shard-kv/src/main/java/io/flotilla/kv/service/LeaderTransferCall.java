package io.flotilla.kv.service;

import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.TransferLeaderReply;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.host.TransferCallback;
import java.util.function.Consumer;

/** Lets another replica of a group lead, because somebody wants it. Answered once, on any lane. */
final class LeaderTransferCall implements TransferCallback {
    private final Request request;
    private final Door door;
    private final Consumer<Response> out;

    LeaderTransferCall(Request request, Door door, Consumer<Response> out) {
        this.request = request;
        this.door = door;
        this.out = out;
    }

    void begin() {
        String target = request.getTransferLeader().getTarget();
        if (target.isEmpty()) {
            answer(Response.newBuilder()
                    .setRefusal(door.refusals().invalid("the request names no node that shall lead")));
        } else {
            door.replicas().transferLeadership(group(), new NodeId(target), this);
        }
    }

    private long group() {
        return request.getTransferLeader().getGroup();
    }

    @Override
    public void transferred(NodeId leader) {
        answer(Response.newBuilder()
                .setTransferLeader(TransferLeaderReply.newBuilder().setLeader(leader.value())));
    }

    @Override
    public void refused(Refusal refusal) {
        answer(Response.newBuilder()
                .setRefusal(
                        refusal instanceof Refusal.NotEligible notEligible
                                ? door.refusals()
                                        .invalid("node " + notEligible.target() + " has no vote in group " + group()
                                                + ": name one of its replicas")
                                : door.refusals().of(group(), refusal)));
    }

    private void answer(Response.Builder response) {
        out.accept(response.setId(request.getId()).build());
    }
}
