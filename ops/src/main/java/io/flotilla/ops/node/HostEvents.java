package io.flotilla.ops.node;

import io.flotilla.ops.node.move.NodeMoves;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.RoleName;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.host.DiskHangsException;
import io.flotilla.raft.host.HostListener;
import io.flotilla.raft.machine.UnknownCommandException;
import io.flotilla.raft.runtime.Clock;
import io.flotilla.raft.runtime.Lane;
import java.io.IOException;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes what the host tells its node to whom it concerns. Thread-safe. */
final class HostEvents implements HostListener {
    private static final Logger LOG = LoggerFactory.getLogger(HostEvents.class);

    private final NodeId self;
    private final Disk disk;
    private final Lane lane;
    private final FleetMember.Listener listener;
    private final Supplier<NodeMoves> moves;
    private final LostMajorities lost;
    private final Clock clock;

    /** @param moves there from the host's start on */
    HostEvents(
            NodeId self,
            Disk disk,
            Lane lane,
            FleetMember.Listener listener,
            Supplier<NodeMoves> moves,
            LostMajorities lost,
            Clock clock) {
        this.self = self;
        this.disk = disk;
        this.lane = lane;
        this.listener = listener;
        this.moves = moves;
        this.lost = lost;
        this.clock = clock;
    }

    @Override
    public void answersGiven() {
        listener.answersGiven();
    }

    @Override
    public void roleChanged(long groupId, RoleName role, long term, NodeId leader) {
        lost.leaderIs(groupId, leader, clock.nanos());
        moves.get().roleChanged();
    }

    @Override
    public boolean heldBack(long groupId, Entry entry, NodeId from) {
        return moves.get().heldBack(groupId, entry, from);
    }

    @Override
    public void told(NodeId from, byte[] bytes) {
        moves.get().told(from, bytes);
    }

    @Override
    public void groupFailed(long groupId, Throwable cause) {
        lost.halted(groupId);
        if (cause instanceof UnknownCommandException) {
            // a newer version's doing, and nothing is broken: the other groups go on
            LOG.error("{}: the replica of group {} was halted: {}", self, groupId, cause.getMessage());
            return;
        }
        LOG.error("{}: the replica of group {} was halted", self, groupId, cause);
        NodeFailure failure = NodeFailure.ofReplica(groupId, cause);
        if (failure != null) {
            lane.execute(() -> listener.failed(failure));
        }
    }

    @Override
    public void nodeFailed(Throwable cause) {
        LOG.error("{}: the node can't go on", self, cause);
        // the host does not know where things lie
        NodeFailure failure = NodeFailure.of(
                cause instanceof DiskHangsException
                        ? new IOException(
                                "the disk of " + disk.describe(FleetMember.LOG_DIRECTORY) + ": " + cause.getMessage())
                        : cause);
        lane.execute(() -> listener.failed(failure));
    }
}
