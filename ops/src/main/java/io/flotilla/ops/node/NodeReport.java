package io.flotilla.ops.node;

import io.flotilla.client.proto.NodeCounters;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.client.proto.ReplicaStatus;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.host.GroupStatus;
import io.flotilla.raft.host.HostStats;

/** What a node says of itself to whoever asks. */
final class NodeReport {
    private NodeReport() {}

    /**
     * @param member null before there is one, and when the node stops
     * @param served whether it was ready before
     * @param missing why the node is not ready: one line; empty if it is
     * @param since when it came to be so, wall clock in milliseconds
     */
    static NodeStatus of(
            NodeConfig config, String fleetId, FleetMember member, boolean served, String missing, long since) {
        NodeStatus.Builder status = NodeStatus.newBuilder()
                .setId(config.id().value())
                .setAddress(config.address())
                .setHttpAddress(config.httpAddress())
                .setFleetId(fleetId)
                .setVersion(ProgramVersion.VALUE)
                .setPid(config.process().pid())
                .setMachine(config.process().machine())
                .setReady(missing.isEmpty())
                .setReason(missing)
                .setServed(served)
                .setSinceMillis(since);
        if (member != null) {
            status.setGroupsLost(member.readiness().groupsLost());
            status.setConfigurationNumber(member.configurationNumber());
            member.replicas().forEach(replica -> status.addReplicas(describe(replica)));
            status.setCounters(describe(member.stats())
                    .setMoves(member.moves().counts())
                    .setCopies(member.moves().copies()));
            status.addAllMoves(member.moves().statuses());
        }
        return status.build();
    }

    private static NodeCounters.Builder describe(HostStats stats) {
        return NodeCounters.newBuilder()
                .setLogsCut(stats.basesMoved())
                .setSnapshotsSent(stats.snapshotsSent())
                .setSnapshotBytesSent(stats.snapshotBytesOut())
                .setSnapshotsInstalled(stats.snapshotsInstalled())
                .setSnapshotBytesReceived(stats.snapshotBytesIn());
    }

    private static ReplicaStatus describe(GroupStatus replica) {
        ReplicaStatus.Builder status = ReplicaStatus.newBuilder()
                .setGroup(replica.groupId())
                .setTerm(replica.state().term())
                .setCommitIndex(replica.state().committed())
                .setAppliedIndex(replica.applied())
                .setFirstIndex(replica.firstIndex())
                .setLastIndex(replica.state().last())
                .setRole(replica.state().role().name());
        for (NodeId node : replica.membership().all()) {
            status.addReplicas(node.value());
        }
        if (replica.leader() != null) {
            status.setLeader(replica.leader().value());
        }
        if (replica.failure() != null) {
            status.setFailure(replica.failure());
        }
        return status.build();
    }
}
