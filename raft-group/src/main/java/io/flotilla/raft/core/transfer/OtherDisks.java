package io.flotilla.raft.core.transfer;

import io.flotilla.raft.core.NodeId;
import java.util.Collections;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What a node knows of the disks of others, as it concerns who should lead. Judged by the host; immutable.
 *
 * @param quicker nodes whose disks are known to take much shorter than this node's, which is slow: empty if it is not
 * @param slow nodes whose disks are known to be so slow that they would lead no better than one whose disk is stalled
 */
public record OtherDisks(SortedSet<NodeId> quicker, SortedSet<NodeId> slow) {
    public static final OtherDisks NONE = new OtherDisks(new TreeSet<>(), new TreeSet<>());

    public OtherDisks {
        quicker = Collections.unmodifiableSortedSet(new TreeSet<>(quicker));
        slow = Collections.unmodifiableSortedSet(new TreeSet<>(slow));
    }
}
