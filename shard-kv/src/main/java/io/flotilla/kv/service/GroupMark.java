package io.flotilla.kv.service;

import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.StateMark;
import io.flotilla.kv.machine.CommandKind;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.kv.proto.MarkCommand;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.Refusal;
import java.util.function.Consumer;

/** Fixes an index of a group by an entry, at which each of its replicas can then tell what its state adds up to. */
final class GroupMark implements ProposalCallback {
    private final long id;
    private final long group;
    private final Door door;
    private final Consumer<Response> out;

    GroupMark(long id, long group, Door door, Consumer<Response> out) {
        this.id = id;
        this.group = group;
        this.door = door;
        this.out = out;
    }

    void propose() {
        if (door.directory().featureLevel() < CommandKind.MARK.featureLevel()) {
            answer(Response.newBuilder()
                    .setRefusal(door.refusals()
                            .tooEarly(CommandKind.MARK, door.directory().featureLevel())));
            return;
        }
        byte[] payload = KvCommand.newBuilder()
                .setMark(MarkCommand.getDefaultInstance())
                .build()
                .toByteArray();
        door.replicas().propose(group, payload, this);
    }

    @Override
    public void applied(long index, Object result) {
        answer(Response.newBuilder().setStateMark(StateMark.newBuilder().setIndex(index)));
    }

    @Override
    public void refused(Refusal refusal) {
        answer(Response.newBuilder().setRefusal(door.refusals().of(group, refusal)));
    }

    private void answer(Response.Builder response) {
        out.accept(response.setId(id).build());
    }
}
