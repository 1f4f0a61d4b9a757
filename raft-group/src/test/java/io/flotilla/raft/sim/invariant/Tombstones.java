package io.flotilla.raft.sim.invariant;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.Tombstone;
import java.util.HashMap;
import java.util.Map;

/** A replica that was dropped is not created again under a number at or before that of its removal, ever. */
final class Tombstones {
    private record Place(NodeId node, long group) {}

    private final Map<Place, Long> removedAt = new HashMap<>();

    /** It is durable. */
    void written(NodeId node, Tombstone tombstone) {
        removedAt.merge(new Place(node, tombstone.groupId()), tombstone.removedAt(), Math::max);
    }

    /** Whether the node has given up the group, durably. */
    boolean gaveUp(NodeId node, long group) {
        return removedAt.containsKey(new Place(node, group));
    }

    void creates(NodeId node, GroupDescriptor group) {
        runs(node, group.groupId(), group.joined());
    }

    /** A replica is made, or found after a restart. */
    void runs(NodeId node, long group, long joined) {
        long removed = removedAt.getOrDefault(new Place(node, group), -1L);
        if (joined <= removed) {
            throw new Violation(
                    "Tombstones",
                    "%s has a replica of group %d again that joined at %d, though it was dropped as of %d",
                    node,
                    group,
                    joined,
                    removed);
        }
    }
}
