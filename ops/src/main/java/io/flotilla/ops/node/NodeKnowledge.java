package io.flotilla.ops.node;

import io.flotilla.client.proto.Configuration;
import io.flotilla.kv.service.NodeDirectory;
import io.flotilla.kv.service.ShardMap;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.RoleName;
import io.flotilla.raft.host.GroupStatus;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.function.Supplier;

/** What a node knows of its fleet, for refusals: its address book, its newest configuration, its replicas. Thread-safe. */
final class NodeKnowledge implements NodeDirectory {
    private record Mapped(Configuration of, ShardMap shards) {}

    private final Function<NodeId, String> addresses;
    private final Supplier<Configuration> newest;
    private final LongFunction<GroupStatus> replicas;
    private volatile Mapped mapped = new Mapped(null, ShardMap.EMPTY);

    /**
     * @param addresses {@code host:port}, or an empty string if unknown
     * @param newest the newest configuration known, or null
     * @param replicas of this node, by group, or null
     */
    NodeKnowledge(
            Function<NodeId, String> addresses, Supplier<Configuration> newest, LongFunction<GroupStatus> replicas) {
        this.addresses = addresses;
        this.newest = newest;
        this.replicas = replicas;
    }

    @Override
    public String addressOf(NodeId node) {
        return addresses.apply(node);
    }

    @Override
    public NodeId leaderOf(long group) {
        GroupStatus replica = replicas.apply(group);
        return replica == null ? null : replica.leader();
    }

    @Override
    public boolean leads(long group) {
        GroupStatus replica = replicas.apply(group);
        return replica != null && replica.state().role() == RoleName.LEADER;
    }

    /** Made at the first refusal under a configuration. */
    @Override
    public ShardMap shards() {
        Configuration present = newest.get();
        Mapped last = mapped;
        if (present != last.of()) {
            last = new Mapped(present, present == null ? ShardMap.EMPTY : new ShardMap(present));
            mapped = last;
        }
        return last.shards();
    }

    /** A fleet without a configuration has the first level. */
    @Override
    public int featureLevel() {
        Configuration present = newest.get();
        return present == null ? 1 : Math.max(1, present.getFeatureLevel());
    }
}
