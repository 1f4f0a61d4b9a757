package io.flotilla.raft.core.replication;

import io.flotilla.raft.core.Check;

/** The follower lacks entries that the log no longer holds: nothing but heartbeats until a snapshot has helped it. */
final class Snapshotting implements Flow {
    @Override
    public boolean hasRoomFor(int bytes) {
        return false;
    }

    @Override
    public void sent(long lastIndex, int bytes, long now) {
        Check.that(false, "entries up to %s were sent to a follower that waits for a snapshot", lastIndex);
    }
}
