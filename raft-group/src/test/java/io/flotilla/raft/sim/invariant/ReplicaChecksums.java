package io.flotilla.raft.sim.invariant;

import io.flotilla.raft.core.NodeId;
import java.util.HashMap;
import java.util.Map;

/** Replicas that have applied up to the same index are in the same state. */
public final class ReplicaChecksums {
    private record Point(long group, long index) {}

    private record Sighting(long checksum, NodeId node) {}

    private final Map<Point, Sighting> sightings = new HashMap<>();

    public void sees(long group, long index, long checksum, NodeId node) {
        Sighting known = sightings.putIfAbsent(new Point(group, index), new Sighting(checksum, node));
        if (known != null && known.checksum != checksum) {
            throw new Violation(
                    "ReplicaChecksums",
                    "%s and %s are in different states after index %d of group %d",
                    known.node,
                    node,
                    index,
                    group);
        }
    }
}
