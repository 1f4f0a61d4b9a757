package io.flotilla.raft.core.transfer;

/**
 * Whether a leader's own disk keeps it from what the others have long committed: it can apply nothing and answer nobody then,
 * though a quorum goes on, and another would lead better. Belongs to the leader. Times are its own ticks in office.
 */
public final class OwnDisk {
    private long durable;
    private long movedAt;

    /**
     * Looks at it now.
     *
     * @param durableIndex up to which the leader's own disk holds its log
     * @param committed up to which a quorum holds it
     * @return whether the disk has been stalled for {@code patience} ticks while more than it holds was committed; true at most
     *     once in so many
     */
    public boolean isStalled(long durableIndex, long committed, long now, int patience) {
        if (durableIndex >= committed || durableIndex != durable) {
            durable = durableIndex;
            movedAt = now;
        }
        boolean isStalled = now - movedAt >= patience;
        if (isStalled) {
            movedAt = now;
        }
        return isStalled;
    }
}
