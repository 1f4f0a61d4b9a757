package io.flotilla.kv.move;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.proto.CancelMoveCommand;
import io.flotilla.kv.proto.ChangedRow;
import io.flotilla.kv.proto.FreezeCommand;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.kv.proto.MoveOutCommand;
import io.flotilla.kv.proto.MoveReply;
import io.flotilla.kv.proto.MoveRequest;
import io.flotilla.kv.proto.ShardCounters;
import java.util.function.Consumer;

/** What a node of the walk answers to the questions of a driver on another one. */
final class WalkAnswers {
    static final int ROW_BYTES = 100;

    private WalkAnswers() {}

    /** @param told null: not the leader */
    static void answer(DriverWalk walk, WalkNode node, MoveRequest request, Consumer<MoveReply> told) {
        FakeGroup group = walk.groups.get(request.getGroup());
        if (!group.replicas.containsKey(node.id) || !request.hasFence() && !group.believesToLead(node.id)) {
            told.accept(null);
            return;
        }
        FakeShard shard = group.replicas.get(node.id).shard(request.getShard());
        KvCommand command = command(request, shard);
        if (command == null) {
            told.accept(reply(request, shard, ""));
        } else {
            group.propose(node.id, command, false, refused -> told.accept(reply(request, shard, refused)));
        }
    }

    /** What has to be in the log for the answer; null if nothing has, or is already. */
    private static KvCommand command(MoveRequest request, FakeShard shard) {
        MoveReply.Stage stage = shard.stageOf(request.getMove());
        if (request.hasMoveOut() && stage == MoveReply.Stage.NOT_YET) {
            return KvCommand.newBuilder()
                    .setMoveOut(MoveOutCommand.newBuilder()
                            .setShard(request.getShard())
                            .setMove(request.getMove())
                            .setEpoch(request.getMoveOut().getEpoch())
                            .setTarget(request.getMoveOut().getTarget()))
                    .build();
        }
        if (request.hasFreeze() && stage == MoveReply.Stage.MOVING) {
            return KvCommand.newBuilder()
                    .setFreeze(FreezeCommand.newBuilder()
                            .setShard(request.getShard())
                            .setMove(request.getMove())
                            .setTargetTerm(request.getFreeze().getTargetTerm()))
                    .build();
        }
        if (request.hasCancel() && stage == MoveReply.Stage.MOVING) {
            return KvCommand.newBuilder()
                    .setCancel(CancelMoveCommand.newBuilder()
                            .setShard(request.getShard())
                            .setMove(request.getMove()))
                    .build();
        }
        return null;
    }

    private static MoveReply reply(MoveRequest request, FakeShard shard, String refused) {
        MoveReply.Builder reply = MoveReply.newBuilder()
                .setStage(shard.stageOf(request.getMove()))
                .setRefused(refused)
                .setChangeNumber(shard.writes)
                .setFence(shard.fence)
                .setShardBytes(1_000 + ROW_BYTES * shard.writes)
                .setServed(Shard.newBuilder().setId(request.getShard()).setEpoch(shard.epoch));
        request.getLag()
                .getAfterList()
                .forEach(after -> reply.addLagBytes(Math.max(0, shard.writes - after) * ROW_BYTES));
        if (request.hasFreeze() && reply.getStage() == MoveReply.Stage.FROZEN) {
            long after = request.getFreeze().getAfter();
            long many = Math.min(shard.writes - after, 4 * DriverWalk.LIMITS.adoptBytes() / ROW_BYTES);
            for (long i = 0; i < many; i++) {
                reply.addRows(ChangedRow.newBuilder().setValue(ByteString.copyFrom(new byte[ROW_BYTES])));
            }
            reply.setMore(many < shard.writes - after)
                    .setUpTo(after + many)
                    .setCounters(ShardCounters.newBuilder().setChangeNumber(shard.writes));
        }
        return reply.build();
    }
}
