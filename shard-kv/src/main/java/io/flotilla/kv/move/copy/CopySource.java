package io.flotilla.kv.move.copy;

import io.flotilla.kv.machine.ShardCopy;
import io.flotilla.kv.machine.ShardMoves;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.transfer.TransferProvider;
import io.flotilla.raft.transport.BulkMessage.Outcome;
import io.flotilla.raft.transport.BulkMessage.Reason;
import io.flotilla.raft.transport.TransferId;
import java.util.SplittableRandom;

/**
 * Gives other nodes the rows of shards that move: as a replica of the owner, from any key on; or, as one of the target, out of its own
 * hold, from the first key on and in one view. Belongs to the transfer lane.
 */
final class CopySource implements TransferProvider {
    private final CopyLimits limits;
    private final Lane lane;
    private final MachineVisits machines;
    /** Draws numbers of views. */
    private final SplittableRandom random;
    /** Copies that are being opened or open. */
    private int open;

    CopySource(CopyLimits limits, Lane lane, MachineVisits machines, SplittableRandom random) {
        this.limits = limits;
        this.lane = lane;
        this.machines = machines;
        this.random = random;
    }

    @Override
    public void open(NodeId peer, TransferId id, byte[] position, Opening opening) {
        CopyId wanted;
        try {
            wanted = CopyId.of(id);
        } catch (IllegalArgumentException e) {
            opening.refused(Reason.REFUSED, 0, e.getMessage());
            return;
        }
        if (wanted.isOfHold() && position.length > 0) {
            opening.refused(Reason.GONE, 0, "a hold is copied in one view, from its first key on");
        } else if (open >= limits.copiesOut()) {
            opening.refused(Reason.BUSY, limits.retryNanos(), "");
        } else {
            open++;
            machines.visit(wanted.group(), machine -> {
                ShardCopy copy = machine == null ? null : copy(machine.moves(), wanted);
                lane.execute(() -> opened(wanted, copy, opening));
            });
        }
    }

    private static ShardCopy copy(ShardMoves moves, CopyId wanted) {
        return wanted.isOfHold()
                ? moves.copyOfHold(wanted.shard(), wanted.move())
                : moves.copy(wanted.shard(), wanted.move());
    }

    private void opened(CopyId wanted, ShardCopy copy, Opening opening) {
        if (copy == null) {
            open--;
            opening.refused(
                    Reason.GONE,
                    0,
                    "this node's replica of group " + wanted.group() + " has nothing of shard " + wanted.shard()
                            + " for move " + wanted.move());
        } else {
            long view = wanted.isOfHold() ? random.nextLong() | 1 : CopyFormat.ANY_VIEW;
            opening.opened(new CopyReader(copy, view, () -> open--));
        }
    }

    @Override
    public void closed(NodeId peer, TransferId id, Throwable cause) {}

    @Override
    public void misplaced(NodeId peer, TransferId id) {}

    @Override
    public void over(NodeId peer, TransferId id, Outcome outcome, String text) {}
}
