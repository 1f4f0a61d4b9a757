package io.flotilla.raft.host.snapshot;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.RaftCore;
import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * The followers of one group that are helped by an image, and what the log must keep for them: what follows the image,
 * until they hold that too. Otherwise a busy group's log would be past the image before it is installed, and the follower
 * would need the next one. For a bounded time only, only while this replica leads, and only while the log is not overfull:
 * a follower too slow for that must not make the log grow without end.
 * Belongs to the group's worker.
 */
final class ImagesOut {
    static final long LONGEST_NANOS = TimeUnit.MINUTES.toNanos(5);

    private final Map<NodeId, Kept> followers = new TreeMap<>();

    private record Kept(long after, long until, boolean isInstalled) {}

    void begun(NodeId to, long lastIndex, long now) {
        followers.put(to, new Kept(lastIndex, now + LONGEST_NANOS, false));
    }

    void failed(NodeId to) {
        followers.remove(to);
    }

    void installed(NodeId to) {
        followers.computeIfPresent(to, (node, kept) -> new Kept(kept.after, kept.until, true));
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
            if (acknowledged < 0 || now - kept.until >= 0 || (kept.isInstalled && holds >= upTo)) {
                all.remove();
            } else {
                index = Math.min(index, holds);
            }
        }
        return index;
    }
}
