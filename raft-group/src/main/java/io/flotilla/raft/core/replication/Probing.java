package io.flotilla.raft.core.replication;

/** The leader looks for the end of what the follower shares with it: one message at a time, until one is accepted. */
final class Probing implements Flow {
    private boolean waiting;
    private long sentAt;

    @Override
    public boolean hasRoomFor(int bytes) {
        return !waiting;
    }

    @Override
    public void sent(long lastIndex, int bytes, long now) {
        waiting = true;
        sentAt = now;
    }

    /** The answer came, or is not waited for any longer. */
    void answered() {
        waiting = false;
    }

    boolean isOverdue(long now, int patience) {
        return waiting && now - sentAt >= patience;
    }
}
