package io.flotilla.kv.move;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.Shard;
import io.flotilla.raft.core.NodeId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** What a configuration says of moves. Made in one pass over its shards; immutable, but that it finds shards by id only once asked. */
public final class ConfiguredMoves {
    /** Before any configuration is known. */
    public static final ConfiguredMoves NONE = new ConfiguredMoves(Configuration.getDefaultInstance());

    private final Configuration configuration;
    private final SortedMap<MoveKey, MoveIntent> open = new TreeMap<>();
    private final SortedMap<Long, List<MoveIntent>> from = new TreeMap<>();
    private final SortedMap<Long, List<MoveIntent>> into = new TreeMap<>();
    private final SortedMap<Long, Group> groups = new TreeMap<>();
    private final SortedSet<Long> concerned = new TreeSet<>();
    private volatile long[] shardIds;

    public ConfiguredMoves(Configuration configuration) {
        this.configuration = configuration;
        for (Shard shard : configuration.getShardsList()) {
            if (shard.getTarget() != 0) {
                MoveIntent intent = new MoveIntent(shard);
                open.put(intent.key(), intent);
            }
        }
        for (MoveIntent intent : open.values()) {
            from.computeIfAbsent(intent.from(), group -> new ArrayList<>()).add(intent);
            into.computeIfAbsent(intent.into(), group -> new ArrayList<>()).add(intent);
        }
        for (Group group : configuration.getGroupsList()) {
            groups.put(group.getId(), group);
        }
        concerned.addAll(from.keySet());
        concerned.addAll(into.keySet());
    }

    public long number() {
        return configuration.getNumber();
    }

    /** Those of the group's shards that shall go elsewhere, in the order in which they take turns. */
    public List<MoveIntent> from(long group) {
        return from.getOrDefault(group, List.of());
    }

    /** Those that shall come to the group, in the order in which they take turns. */
    public List<MoveIntent> into(long group) {
        return into.getOrDefault(group, List.of());
    }

    /** The groups with a shard that comes or goes. */
    public SortedSet<Long> groups() {
        return concerned;
    }

    public boolean isOpen(MoveKey key) {
        return open.containsKey(key);
    }

    /** Whether the move has ended, however it did: a configuration older than the move does not know. */
    public boolean isOver(MoveKey key) {
        return number() >= key.move() && !isOpen(key);
    }

    public boolean hasGroup(long group) {
        return groups.containsKey(group);
    }

    /** The voters of a group; none if there is no such group. */
    public List<NodeId> voters(long group) {
        List<NodeId> voters = new ArrayList<>();
        Group found = groups.get(group);
        if (found != null) {
            found.getReplicasList().forEach(node -> voters.add(new NodeId(node)));
        }
        Collections.sort(voters);
        return voters;
    }

    public boolean hasShard(long shard) {
        long[] ids = shardIds;
        if (ids == null) {
            ids = configuration.getShardsList().stream()
                    .mapToLong(Shard::getId)
                    .sorted()
                    .toArray();
            shardIds = ids;
        }
        return Arrays.binarySearch(ids, shard) >= 0;
    }
}
