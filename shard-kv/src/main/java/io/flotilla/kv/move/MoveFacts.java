package io.flotilla.kv.move;

import java.util.SortedSet;

/** The replicas of this node, as a driver sees them. Calls don't block. */
public interface MoveFacts {
    /** The data groups whose replica here has a shard that moves or is frozen, or a hold. */
    SortedSet<Long> concerned();

    /** A recent state of the group's replica here; null if there is none. */
    ReplicaFacts of(long group);
}
