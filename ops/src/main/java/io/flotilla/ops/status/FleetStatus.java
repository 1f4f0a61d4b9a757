package io.flotilla.ops.status;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.GroupState;
import io.flotilla.client.proto.MoveStatus;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.NodeDuty;
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
     * @param state {@code up}; {@code starting}: reachable but not ready yet; {@code unready}: it serves, but others are better asked; {@code down}: not reachable; {@code removed}: taken out
     *     of the fleet
     * @param reason why it is not up; empty if it is
     * @param version of its program; empty if it does not answer
     * @param replicas how many the configuration places there, the controller's included
     * @param leaders how many of them lead
     * @param duty {@code normal}; {@code cordoned}: gets no further replicas; {@code draining}: its replicas go elsewhere
     * @param featureLevel the highest that its program knows
     * @param labels as {@code key=value}, by ascending key
     * @param since when it came to its state by its own clock, in milliseconds since 1970; 0 if it does not tell
     */
    public record NodeLine(
            String id,
            String address,
            String httpAddress,
            String state,
            String reason,
            String version,
            int replicas,
            int leaders,
            String duty,
            int featureLevel,
            List<String> labels,
            long since) {}

    /**
     * As told by the replicas with the highest term.
     *
     * @param leader empty if none is known
     * @param term 0 if no replica answered
     * @param appliedIndex the lowest of the replicas that answered
     * @param firstIndex the highest of the replicas that answered: a log that begins later is caught up by a snapshot
     * @param replicas one per node that the configuration names
     * @param shards ids of the shards that it owns, in key order
     * @param state {@code active}; {@code leaving}: gives its shards away, and ends
     * @param replication how many voters it shall have; of the controller's group as many as there are
     * @param learners nodes with a replica that does not vote yet
     */
    public record GroupLine(
            long id,
            String leader,
            long term,
            long commitIndex,
            long appliedIndex,
            long firstIndex,
            List<ReplicaLine> replicas,
            List<Long> shards,
            String state,
            int replication,
            List<String> learners) {
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
     * @param state of the owner: {@code serving}; {@code moving}: it has a target; {@code frozen}: it serves no more, and the
     *     target does not yet
     * @param target the group that it goes to; 0 while it stays
     * @param move null while it stays
     */
    public record ShardLine(
            long id, String start, String end, long group, long epoch, String state, long target, MoveLine move) {}

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
        Map<Long, List<MoveStatus>> moves = MoveLine.byShard(reports.values());
        Map<Long, List<Long>> shardsOf = new TreeMap<>();
        List<ShardLine> shards = new ArrayList<>();
        for (Shard shard : configuration.getShardsList()) {
            shardsOf.computeIfAbsent(shard.getGroup(), group -> new ArrayList<>())
                    .add(shard.getId());
            MoveLine move = MoveLine.of(shard, moves);
            shards.add(new ShardLine(
                    shard.getId(),
                    hex(shard.getStart()),
                    hex(shard.getEnd()),
                    shard.getGroup(),
                    shard.getEpoch(),
                    move == null ? "serving" : move.isFrozen() ? "frozen" : "moving",
                    shard.getTarget(),
                    move));
        }
        GroupLine controller = groupLine(
                Group.newBuilder()
                        .setId(CONTROLLER_GROUP)
                        .addAllReplicas(configuration.getControllerReplicasList())
                        .setReplication(configuration.getControllerReplicasCount())
                        .build(),
                byGroup.getOrDefault(CONTROLLER_GROUP, Map.of()),
                List.of());
        List<GroupLine> groups = new ArrayList<>();
        for (Group group : configuration.getGroupsList()) {
            groups.add(groupLine(
                    group,
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
            boolean removed = node.getDuty() == NodeDuty.NODE_DUTY_REMOVED;
            String state = removed
                    ? "removed"
                    : report == null ? "down" : report.getReady() ? "up" : report.getServed() ? "unready" : "starting";
            String reason = report == null ? "does not answer" : report.getReady() ? "" : report.getReason();
            nodes.add(new NodeLine(
                    node.getId(),
                    node.getAddress(),
                    node.getHttpAddress(),
                    state,
                    reason,
                    report == null ? "" : report.getVersion(),
                    replicas.getOrDefault(node.getId(), 0),
                    leaders.getOrDefault(node.getId(), 0),
                    duty(node),
                    node.getFeatureLevel(),
                    labels(node),
                    report == null ? 0 : report.getSinceMillis()));
        }
        return List.copyOf(nodes);
    }

    static String duty(Node node) {
        return switch (node.getDuty()) {
            case NODE_DUTY_CORDONED -> "cordoned";
            case NODE_DUTY_DRAINING -> "draining";
            default -> "normal";
        };
    }

    static List<String> labels(Node node) {
        return node.getLabelsList().stream()
                .map(label -> label.getKey() + "=" + label.getValue())
                .toList();
    }

    private static GroupLine groupLine(Group group, Map<String, ReplicaStatus> reports, List<Long> shards) {
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
                group.getId(),
                leader,
                term,
                commitIndex,
                reports.isEmpty() ? 0 : appliedIndex,
                firstIndex,
                group.getReplicasList().stream()
                        .map(node -> replicaLine(node, reports.get(node)))
                        .toList(),
                List.copyOf(shards),
                group.getState() == GroupState.GROUP_STATE_LEAVING ? "leaving" : "active",
                group.getReplication(),
                List.copyOf(group.getLearnersList()));
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
