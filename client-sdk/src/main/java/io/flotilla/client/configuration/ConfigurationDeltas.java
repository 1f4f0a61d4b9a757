package io.flotilla.client.configuration;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.ConfigurationDelta;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.Shard;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * Deltas between configurations of one fleet. A delta names what differs and what it is then, so its size grows with the
 * changes alone; it leads forward to a later configuration or, where old ones are rebuilt, backward. All methods take time
 * in proportion to the configuration, or less. Pure; thread-safe.
 */
public final class ConfigurationDeltas {
    private static final Comparator<Shard> BY_START =
            Comparator.comparing(Shard::getStart, ByteString.unsignedLexicographicalComparator());

    private ConfigurationDeltas() {}

    /**
     * What turns the one configuration into the other.
     *
     * @throws IllegalArgumentException if they are of different fleets or have the same number
     */
    public static ConfigurationDelta between(Configuration from, Configuration to) {
        if (from.getNumber() == to.getNumber() || !from.getFleetId().equals(to.getFleetId())) {
            throw new IllegalArgumentException("no delta leads from configuration " + from.getNumber() + " of fleet "
                    + from.getFleetId() + " to " + to.getNumber() + " of fleet " + to.getFleetId());
        }
        Parts parts = new Parts();
        parts.nodes.difference(from.getNodesList(), to.getNodesList());
        parts.groups.difference(from.getGroupsList(), to.getGroupsList());
        parts.shards.difference(from.getShardsList(), to.getShardsList());
        ConfigurationDelta.Builder delta = ConfigurationDelta.newBuilder()
                .setFrom(from.getNumber())
                .setNumber(to.getNumber())
                .setFleetId(to.getFleetId())
                .setFeatureLevel(to.getFeatureLevel());
        if (!from.getControllerReplicasList().equals(to.getControllerReplicasList())) {
            delta.addAllControllerReplicas(to.getControllerReplicasList());
        }
        return parts.into(delta);
    }

    /**
     * One delta for several, each of which goes on where the one before ends. It may name as removed what came and went on
     * its way.
     *
     * @throws IllegalArgumentException if there is none, or if they don't follow each other
     */
    public static ConfigurationDelta join(List<ConfigurationDelta> deltas) {
        if (deltas.isEmpty()) {
            throw new IllegalArgumentException("no deltas to join");
        }
        ConfigurationDelta last = deltas.get(deltas.size() - 1);
        if (deltas.size() == 1) {
            return last;
        }
        Parts parts = new Parts();
        List<String> controllerReplicas = List.of();
        long at = deltas.get(0).getFrom();
        for (ConfigurationDelta delta : deltas) {
            if (delta.getFrom() != at || !delta.getFleetId().equals(last.getFleetId())) {
                throw new IllegalArgumentException("a delta from " + delta.getFrom() + " does not follow one to " + at);
            }
            at = delta.getNumber();
            parts.add(delta);
            if (delta.getControllerReplicasCount() > 0) {
                controllerReplicas = delta.getControllerReplicasList();
            }
        }
        return parts.into(ConfigurationDelta.newBuilder()
                .setFrom(deltas.get(0).getFrom())
                .setNumber(at)
                .setFleetId(last.getFleetId())
                .setFeatureLevel(last.getFeatureLevel())
                .addAllControllerReplicas(controllerReplicas));
    }

    /**
     * The configuration that the delta makes of this one. What it removes may be absent already.
     *
     * @throws IllegalArgumentException if the delta is of another configuration or fleet, or if what it makes is none: its shards
     *     leave a gap or overlap
     */
    public static Configuration apply(Configuration to, ConfigurationDelta delta) {
        boolean sameFleet = delta.getFleetId().equals(to.getFleetId());
        if (!sameFleet || delta.getFrom() != to.getNumber() || delta.getNumber() == to.getNumber()) {
            throw new IllegalArgumentException("a delta from " + delta.getFrom() + " to " + delta.getNumber()
                    + " of fleet " + delta.getFleetId() + " does not fit configuration " + to.getNumber() + " of fleet "
                    + to.getFleetId());
        }
        Configuration.Builder next =
                to.toBuilder().setNumber(delta.getNumber()).setFeatureLevel(delta.getFeatureLevel());
        Parts parts = new Parts();
        parts.add(delta);
        if (!parts.nodes.isEmpty()) {
            next.clearNodes().addAllNodes(parts.nodes.over(to.getNodesList(), Comparator.comparing(Node::getId)));
        }
        if (!parts.groups.isEmpty()) {
            next.clearGroups()
                    .addAllGroups(parts.groups.over(to.getGroupsList(), Comparator.comparingLong(Group::getId)));
        }
        if (!parts.shards.isEmpty()) {
            List<Shard> shards = parts.shards.over(to.getShardsList(), BY_START);
            checkWhole(shards, delta);
            next.clearShards().addAllShards(shards);
        }
        if (delta.getControllerReplicasCount() > 0) {
            next.clearControllerReplicas().addAllControllerReplicas(delta.getControllerReplicasList());
        }
        return next.build();
    }

    private static void checkWhole(List<Shard> shards, ConfigurationDelta delta) {
        ByteString reached = ByteString.EMPTY;
        for (int i = 0; i < shards.size(); i++) {
            Shard shard = shards.get(i);
            boolean endsAll = shard.getEnd().isEmpty();
            if (!shard.getStart().equals(reached) || endsAll != (i == shards.size() - 1)) {
                throw new IllegalArgumentException("the delta from " + delta.getFrom() + " to " + delta.getNumber()
                        + " makes no sense: at shard " + shard.getId() + " the ranges leave a gap or overlap");
            }
            reached = shard.getEnd();
        }
    }

    /** What a delta says, by kind. */
    private static final class Parts {
        final Changes<String, Node> nodes = new Changes<>(Node::getId);
        final Changes<Long, Group> groups = new Changes<>(Group::getId);
        final Changes<Long, Shard> shards = new Changes<>(Shard::getId);

        void add(ConfigurationDelta delta) {
            nodes.add(delta.getNodesList(), delta.getRemovedNodesList());
            groups.add(delta.getGroupsList(), delta.getRemovedGroupsList());
            shards.add(delta.getShardsList(), delta.getRemovedShardsList());
        }

        ConfigurationDelta into(ConfigurationDelta.Builder delta) {
            nodes.changed.forEach((id, node) -> {
                if (node == null) {
                    delta.addRemovedNodes(id);
                } else {
                    delta.addNodes(node);
                }
            });
            groups.changed.forEach((id, group) -> {
                if (group == null) {
                    delta.addRemovedGroups(id);
                } else {
                    delta.addGroups(group);
                }
            });
            shards.changed.forEach((id, shard) -> {
                if (shard == null) {
                    delta.addRemovedShards(id);
                } else {
                    delta.addShards(shard);
                }
            });
            return delta.build();
        }
    }

    /** The changed things of one kind by id; null for one that is gone. */
    private static final class Changes<K extends Comparable<K>, T> {
        final TreeMap<K, T> changed = new TreeMap<>();
        private final Function<T, K> id;

        Changes(Function<T, K> id) {
            this.id = id;
        }

        boolean isEmpty() {
            return changed.isEmpty();
        }

        void add(List<T> present, List<K> removed) {
            present.forEach(each -> changed.put(id.apply(each), each));
            removed.forEach(each -> changed.put(each, null));
        }

        void difference(List<T> before, List<T> after) {
            if (before == after || replacedInPlace(before, after)) {
                return;
            }
            changed.clear();
            HashMap<K, T> known = new HashMap<>(before.size() * 2);
            before.forEach(each -> known.put(id.apply(each), each));
            for (T each : after) {
                T old = known.remove(id.apply(each));
                if (!each.equals(old)) {
                    changed.put(id.apply(each), each);
                }
            }
            known.keySet().forEach(gone -> changed.put(gone, null));
        }

        /** As most changes are. @return false if they differ in more than single things */
        private boolean replacedInPlace(List<T> before, List<T> after) {
            if (before.size() != after.size()) {
                return false;
            }
            for (int i = 0; i < before.size(); i++) {
                T old = before.get(i);
                T now = after.get(i);
                if (old != now && !old.equals(now)) {
                    if (!id.apply(old).equals(id.apply(now))) {
                        return false;
                    }
                    changed.put(id.apply(now), now);
                }
            }
            return true;
        }

        /** The list with the changes, in the given order, in which it is already. */
        List<T> over(List<T> before, Comparator<T> order) {
            TreeMap<K, T> left = new TreeMap<>(changed);
            List<T> next = new ArrayList<>(before.size() + changed.size());
            boolean inOrder = true;
            for (T old : before) {
                K key = id.apply(old);
                if (!left.containsKey(key)) {
                    next.add(old);
                } else {
                    T now = left.remove(key);
                    if (now != null) {
                        next.add(now);
                        inOrder &= order.compare(old, now) == 0;
                    }
                }
            }
            for (T added : left.values()) {
                if (added != null) {
                    next.add(added);
                    inOrder = false;
                }
            }
            if (!inOrder) {
                next.sort(order);
            }
            return next;
        }
    }
}
