package io.flotilla.ops.status;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.client.proto.ReplicaStatus;
import io.flotilla.client.proto.Shard;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * The state of a fleet at about one moment. Immutable.
 *
 * @param configuration the newest configuration's number
 * @param fleetId the fleet's identity
 * @param controller the controller's group
 * @param nodes by id
 * @param groups data groups, by id
 * @param shards in key order
 */
public record FleetStatus(
        long configuration,
        String fleetId,
        GroupLine controller,
        List<NodeLine> nodes,
        List<GroupLine> groups,
        List<ShardLine> shards) {
    /** Id of the controller's group. */
    private static final long CONTROLLER_GROUP = 0;

    /**
     * @param state {@code up}; {@code starting}: reachable but not ready; {@code down}: not reachable
     * @param reason why it is not up; empty if it is
     */
    public record NodeLine(String id, String address, String httpAddress, String state, String reason) {}

    /**
     * As told by the replica with the highest term.
     *
     * @param leader empty if none is known
     * @param term 0 if no replica answered
     */
    public record GroupLine(long id, String leader, long term, long commitIndex, List<String> replicas) {}

    /**
     * @param start inclusive, in hex
     * @param end exclusive, in hex; empty for no bound
     */
    public record ShardLine(long id, String start, String end, long group, long epoch, String state) {}

    /**
     * Merges what the nodes said.
     *
     * @param reports by node id; a node without one is down
     */
    public static FleetStatus merge(Configuration configuration, Map<String, NodeStatus> reports) {
        List<NodeLine> nodes = new ArrayList<>();
        for (Node node : configuration.getNodesList()) {
            nodes.add(nodeLine(node, reports.get(node.getId())));
        }
        List<GroupLine> groups = new ArrayList<>();
        for (Group group : configuration.getGroupsList()) {
            groups.add(groupLine(group.getId(), group.getReplicasList(), reports.values()));
        }
        List<ShardLine> shards = new ArrayList<>();
        for (Shard shard : configuration.getShardsList()) {
            shards.add(new ShardLine(
                    shard.getId(),
                    hex(shard.getStart()),
                    hex(shard.getEnd()),
                    shard.getGroup(),
                    shard.getEpoch(),
                    "serving"));
        }
        return new FleetStatus(
                configuration.getNumber(),
                configuration.getFleetId(),
                groupLine(CONTROLLER_GROUP, configuration.getControllerReplicasList(), reports.values()),
                List.copyOf(nodes),
                List.copyOf(groups),
                List.copyOf(shards));
    }

    private static NodeLine nodeLine(Node node, NodeStatus report) {
        String state = report == null ? "down" : report.getReady() ? "up" : "starting";
        String reason = report == null ? "does not answer" : report.getReady() ? "" : report.getReason();
        return new NodeLine(node.getId(), node.getAddress(), node.getHttpAddress(), state, reason);
    }

    private static GroupLine groupLine(long id, List<String> replicas, Collection<NodeStatus> reports) {
        long term = 0;
        long commitIndex = 0;
        String leader = "";
        for (NodeStatus report : reports) {
            for (ReplicaStatus replica : report.getReplicasList()) {
                if (replica.getGroup() != id || replica.getTerm() < term) {
                    continue;
                }
                if (replica.getTerm() > term) {
                    term = replica.getTerm();
                    commitIndex = 0;
                    leader = "";
                }
                commitIndex = Math.max(commitIndex, replica.getCommitIndex());
                if (leader.isEmpty()) {
                    leader = replica.getLeader();
                }
            }
        }
        return new GroupLine(id, leader, term, commitIndex, List.copyOf(replicas));
    }

    private static String hex(ByteString bytes) {
        return HexFormat.of().formatHex(bytes.toByteArray());
    }
}
