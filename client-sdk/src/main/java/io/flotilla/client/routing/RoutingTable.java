package io.flotilla.client.routing;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.Shard;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The client's map of the fleet: a configuration, with corrections that refusals brought since. Where a refusal and the
 * configuration disagree about a range, the higher epoch wins. A stale table costs one refused request, never a wrong
 * answer, since nodes check each request themselves. Immutable.
 *
 * <p>Costs, for n shards: a search takes log n comparisons; a correction copies some hundred references and keeps the
 * rest; a new configuration is gone through once, and shards that did not change are kept as they are.
 */
public final class RoutingTable {
    /** The Raft group that keeps the configurations. */
    public static final long CONTROLLER_GROUP = 0;

    private static final Comparator<ShardRoute> BY_START = (a, b) -> Arrays.compareUnsigned(a.start(), b.start());

    private final Configuration configuration;
    /** A correction can leave a gap until the next configuration. */
    private final ShardRoutes shards;

    private final Map<Long, List<String>> replicas;
    private final Map<String, String> addresses;
    private final List<String> addressList;

    private RoutingTable(
            Configuration configuration,
            ShardRoutes shards,
            Map<Long, List<String>> replicas,
            Map<String, String> addresses,
            List<String> addressList) {
        this.configuration = configuration;
        this.shards = shards;
        this.replicas = replicas;
        this.addresses = addresses;
        this.addressList = addressList;
    }

    public static RoutingTable of(Configuration configuration) {
        return of(configuration, ShardRoutes.of(routes(configuration, ShardRoutes.of(new ShardRoute[0]))));
    }

    private static RoutingTable of(Configuration configuration, ShardRoutes shards) {
        Map<Long, List<String>> replicas = new LinkedHashMap<>();
        replicas.put(CONTROLLER_GROUP, List.copyOf(configuration.getControllerReplicasList()));
        for (Group group : configuration.getGroupsList()) {
            replicas.put(group.getId(), List.copyOf(group.getReplicasList()));
        }
        Map<String, String> addresses = new LinkedHashMap<>();
        for (Node node : configuration.getNodesList()) {
            addresses.put(node.getId(), node.getAddress());
        }
        return new RoutingTable(configuration, shards, replicas, addresses, List.copyOf(addresses.values()));
    }

    /** The configuration's shards by start key; those that are known already, as they are known. */
    private static ShardRoute[] routes(Configuration configuration, ShardRoutes known) {
        ShardRoute[] routes = new ShardRoute[configuration.getShardsCount()];
        Iterator<ShardRoute> older = known.iterator();
        ShardRoute old = next(older);
        boolean sorted = true;
        for (int i = 0; i < routes.length; i++) {
            Shard shard = configuration.getShards(i);
            if (old != null && old.is(shard)) {
                routes[i] = old;
                old = next(older);
            } else {
                routes[i] = new ShardRoute(shard);
                while (old != null && BY_START.compare(old, routes[i]) <= 0) {
                    old = next(older);
                }
            }
            sorted &= i == 0 || BY_START.compare(routes[i - 1], routes[i]) < 0;
        }
        if (!sorted) {
            Arrays.sort(routes, BY_START);
        }
        return routes;
    }

    private static ShardRoute next(Iterator<ShardRoute> routes) {
        return routes.hasNext() ? routes.next() : null;
    }

    /** The configuration underneath, without the corrections. */
    public Configuration configuration() {
        return configuration;
    }

    public long number() {
        return configuration.getNumber();
    }

    /** The shard that holds the key, or null if that is not known at the moment. */
    public ShardRoute find(byte[] key) {
        ShardRoute shard = shards.floor(key);
        return shard != null && shard.endsAfter(key) ? shard : null;
    }

    /** Whether the shard is known with this epoch and owner, as far as its start key tells. */
    public boolean stillHas(ShardRoute route) {
        ShardRoute is = find(route.start());
        return is != null && is.id() == route.id() && is.epoch() == route.epoch() && is.group() == route.group();
    }

    /**
     * The shard that holds the greatest possible key below {@code to}, or null if that is not known at the moment.
     *
     * @param to empty for the very last shard
     */
    public ShardRoute findBelow(byte[] to) {
        ShardRoute shard = to.length == 0 ? shards.last() : shards.below(to);
        if (shard == null) {
            return null;
        }
        byte[] end = shard.end();
        boolean reaches = end.length == 0 || (to.length > 0 && Arrays.compareUnsigned(to, end) <= 0);
        return reaches ? shard : null;
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
        return addressList;
    }

    /**
     * The table with the given shards where they are newer than what is known about their ranges. What else they say
     * (target, move) is kept with them.
     *
     * @return this table itself if it knew all that
     */
    public RoutingTable corrected(List<Shard> corrections) {
        ShardRoutes merged = shards;
        for (Shard correction : corrections) {
            merged = merged.corrected(new ShardRoute(correction));
        }
        return merged == shards ? this : new RoutingTable(configuration, merged, replicas, addresses, addressList);
    }

    /** The table of a newer configuration, with those of this table's shards that are newer still. */
    public RoutingTable succeededBy(Configuration newer) {
        ShardRoute[] routes = routes(newer, shards);
        ShardRoutes next = ShardRoutes.of(routes);
        for (ShardRoute newerStill : newerThan(routes)) {
            next = next.corrected(newerStill);
        }
        return of(newer, next);
    }

    /** Those of this table's shards that are newer than all that overlap them. @param others by start key */
    private List<ShardRoute> newerThan(ShardRoute[] others) {
        List<ShardRoute> newer = new ArrayList<>();
        int first = 0;
        for (ShardRoute shard : shards) {
            while (first < others.length && others[first].endsBefore(shard)) {
                first++;
            }
            boolean isNewer = true;
            for (int i = first; isNewer && i < others.length && others[i].overlaps(shard); i++) {
                isNewer = others[i].epoch() < shard.epoch();
            }
            if (isNewer) {
                newer.add(shard);
            }
        }
        return newer;
    }
}
