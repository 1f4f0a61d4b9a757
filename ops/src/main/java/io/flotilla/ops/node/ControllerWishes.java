package io.flotilla.ops.node;

import io.flotilla.client.proto.LeaderTransfer;
import io.flotilla.client.proto.NodeReportReply;
import io.flotilla.kv.machine.KvMachines;
import io.flotilla.kv.machine.PublishedGroup;
import io.flotilla.kv.machine.PublishedMove;
import io.flotilla.ops.node.move.NodeMoves;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.host.GroupProgress;
import io.flotilla.raft.host.ProgressCallback;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.host.TransferCallback;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does what the controller wants of the groups that this node leads, with each answer to a report. A leadership goes to another replica
 * unless that would keep the group's clients waiting: its membership changes, one of its shards is frozen in mid-move, or the other
 * replica is unheard or behind. Then nothing is done, and the controller looks again later. Belongs to the node's lane.
 */
final class ControllerWishes implements Consumer<NodeReportReply> {
    private static final Logger LOG = LoggerFactory.getLogger(ControllerWishes.class);
    /** Entries: what a replica takes in within some milliseconds. */
    private static final long MOST_BEHIND = 1_000;

    private final NodeId self;
    private final RaftHost host;
    private final KvMachines machines;
    private final Supplier<NodeMoves> moves;

    ControllerWishes(NodeId self, RaftHost host, KvMachines machines, Supplier<NodeMoves> moves) {
        this.self = self;
        this.host = host;
        this.machines = machines;
        this.moves = moves;
    }

    @Override
    public void accept(NodeReportReply reply) {
        moves.get().awaited(reply.getAwaitedList());
        for (LeaderTransfer transfer : reply.getTransfersList()) {
            host.progress(transfer.getGroup(), new ProgressCallback() {
                @Override
                public void progress(GroupProgress progress) {
                    if (isQuick(transfer, progress)) {
                        begin(transfer);
                    }
                }

                @Override
                public void refused(Refusal refusal) {
                    LOG.debug("{}: group {} stays: {}", self, transfer.getGroup(), refusal);
                }
            });
        }
    }

    /** Any thread. */
    private boolean isQuick(LeaderTransfer transfer, GroupProgress progress) {
        NodeId target = new NodeId(transfer.getTarget());
        return progress.term() == transfer.getTerm()
                && progress.isCommitted()
                && !progress.membership().membership().isJoint()
                && progress.heard().contains(target)
                && !progress.heldBack().containsKey(target)
                && progress.matches().getOrDefault(target, 0L) >= progress.committed() - MOST_BEHIND
                && !isFrozen(transfer.getGroup());
    }

    private boolean isFrozen(long group) {
        PublishedGroup published = machines.published(group);
        return published != null && published.moves().values().stream().anyMatch(PublishedMove::isFrozen);
    }

    /** Any thread. */
    private void begin(LeaderTransfer transfer) {
        host.transferLeadership(transfer.getGroup(), new NodeId(transfer.getTarget()), new TransferCallback() {
            @Override
            public void transferred(NodeId leader) {
                LOG.info("{}: {} leads group {} now: leaders are spread evenly", self, leader, transfer.getGroup());
            }

            @Override
            public void refused(Refusal refusal) {
                LOG.debug("{}: group {} stays: {}", self, transfer.getGroup(), refusal);
            }
        });
    }
}
