package io.flotilla.kv.move;

import io.flotilla.raft.core.NodeId;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.function.LongFunction;

/**
 * What this node's replica of a group knows now. Immutable, but that a shard may be looked up as it is a moment later.
 *
 * @param leads whether it leads the group in {@code term}
 * @param caughtUp whether it leads and has applied an entry of its own term: what its group did before is known here then
 * @param steady whether no change of the membership is under way
 * @param voters of the newest membership
 * @param heard the voters that were heard within an election timeout, this one among them; of a leader
 * @param moving the shards that move or are frozen, and those of which there is a hold here, by id
 * @param any what is known of any shard
 */
public record ReplicaFacts(
        long group,
        boolean leads,
        long term,
        boolean caughtUp,
        boolean steady,
        SortedSet<NodeId> voters,
        SortedSet<NodeId> heard,
        SortedMap<Long, ShardFacts> moving,
        LongFunction<ShardFacts> any) {
    public ShardFacts shard(long id) {
        return any.apply(id);
    }
}
