package io.flotilla.kv.move.copy;

import io.flotilla.raft.core.NodeId;
import java.util.List;

/**
 * Who has a shard that moves: a group, and the nodes of its replicas.
 *
 * @param nodes each once, in any order, this node among them if it has a replica
 */
public record OwnerReplicas(long group, List<NodeId> nodes) {
    public OwnerReplicas {
        nodes = List.copyOf(nodes);
    }
}
