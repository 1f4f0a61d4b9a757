package io.flotilla.raft.core.transfer;

/**
 * When a leader lets another lead because of its own disk: it can apply nothing and answer nobody before its disk holds it, though
 * a quorum may go on. Belongs to the leader. Times are its own ticks in office.
 */
public final class OwnDisk {
    private long durable;
    private long movedAt;
    private long handedOverAt = Long.MIN_VALUE;

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

    /** Whether a leader whose disk is slower than others' may hand over: at once, then once in {@code patience} ticks. */
    public boolean mayHandOver(long now, int patience) {
        return handedOverAt == Long.MIN_VALUE || now - handedOverAt >= patience;
    }

    /** A transfer began because others' disks are quicker. */
    public void handsOver(long now) {
        handedOverAt = now;
    }
}
