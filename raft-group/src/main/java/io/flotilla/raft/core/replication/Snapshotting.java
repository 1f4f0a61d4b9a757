package io.flotilla.raft.core.replication;

import io.flotilla.raft.core.Check;

/**
 * The follower lacks entries that the log no longer holds, or an entry of which it can't get what it needs for it: nothing but
 * heartbeats until a snapshot has helped it.
 */
final class Snapshotting implements Flow {
    private final long enough;

    /** @param enough who holds everything up to here needs no snapshot, if the log goes on from there */
    Snapshotting(long enough) {
        this.enough = enough;
    }

    long enough() {
        return enough;
    }

    @Override
    public boolean hasRoomFor(int bytes) {
        return false;
    }

    @Override
    public void sent(long lastIndex, int bytes, long now) {
        Check.that(false, "entries up to %s were sent to a follower that waits for a snapshot", lastIndex);
    }
}
