package io.flotilla.kv.move.copy;

import io.flotilla.kv.machine.KvStateMachine;
import io.flotilla.kv.machine.MoveOutcome;
import io.flotilla.kv.machine.ShardChanges;
import io.flotilla.kv.machine.ShardCopy;
import io.flotilla.kv.machine.ShardMoves;
import io.flotilla.kv.proto.AskChanges;
import io.flotilla.kv.proto.MoveReply;
import io.flotilla.kv.proto.MoveRequest;

/** What any replica of the owner answers to those that copy. Stateless. */
public final class SourceAnswers {
    /** An answer has no more than about this, whoever asks for more. */
    private static final int MOST_BYTES = 1 << 20;

    private SourceAnswers() {}

    /** Whether the request is one for {@link #answer}. */
    public static boolean isFor(MoveRequest request) {
        return request.hasSource() || request.hasChanges();
    }

    /**
     * On the applier lane of the group that the request names, see {@link MachineVisits}.
     *
     * @param machine null if there is no running replica of it here
     */
    public static MoveReply answer(KvStateMachine machine, MoveRequest request) {
        MoveReply.Builder reply = MoveReply.newBuilder();
        if (machine == null) {
            return reply.setRefused("this node has no running replica of group " + request.getGroup())
                    .build();
        }
        ShardMoves moves = machine.moves();
        MoveOutcome state = moves.state(request.getShard(), request.getMove());
        reply.setStage(state.stage())
                .setChangeNumber(state.changeNumber())
                .setFromChangeNumber(state.fromChangeNumber());
        if (state.stage() != MoveReply.Stage.MOVING && state.stage() != MoveReply.Stage.FROZEN) {
            return reply.setRefused("shard " + request.getShard() + " does not move by move " + request.getMove()
                            + " here: " + state.stage())
                    .build();
        }
        if (state.served() != null) {
            reply.setServed(state.served());
        }
        if (request.hasChanges()) {
            changes(moves, request, reply);
        } else {
            try (ShardCopy copy = moves.copy(request.getShard(), request.getMove())) {
                reply.setShardBytes(copy == null ? 0 : copy.approximateBytes());
            }
        }
        return reply.build();
    }

    private static void changes(ShardMoves moves, MoveRequest request, MoveReply.Builder reply) {
        AskChanges asked = request.getChanges();
        int most = Math.max(1, Math.min(MOST_BYTES, asked.getMaxBytes()));
        ShardChanges changes =
                moves.changesAfter(request.getShard(), request.getMove(), asked.getAfter(), asked.getAfterPart(), most);
        if (changes == null) {
            reply.setRefused("change " + asked.getAfter() + " is out of reach here, where " + reply.getChangeNumber()
                    + " is the last");
            return;
        }
        reply.setUpTo(changes.upTo())
                .setUpToPart(changes.upToPart())
                .setMore(changes.more())
                .addAllRows(changes.rows())
                .addAllSessions(changes.sessions());
    }
}
