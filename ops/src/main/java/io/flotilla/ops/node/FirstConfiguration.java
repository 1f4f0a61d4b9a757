package io.flotilla.ops.node;

import io.flotilla.controller.proto.ControllerCommand;
import io.flotilla.controller.proto.FoundFleet;
import io.flotilla.controller.service.ControllerService;
import io.flotilla.ops.node.founding.Identity;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.RoleName;
import io.flotilla.raft.host.GroupStatus;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.host.Refusal;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Proposes the fleet's first configuration where this node leads the controller's group. Belongs to the node's lane. */
final class FirstConfiguration {
    private static final Logger LOG = LoggerFactory.getLogger(FirstConfiguration.class);
    private static final int CALLS_BETWEEN_PROPOSALS = 10;

    private final NodeId self;
    private final Identity identity;
    private final RaftHost host;
    private int calls;

    FirstConfiguration(NodeId self, Identity identity, RaftHost host) {
        this.self = self;
        this.identity = identity;
        this.host = host;
    }

    /** Called again and again while no configuration is known: one call in ten proposes. */
    void propose() {
        GroupStatus status = host.status(ControllerService.GROUP);
        if (calls++ % CALLS_BETWEEN_PROPOSALS != 0
                || status == null
                || status.state().role() != RoleName.LEADER) {
            return;
        }
        byte[] command = ControllerCommand.newBuilder()
                .setFound(FoundFleet.newBuilder()
                        .setFleetId(identity.fleetId())
                        .addAllNodes(identity.nodes())
                        .setGroups(identity.groups())
                        .setShards(identity.shards()))
                .build()
                .toByteArray();
        host.propose(ControllerService.GROUP, command, new ProposalCallback() {
            @Override
            public void applied(long index, Object result) {
                LOG.info("{}: founded fleet {}: {}", self, identity.fleetId(), result);
            }

            @Override
            public void refused(Refusal refusal) {
                LOG.info("{}: the founding is tried again: {}", self, refusal);
            }
        });
    }
}
