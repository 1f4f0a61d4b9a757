package io.flotilla.kv.machine;

import io.flotilla.kv.proto.AdoptCommand;
import io.flotilla.kv.proto.CancelMoveCommand;
import io.flotilla.kv.proto.DropCommand;
import io.flotilla.kv.proto.FreezeCommand;
import io.flotilla.kv.proto.MoveOutCommand;
import io.flotilla.kv.proto.MoveReply.Stage;
import io.flotilla.kv.proto.MoveRow;
import io.flotilla.kv.proto.ShardCounters;
import io.flotilla.kv.proto.ShardRow;
import io.flotilla.raft.core.Check;
import io.flotilla.raft.core.NodeId;

/**
 * What each entry of a move is taken for and what it does, in the group that has it in its log. Each may come again, late, and in any
 * order; all but the hold's rows depends on the entry and the state alone. Applier lane.
 */
final class MoveCommands {
    private final long group;
    private final NodeRows node;
    private final GroupState state;

    MoveCommands(long group, NodeRows node, GroupState state) {
        this.group = group;
        this.node = node;
        this.state = state;
    }

    /** Taken by a group that serves the shard at the epoch, with a fence below the move: it goes on serving. */
    MoveOutcome moveOut(MoveOutCommand command, long index) {
        long id = command.getShard();
        long move = command.getMove();
        ShardState shard = state.guard().find(id);
        if (move <= state.fences().of(id)) {
            boolean isHere = shard != null && shard.movesBy(move);
            return told(id, move, index, isHere ? "" : "the group is through with it");
        }
        if (shard == null) {
            return told(id, move, index, "the group does not have the shard");
        }
        if (shard.move() != null) {
            return told(id, move, index, "the shard moves by " + shard.move().getMove());
        }
        if (shard.epoch() != command.getEpoch() || command.getTarget() == group) {
            return told(
                    id,
                    move,
                    index,
                    "it is of epoch " + command.getEpoch() + " to group " + command.getTarget() + ", group " + group
                            + " serves the shard in epoch " + shard.epoch());
        }
        shard.moveOut(
                MoveRow.newBuilder()
                        .setMove(move)
                        .setTarget(command.getTarget())
                        .setChangeIndexRows(command.getChangeIndexRows())
                        .build(),
                node.numbers().reserve(1));
        state.raiseFence(id, move);
        state.restructured();
        return told(id, move, index, "");
    }

    /** Taken while moving by exactly this: from here on nothing of the shard changes in this group. */
    MoveOutcome freeze(FreezeCommand command, long index) {
        long id = command.getShard();
        long move = command.getMove();
        ShardState shard = state.guard().find(id);
        if (shard == null || !shard.movesBy(move)) {
            return told(id, move, index, "the shard does not move by it");
        }
        if (!isNode(command.getTargetLeader())) {
            return told(id, move, index, "no node has the name of the leader that asks for it");
        }
        MoveRow row = shard.move();
        if (command.getTargetTerm() < row.getTargetTerm()) {
            return told(id, move, index, "the target's leader of term " + row.getTargetTerm() + " asked for it before");
        }
        shard.moved(row.toBuilder()
                .setTargetTerm(command.getTargetTerm())
                .setTargetLeader(command.getTargetLeader())
                .setFrozenAt(shard.isFrozen() ? row.getFrozenAt() : index)
                .build());
        state.changed();
        return told(id, move, index, "");
    }

    private static boolean isNode(String name) {
        try {
            return name.isEmpty() || new NodeId(name).value().equals(name);
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /**
     * At the owner taken while moving by exactly this, or while serving with a lower fence; never once frozen. At the target, which
     * has no such shard, or one that an older move froze, taken with a lower fence.
     */
    MoveOutcome cancel(CancelMoveCommand command, long index) {
        long id = command.getShard();
        long move = command.getMove();
        ShardState shard = state.guard().find(id);
        if (shard != null && shard.movesBy(move)) {
            if (shard.isFrozen()) {
                return told(id, move, index, "the shard is frozen: the move goes on to its end");
            }
            shard.cancelMove();
            state.restructured();
        } else if (move > state.fences().of(id)) {
            if (shard != null && shard.move() != null && !shard.isFrozen()) {
                return told(
                        id, move, index, "the shard moves by " + shard.move().getMove());
            }
            state.raiseFence(id, move);
        }
        return told(id, move, index, "");
    }

    /**
     * Taken with a fence below the move by a group that has no such shard, or one that an older move froze. Every replica that has the
     * entry in its log holds what it names.
     */
    MoveOutcome adopt(AdoptCommand command, long index) {
        long id = command.getShard().getId();
        long move = command.getMove();
        if (move <= state.fences().of(id)) {
            return told(id, move, index, "");
        }
        ShardState before = state.guard().find(id);
        if (before != null && !before.isFrozen()) {
            return told(id, move, index, "the group serves the shard");
        }
        if (command.getShard().getGroup() != group) {
            return told(id, move, index, "it is for group " + command.getShard().getGroup());
        }
        Holds.Hold hold = state.holds().find(id, move);
        Check.that(
                hold != null && hold.row().getWhole() && hold.row().getChangeNumber() >= command.getHoldChangeNumber(),
                "group %s: entry %s adopts shard %s from change number %s on by move %s, which is not held here: %s",
                group,
                index,
                id,
                command.getHoldChangeNumber(),
                move,
                hold == null ? "nothing" : hold.row().getChangeNumber());
        ShardCounters counters = command.getCounters();
        ShardRow row = ShardRow.newBuilder()
                .setShard(command.getShard().toBuilder()
                        .clearTarget()
                        .clearMoveId()
                        .clearCancelled())
                .addAllPieces(hold.row().getPiecesList())
                .setSessionNumber(hold.row().getSessionNumber())
                .setLastVersion(counters.getLastVersion())
                .setChangeNumber(counters.getChangeNumber())
                .setLogTimeMillis(counters.getLogTimeMillis())
                .setSweepAtMillis(counters.getSweepAtMillis())
                .build();
        state.put(ShardState.adopt(node, row, state.holds().sessions(hold), command));
        state.raiseFence(id, move);
        state.fences().come(id, move);
        return told(id, move, index, "");
    }

    /** Taken while frozen by exactly this: the shard goes, the fence stays. */
    MoveOutcome drop(DropCommand command, long index) {
        long id = command.getShard();
        long move = command.getMove();
        ShardState shard = state.guard().find(id);
        boolean isHere = shard != null && shard.movesBy(move);
        if (isHere && shard.isFrozen()) {
            state.remove(shard);
            state.fences().gone(shard.whereItGoes());
            return told(id, move, index, "");
        }
        boolean isOver = !isHere && move <= state.fences().of(id);
        return told(id, move, index, isOver ? "" : "the shard is not frozen by it");
    }

    /** How far the group is with a move. @param refused why what was asked for was not done; empty if it was */
    MoveOutcome told(long id, long move, long index, String refused) {
        ShardState shard = state.guard().find(id);
        long fence = state.fences().of(id);
        MoveRow row = shard != null && shard.movesBy(move) ? shard.move() : null;
        boolean frozen = row != null && shard.isFrozen();
        Stage stage = row == null ? (move > fence ? Stage.NOT_YET : Stage.OVER) : frozen ? Stage.FROZEN : Stage.MOVING;
        return new MoveOutcome(
                stage,
                refused.isEmpty() ? "" : "group " + group + ", shard " + id + ", move " + move + ": " + refused,
                index,
                fence,
                shard == null ? null : shard.shard(),
                shard == null ? 0 : shard.changeNumber(),
                row == null ? 0 : row.getFromChangeNumber(),
                frozen ? row.getFrozenAt() : 0,
                frozen ? shard.counters() : null);
    }
}
