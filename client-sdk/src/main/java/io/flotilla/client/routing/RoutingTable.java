package io.flotilla.client.routing;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.Shard;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The client's map of the fleet: a configuration, with corrections that refusals brought since. Where a refusal and the
 * configuration disagree about a range, the higher epoch wins. A stale table costs one refused request, never a wrong
 * answer, since nodes check each request themselves. Immutable.
 */
public final class RoutingTable {
    /** The Raft group that keeps the configurations. */
    public static final long CONTROLLER_GROUP = 0;

    private final Configuration configuration;
    // by start key; a correction can leave a gap until the next configuration
    private final ShardRoute[] shards;
    /** The first bytes of the shards' start keys, side by side: most searches need no more of them. */
    private final long[] starts;

    private final Map<Long, List<String>> replicas;
    private final Map<String, String> addresses;

    private RoutingTable(
            Configuration configuration,
            ShardRoute[] shards,
            Map<Long, List<String>> replicas,
            Map<String, String> addresses) {
        this.configuration = configuration;
        this.shards = shards;
        this.starts = new long[shards.length];
        for (int i = 0; i < shards.length; i++) {
            starts[i] = firstBytes(shards[i].start());
        }
        this.replicas = replicas;
        this.addresses = addresses;
    }

    public static RoutingTable of(Configuration configuration) {
        Map<Long, List<String>> replicas = new LinkedHashMap<>();
        replicas.put(CONTROLLER_GROUP, List.copyOf(configuration.getControllerReplicasList()));
        for (Group group : configuration.getGroupsList()) {
            replicas.put(group.getId(), List.copyOf(group.getReplicasList()));
        }
        Map<String, String> addresses = new LinkedHashMap<>();
        for (Node node : configuration.getNodesList()) {
            addresses.put(node.getId(), node.getAddress());
        }
        ShardRoute[] shards = new ShardRoute[configuration.getShardsCount()];
        for (int i = 0; i < shards.length; i++) {
            shards[i] = new ShardRoute(configuration.getShards(i));
        }
        Arrays.sort(shards, BY_START);
        return new RoutingTable(configuration, shards, replicas, addresses);
    }

    private static final Comparator<ShardRoute> BY_START = (a, b) -> Arrays.compareUnsigned(a.start(), b.start());

    /** The configuration underneath, without the corrections. */
    public Configuration configuration() {
        return configuration;
    }

    public long number() {
        return configuration.getNumber();
    }

    /** The shard that holds the key, or null if that is not known at the moment. */
    public ShardRoute find(byte[] key) {
        int at = floor(key);
        return at >= 0 && shards[at].endsAfter(key) ? shards[at] : null;
    }

    /**
     * The shard that holds the greatest possible key below {@code to}, or null if that is not known at the moment.
     *
     * @param to empty for the very last shard
     */
    public ShardRoute findBelow(byte[] to) {
        int at = to.length == 0 ? shards.length - 1 : floor(to);
        if (at >= 0 && to.length > 0 && Arrays.equals(shards[at].start(), to)) {
            at--;
        }
        if (at < 0) {
            return null;
        }
        byte[] end = shards[at].end();
        boolean reaches = end.length == 0 || (to.length > 0 && Arrays.compareUnsigned(to, end) <= 0);
        return reaches ? shards[at] : null;
    }

    /** The ids of all shards. */
    public Set<Long> shardIds() {
        Set<Long> ids = new LinkedHashSet<>();
        for (ShardRoute shard : shards) {
            ids.add(shard.id());
        }
        return ids;
    }

    /** The nodes with a replica of the group, in the configuration's order; empty if the group is not known. */
    public List<String> replicas(long group) {
        return replicas.getOrDefault(group, List.of());
    }

    /** The node's {@code host:port}, or null if the node is not known. */
    public String address(String node) {
        return addresses.get(node);
    }

    /** All nodes' addresses in the configuration's order. */
    public List<String> addresses() {
        return List.copyOf(addresses.values());
    }

    /**
     * The table with the given shards where they are newer than what is known about their ranges.
     *
     * @return this table itself if it knew all that
     */
    public RoutingTable corrected(List<Shard> corrections) {
        List<ShardRoute> merged = null;
        for (Shard correction : corrections) {
            ShardRoute candidate = new ShardRoute(correction);
            List<ShardRoute> current = merged == null ? Arrays.asList(shards) : merged;
            if (isNewer(candidate, current)) {
                List<ShardRoute> next = new ArrayList<>(current.size() + 1);
                for (ShardRoute shard : current) {
                    if (shard.id() != candidate.id() && !shard.overlaps(candidate)) {
                        next.add(shard);
                    }
                }
                next.add(candidate);
                next.sort(BY_START);
                merged = next;
            }
        }
        return merged == null
                ? this
                : new RoutingTable(configuration, merged.toArray(new ShardRoute[0]), replicas, addresses);
    }

    /** The table of a newer configuration, with those of this table's shards that are newer still. */
    public RoutingTable succeededBy(Configuration newer) {
        RoutingTable next = of(newer);
        List<Shard> known = new ArrayList<>(shards.length);
        for (ShardRoute shard : shards) {
            known.add(Shard.newBuilder()
                    .setId(shard.id())
                    .setEpoch(shard.epoch())
                    .setGroup(shard.group())
                    .setStart(com.google.protobuf.ByteString.copyFrom(shard.start()))
                    .setEnd(com.google.protobuf.ByteString.copyFrom(shard.end()))
                    .build());
        }
        return next.corrected(known);
    }

    private static boolean isNewer(ShardRoute candidate, List<ShardRoute> current) {
        for (ShardRoute shard : current) {
            boolean about = shard.id() == candidate.id() || shard.overlaps(candidate);
            if (about && shard.epoch() >= candidate.epoch()) {
                return false;
            }
        }
        return true;
    }

    /** A key's first eight bytes as a number of the same order; what a shorter key lacks counts as zeros. */
    private static long firstBytes(byte[] key) {
        long first = 0;
        for (int i = 0; i < Long.BYTES; i++) {
            first = first << 8 | (i < key.length ? key[i] & 0xFF : 0);
        }
        return first ^ Long.MIN_VALUE;
    }

    /** The index of the last shard that starts at or below the key, or -1. */
    private int floor(byte[] key) {
        long first = firstBytes(key);
        int low = 0;
        int high = shards.length - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            long start = starts[middle];
            if (start < first || start == first && Arrays.compareUnsigned(shards[middle].start(), key) <= 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return high;
    }
}
