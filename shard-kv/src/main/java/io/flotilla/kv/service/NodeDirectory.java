package io.flotilla.kv.service;

import io.flotilla.raft.core.NodeId;

/** What this node knows of the fleet: where nodes listen, who leads, who has which shard. Thread-safe; never blocks. */
public interface NodeDirectory {
    /** {@code host:port}, or an empty string if unknown. */
    String addressOf(NodeId node);

    /** Who leads the group, as far as its replica on this node knows; null if there is none or it does not know. */
    NodeId leaderOf(long group);

    /** Whether the group's replica on this node leads it, as far as it knows. */
    boolean leads(long group);

    /** The newest configuration that this node knows; {@link ShardMap#EMPTY} if none. */
    ShardMap shards();

    /**
     * The level of the newest configuration known: commands of a kind are proposed only from its level on, for then all nodes
     * know it. From 1.
     */
    int featureLevel();
}
