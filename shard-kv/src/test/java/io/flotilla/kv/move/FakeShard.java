package io.flotilla.kv.move;

import io.flotilla.kv.move.ShardFacts.Stage;
import io.flotilla.kv.proto.AdoptCommand;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.kv.proto.MoveReply;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A shard in one replica of a fake group, by the rules of docs/moves.md. Its data is the number of writes that it has taken, which
 * is its change number, too.
 */
final class FakeShard {
    /** What a replica has copied; told once it is durable, so a crash takes nothing back. */
    record Copy(int parts, long changeNumber, boolean gaveUp) {
        static final int PARTS = 3;

        boolean whole() {
            return parts == PARTS;
        }
    }

    final SortedMap<Long, Copy> copies = new TreeMap<>();
    Stage stage = Stage.ABSENT;
    long epoch;
    long move;
    long target;
    long fence;
    long writes;
    long writesAtMoveOut;
    private long targetTerm;

    /** Takes the state of another replica; what was copied for moves that it is not through with stays. */
    void install(FakeShard other) {
        stage = other.stage;
        epoch = other.epoch;
        move = other.move;
        target = other.target;
        fence = other.fence;
        writes = other.writes;
        writesAtMoveOut = other.writesAtMoveOut;
        targetTerm = other.targetTerm;
        copies.keySet().removeIf(of -> of <= fence);
    }

    boolean serves() {
        return stage == Stage.SERVING || stage == Stage.MOVING;
    }

    /** @return why it was not taken; empty if it was, or had been before */
    String apply(KvCommand command) {
        return switch (command.getKindCase()) {
            case MOVE_OUT ->
                moveOut(
                        command.getMoveOut().getMove(),
                        command.getMoveOut().getEpoch(),
                        command.getMoveOut().getTarget());
            case FREEZE ->
                freeze(command.getFreeze().getMove(), command.getFreeze().getTargetTerm());
            case CANCEL -> cancel(command.getCancel().getMove());
            case ADOPT -> adopt(command.getAdopt());
            case DROP -> drop(command.getDrop().getMove());
            case WRITES -> write();
            default -> throw new IllegalStateException("no such entry: " + command);
        };
    }

    private String moveOut(long by, long at, long into) {
        if (by <= fence) {
            return by == fence ? "" : "a later move";
        }
        if (stage != Stage.SERVING || epoch != at) {
            return "not served in epoch " + at;
        }
        stage = Stage.MOVING;
        move = by;
        target = into;
        fence = by;
        writesAtMoveOut = writes;
        return "";
    }

    private String freeze(long by, long term) {
        if (move != by || stage != Stage.MOVING && stage != Stage.FROZEN) {
            return "not moving by " + by;
        }
        if (term < targetTerm) {
            return "a later leader has asked";
        }
        targetTerm = term;
        stage = Stage.FROZEN;
        return "";
    }

    private String cancel(long by) {
        if (stage == Stage.FROZEN && move == by) {
            return "frozen";
        }
        if (by > fence || stage == Stage.MOVING && move == by) {
            if (stage == Stage.MOVING) {
                stage = Stage.SERVING;
                move = 0;
            }
            fence = Math.max(fence, by);
        }
        copies.keySet().removeIf(of -> of <= fence);
        return "";
    }

    private String adopt(AdoptCommand adopt) {
        if (adopt.getMove() <= fence) {
            return "";
        }
        if (serves() || stage == Stage.FROZEN && move >= adopt.getMove()) {
            return "served or frozen here";
        }
        stage = Stage.SERVING;
        move = 0;
        targetTerm = 0;
        fence = adopt.getMove();
        epoch = adopt.getShard().getEpoch();
        writes = adopt.getCounters().getChangeNumber();
        copies.keySet().removeIf(of -> of <= fence);
        return "";
    }

    private String drop(long by) {
        if (stage == Stage.FROZEN && move == by) {
            stage = Stage.GONE;
        }
        return "";
    }

    private String write() {
        if (!serves()) {
            return "not served";
        }
        writes++;
        return "";
    }

    MoveReply.Stage stageOf(long by) {
        if (by == move && stage == Stage.MOVING) {
            return MoveReply.Stage.MOVING;
        }
        if (by == move && stage == Stage.FROZEN) {
            return MoveReply.Stage.FROZEN;
        }
        return fence >= by ? MoveReply.Stage.OVER : MoveReply.Stage.NOT_YET;
    }

    /** Whether a replica in this state may append the entry. */
    boolean admits(AdoptCommand adopt) {
        Copy copy = copies.get(adopt.getMove());
        return fence >= adopt.getMove()
                || copy != null && copy.whole() && copy.changeNumber() >= adopt.getHoldChangeNumber();
    }

    ShardFacts facts() {
        SortedMap<Long, ShardFacts.HoldFacts> holds = new TreeMap<>();
        copies.forEach((of, copy) -> holds.put(of, new ShardFacts.HoldFacts(copy.whole(), copy.changeNumber())));
        return new ShardFacts(stage, epoch, move, target, fence, holds);
    }
}
