package io.flotilla.ops.status;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.NodeStatus;
import io.flotilla.client.proto.ReplicaStatus;
import io.flotilla.client.proto.Shard;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

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
     * @param version of its program; empty if it does not answer
     * @param replicas how many the configuration places there, the controller's included
     * @param leaders how many of them lead
     */
    public record NodeLine(
            String id,
            String address,
            String httpAddress,
            String state,
            String reason,
            String version,
            int replicas,
            int leaders) {}

    /**
     * As told by the replicas with the highest term.
     *
     * @param leader empty if none is known
     * @param term 0 if no replica answered
     * @param appliedIndex the lowest of the replicas that answered
     * @param firstIndex the highest of the replicas that answered: a log that begins later is caught up by a snapshot
     * @param replicas one per node that the configuration names
     * @param shards ids of the shards that it owns, in key order
     */
    public record GroupLine(
            long id,
            String leader,
            long term,
            long commitIndex,
            long appliedIndex,
            long firstIndex,
            List<ReplicaLine> replicas,
            List<Long> shards) {
        /** The replicas' nodes. */
        public List<String> nodes() {
            return replicas.stream().map(ReplicaLine::node).toList();
        }
    }

    /**
     * One replica as its own node tells it.
     *
     * @param role {@code leader}, {@code follower}, {@code candidate} or {@code pre_candidate}; {@code halted} after a failed
     *     check; {@code unknown} if its node does not answer or has no such replica, and then the numbers are 0
     * @param reason why it was halted; empty if it was not
     */
    public record ReplicaLine(
            String node, String role, long term, long appliedIndex, long firstIndex, long lastIndex, String reason) {}

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
        Map<Long, Map<String, ReplicaStatus>> byGroup = new TreeMap<>();
        reports.forEach((node, report) -> {
            for (ReplicaStatus replica : report.getReplicasList()) {
                byGroup.computeIfAbsent(replica.getGroup(), group -> new LinkedHashMap<>())
                        .put(node, replica);
            }
        });
        Map<Long, List<Long>> shardsOf = new TreeMap<>();
        List<ShardLine> shards = new ArrayList<>();
        for (Shard shard : configuration.getShardsList()) {
            shardsOf.computeIfAbsent(shard.getGroup(), group -> new ArrayList<>())
                    .add(shard.getId());
            shards.add(new ShardLine(
                    shard.getId(),
                    hex(shard.getStart()),
                    hex(shard.getEnd()),
                    shard.getGroup(),
                    shard.getEpoch(),
                    "serving"));
        }
        GroupLine controller = groupLine(
                CONTROLLER_GROUP,
                configuration.getControllerReplicasList(),
                byGroup.getOrDefault(CONTROLLER_GROUP, Map.of()),
                List.of());
        List<GroupLine> groups = new ArrayList<>();
        for (Group group : configuration.getGroupsList()) {
            groups.add(groupLine(
                    group.getId(),
                    group.getReplicasList(),
                    byGroup.getOrDefault(group.getId(), Map.of()),
                    shardsOf.getOrDefault(group.getId(), List.of())));
        }
        return new FleetStatus(
                configuration.getNumber(),
                configuration.getFleetId(),
                controller,
                nodes(configuration, reports, controller, groups),
                List.copyOf(groups),
                List.copyOf(shards));
    }

    private static List<NodeLine> nodes(
            Configuration configuration,
            Map<String, NodeStatus> reports,
            GroupLine controller,
            List<GroupLine> groups) {
        Map<String, Integer> replicas = new TreeMap<>();
        Map<String, Integer> leaders = new TreeMap<>();
        List<GroupLine> all = new ArrayList<>(groups);
        all.add(controller);
        for (GroupLine group : all) {
            group.replicas().forEach(replica -> replicas.merge(replica.node(), 1, Integer::sum));
            leaders.merge(group.leader(), 1, Integer::sum);
        }
        List<NodeLine> nodes = new ArrayList<>();
        for (Node node : configuration.getNodesList()) {
            NodeStatus report = reports.get(node.getId());
            String state = report == null ? "down" : report.getReady() ? "up" : "starting";
            String reason = report == null ? "does not answer" : report.getReady() ? "" : report.getReason();
            nodes.add(new NodeLine(
                    node.getId(),
                    node.getAddress(),
                    node.getHttpAddress(),
                    state,
                    reason,
                    report == null ? "" : report.getVersion(),
                    replicas.getOrDefault(node.getId(), 0),
                    leaders.getOrDefault(node.getId(), 0)));
        }
        return List.copyOf(nodes);
    }

    private static GroupLine groupLine(
            long id, List<String> nodes, Map<String, ReplicaStatus> reports, List<Long> shards) {
        long term = reports.values().stream()
                .mapToLong(ReplicaStatus::getTerm)
                .max()
                .orElse(0);
        long commitIndex = 0;
        long firstIndex = 0;
        long appliedIndex = Long.MAX_VALUE;
        String leader = "";
        for (ReplicaStatus replica : reports.values()) {
            appliedIndex = Math.min(appliedIndex, replica.getAppliedIndex());
            firstIndex = Math.max(firstIndex, replica.getFirstIndex());
            if (replica.getTerm() == term) {
                commitIndex = Math.max(commitIndex, replica.getCommitIndex());
                leader = leader.isEmpty() ? replica.getLeader() : leader;
            }
        }
        return new GroupLine(
                id,
                leader,
                term,
                commitIndex,
                reports.isEmpty() ? 0 : appliedIndex,
                firstIndex,
                nodes.stream().map(node -> replicaLine(node, reports.get(node))).toList(),
                List.copyOf(shards));
    }

    private static ReplicaLine replicaLine(String node, ReplicaStatus replica) {
        if (replica == null) {
            return new ReplicaLine(node, "unknown", 0, 0, 0, 0, "");
        }
        return new ReplicaLine(
                node,
                replica.getFailure().isEmpty() ? replica.getRole().toLowerCase(Locale.ROOT) : "halted",
                replica.getTerm(),
                replica.getAppliedIndex(),
                replica.getFirstIndex(),
                replica.getLastIndex(),
                replica.getFailure());
    }

    private static String hex(ByteString bytes) {
        return HexFormat.of().formatHex(bytes.toByteArray());
    }
}
