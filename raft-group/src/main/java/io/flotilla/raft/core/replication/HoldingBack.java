package io.flotilla.raft.core.replication;

/**
 * The follower does not hold what the next entry names: nothing but heartbeats, and at their pace that one entry, until it
 * takes it. Sent as usual, the entry and all behind it would cross the network anew in every round trip.
 */
final class HoldingBack implements Flow {
    private final int pace;
    private long dueAt;
    private boolean due;

    /** @param pace in ticks between two attempts @param now the follower has just refused the entry */
    HoldingBack(int pace, long now) {
        this.pace = pace;
        this.dueAt = now + 1;
    }

    @Override
    public boolean hasRoomFor(int bytes) {
        return due;
    }

    @Override
    public void sent(long lastIndex, int bytes, long now) {
        due = false;
        dueAt = now + pace;
    }

    /** The follower is alive. */
    void heard(long now) {
        due = due || now >= dueAt;
    }
}
