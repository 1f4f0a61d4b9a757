package io.flotilla.controller.decide;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.CreationRecord;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.NodeDuty;
import io.flotilla.client.proto.Shard;
import io.flotilla.controller.proto.FoundFleet;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/** Where replicas of groups go, and the shards of a new fleet. Pure and deterministic; the order of the given nodes does not matter. */
public final class Placement {
    public static final int MAX_NODES = 1_000;
    public static final int MAX_GROUPS = 10_000;
    public static final int MAX_SHARDS = 100_000;
    /** Replicas of a data group, where there are that many nodes. */
    public static final int REPLICAS = 3;
    /** Founding nodes with a replica of the controller's group. */
    public static final int CONTROLLER_REPLICAS = 5;

    private Placement() {}

    /** Why a fleet of these can't be founded: one line; null if it can. */
    public static String objection(FoundFleet found) {
        if (found.getFleetId().isEmpty()) {
            return "a fleet needs an id";
        }
        if (found.getNodesCount() < 1 || found.getNodesCount() > MAX_NODES) {
            return "a fleet is founded with 1 to " + MAX_NODES + " nodes, not " + found.getNodesCount();
        }
        if (found.getGroups() < 1 || found.getGroups() > MAX_GROUPS) {
            return "a fleet is founded with 1 to " + MAX_GROUPS + " groups, not " + found.getGroups();
        }
        if (found.getShards() < 1 || found.getShards() > MAX_SHARDS) {
            return "a fleet is founded with 1 to " + MAX_SHARDS + " shards, not " + found.getShards();
        }
        TreeSet<String> ids = new TreeSet<>();
        TreeSet<String> addresses = new TreeSet<>();
        for (Node node : found.getNodesList()) {
            if (!ids.add(node.getId())) {
                return "two founding nodes have the id " + node.getId();
            }
            if (node.getFeatureLevel() < 1) {
                return "founding node " + node.getId() + " names no feature level";
            }
            if (!addresses.add(node.getAddress())) {
                return "two founding nodes have the address " + node.getAddress();
            }
        }
        return null;
    }

    /** The ids that get a replica of the controller's group: the first few in order of ids. */
    public static List<String> controllerReplicas(List<String> ids) {
        return ids.stream().sorted().limit(CONTROLLER_REPLICAS).toList();
    }

    /**
     * Configuration 1. Groups have the ids 1, 2, …; replicas per node and shards per group are within one of each other.
     *
     * @throws IllegalArgumentException if there is an {@link #objection}
     */
    public static Configuration founding(FoundFleet found) {
        String objection = objection(found);
        if (objection != null) {
            throw new IllegalArgumentException(objection);
        }
        List<Node> nodes = new ArrayList<>(found.getNodesList());
        nodes.sort(Comparator.comparing(Node::getId));
        Configuration.Builder configuration = Configuration.newBuilder()
                .setNumber(1)
                .setFleetId(found.getFleetId())
                .addAllNodes(nodes)
                .setFeatureLevel(FeatureLevels.of(nodes, 0))
                .addAllControllerReplicas(
                        controllerReplicas(nodes.stream().map(Node::getId).toList()));
        // Walking round the circle of nodes keeps the counts within one, and a group's replicas on different nodes.
        int replicas = Math.min(REPLICAS, nodes.size());
        int at = 0;
        for (int g = 1; g <= found.getGroups(); g++) {
            Group.Builder group = Group.newBuilder().setId(g).setCreatedIn(1).setReplication(replicas);
            for (int r = 0; r < replicas; r++) {
                group.addReplicas(nodes.get(at).getId());
                at = (at + 1) % nodes.size();
            }
            configuration.addGroups(group);
        }
        var cuts = KeyCuts.evenly(found.getShards());
        for (int s = 0; s < found.getShards(); s++) {
            Shard.Builder shard = Shard.newBuilder()
                    .setId(s + 1)
                    .setGroup(s % found.getGroups() + 1)
                    .setEpoch(1);
            if (s > 0) {
                shard.setStart(cuts.get(s - 1));
            }
            if (s < cuts.size()) {
                shard.setEnd(cuts.get(s));
            }
            configuration.addShards(shard);
        }
        return configuration.build();
    }

    /**
     * Where the replicas of another group go: to the nodes with the fewest, to one that was not heard of only if others don't suffice.
     * Fewer than asked for if there are not so many nodes that take replicas.
     *
     * @param heard whether the node was heard of lately
     */
    public static List<String> leastLoaded(Configuration newest, int replicas, Predicate<String> heard) {
        TreeMap<String, Integer> counts = new TreeMap<>();
        for (Node node : newest.getNodesList()) {
            if (node.getDuty() == NodeDuty.NODE_DUTY_NORMAL) {
                counts.put(node.getId(), 0);
            }
        }
        for (Group group : newest.getGroupsList()) {
            group.getReplicasList().forEach(node -> counts.computeIfPresent(node, (id, count) -> count + 1));
            group.getLearnersList().forEach(node -> counts.computeIfPresent(node, (id, count) -> count + 1));
        }
        return counts.keySet().stream()
                .sorted(Comparator.<String, Boolean>comparing(node -> !heard.test(node))
                        .thenComparing(counts::get)
                        .thenComparing(Comparator.naturalOrder()))
                .limit(replicas)
                .toList();
    }

    /** What the replicas of the groups that this configuration created start from; by group. */
    public static List<CreationRecord> creationRecords(Configuration configuration) {
        TreeMap<Long, CreationRecord.Builder> records = new TreeMap<>();
        for (Group group : configuration.getGroupsList()) {
            if (group.getCreatedIn() == configuration.getNumber()) {
                records.put(
                        group.getId(),
                        CreationRecord.newBuilder()
                                .setGroup(group.getId())
                                .addAllVoters(group.getReplicasList())
                                .setCreatedIn(configuration.getNumber()));
            }
        }
        for (Shard shard : configuration.getShardsList()) {
            CreationRecord.Builder record = records.get(shard.getGroup());
            if (record != null) {
                record.addShards(shard);
            }
        }
        return records.values().stream().map(CreationRecord.Builder::build).toList();
    }
}
