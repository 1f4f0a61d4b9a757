package io.flotilla.ops.node.founding;

import io.flotilla.client.proto.Node;
import io.flotilla.raft.core.NodeId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a node was told about the founding of its fleet. Immutable.
 *
 * @param id this node
 * @param address {@code host:port} at which it serves
 * @param httpAddress {@code host:port} of its pages; empty if none
 * @param seeds the founding nodes with their addresses; empty for a node that was founded before
 * @param groups data groups to make
 * @param shards shards to make
 * @param featureLevel the highest that this node's program knows
 */
public record FoundingPlan(
        NodeId id,
        String address,
        String httpAddress,
        SortedMap<NodeId, String> seeds,
        int groups,
        int shards,
        int featureLevel) {
    public FoundingPlan {
        seeds = Collections.unmodifiableSortedMap(new TreeMap<>(seeds));
    }

    /**
     * Why the node can't begin with this: one line; null if it can.
     *
     * @param identity what its directory holds; null if that is empty
     */
    public String objection(Identity identity) {
        if (identity == null) {
            return objectionToSeeds();
        }
        if (identity.state() == Identity.State.PREPARED) {
            Node self = find(identity.nodes(), id);
            if (self != null && !self.getAddress().equals(address)) {
                return "node " + id + " was being founded at " + self.getAddress() + " and can't move to " + address
                        + " before the fleet has started: start it at its first address";
            }
            SortedMap<NodeId, String> before = new TreeMap<>();
            identity.nodes().forEach(node -> before.put(new NodeId(node.getId()), node.getAddress()));
            if (!seeds.isEmpty() && !seeds.equals(before)) {
                return "node " + id + " was being founded with the seeds " + before + ", not " + seeds
                        + ": start it with its first seeds";
            }
        }
        return null;
    }

    private String objectionToSeeds() {
        if (seeds.isEmpty()) {
            return "the data directory is empty and no seeds are given: name the founding nodes with --seeds";
        }
        String own = seeds.get(id);
        if (own == null) {
            return "node " + id + " is not among the seeds " + seeds.keySet()
                    + ": name every founding node, this one included";
        }
        if (!own.equals(address)) {
            return "the seeds say that node " + id + " is at " + own + ", but it serves at " + address
                    + ": make them agree";
        }
        Map<String, NodeId> seen = new TreeMap<>();
        for (Map.Entry<NodeId, String> seed : seeds.entrySet()) {
            NodeId other = seen.put(seed.getValue(), seed.getKey());
            if (other != null) {
                return "the seeds name " + other + " and " + seed.getKey() + " at the same address " + seed.getValue()
                        + ": give each node its own";
            }
        }
        return null;
    }

    /** The seeds as nodes, by id. Of the others only the address is known. */
    List<Node> nodes() {
        List<Node> nodes = new ArrayList<>();
        seeds.forEach((seed, where) -> nodes.add(Node.newBuilder()
                .setId(seed.value())
                .setAddress(where)
                .setHttpAddress(seed.equals(id) ? httpAddress : "")
                .setFeatureLevel(seed.equals(id) ? featureLevel : 0)
                .build()));
        return List.copyOf(nodes);
    }

    /**
     * How another node's plan differs from this one's: one line; empty if not.
     *
     * @param ours this node's seeds
     */
    String difference(List<Node> ours, List<Node> theirs, int theirGroups, int theirShards) {
        SortedMap<String, String> here = addresses(ours);
        SortedMap<String, String> there = addresses(theirs);
        if (!there.equals(here)) {
            return "the founding nodes were started with different seeds, " + here + " here and " + there
                    + " there: start them all with the same";
        }
        if (theirGroups != groups || theirShards != shards) {
            return "the founding nodes were started with different sizes, " + groups + " groups and " + shards
                    + " shards here, " + theirGroups + " and " + theirShards + " there: start them all with the same";
        }
        return "";
    }

    private static SortedMap<String, String> addresses(List<Node> nodes) {
        SortedMap<String, String> addresses = new TreeMap<>();
        nodes.forEach(node -> addresses.put(node.getId(), node.getAddress()));
        return addresses;
    }

    /** The node of that id, or null. */
    static Node find(List<Node> nodes, NodeId id) {
        for (Node node : nodes) {
            if (node.getId().equals(id.value())) {
                return node;
            }
        }
        return null;
    }
}
