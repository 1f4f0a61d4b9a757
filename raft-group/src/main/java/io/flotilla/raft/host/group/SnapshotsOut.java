package io.flotilla.raft.host.group;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.RaftCore;
import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * The followers of one group that are helped by a snapshot, and what the log must keep for them: what follows the snapshot, until they hold
 * that too. Otherwise a busy group's log would be past the snapshot before it is installed, and the follower would need the next one. For
 * as long as there is progress, parts asked for or entries acknowledged; only while this replica leads; and only while the log is
 * not overfull: that is the bound in bytes.
 * Belongs to the group's worker.
 */
final class SnapshotsOut {
    static final long LONGEST_WITHOUT_PROGRESS_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final Map<NodeId, Kept> followers = new TreeMap<>();

    /** @param after the last index that need not be kept @param installed whether the follower has the snapshot */
    private record Kept(long after, long until, boolean isInstalled) {}

    /** There is progress with a snapshot that ends at an index. */
    void progress(NodeId to, long lastIndex, long now) {
        followers.put(to, new Kept(lastIndex, now + LONGEST_WITHOUT_PROGRESS_NANOS, false));
    }

    void installed(NodeId to, long now) {
        followers.computeIfPresent(
                to, (node, kept) -> new Kept(kept.after, now + LONGEST_WITHOUT_PROGRESS_NANOS, true));
    }

    /** How far the log may be cut, if {@code upTo} is wished for. */
    long cutAt(long upTo, RaftCore core, long now) {
        long index = upTo;
        Iterator<Map.Entry<NodeId, Kept>> all = followers.entrySet().iterator();
        while (all.hasNext()) {
            Map.Entry<NodeId, Kept> follower = all.next();
            Kept kept = follower.getValue();
            long acknowledged = core.acknowledged(follower.getKey());
            long holds = Math.max(kept.after, acknowledged);
            if (holds > kept.after) {
                kept = new Kept(holds, now + LONGEST_WITHOUT_PROGRESS_NANOS, kept.isInstalled);
                follower.setValue(kept);
            }
            if (acknowledged < 0 || now - kept.until >= 0 || (kept.isInstalled && holds >= upTo)) {
                all.remove();
            } else {
                index = Math.min(index, holds);
            }
        }
        return index;
    }
}
