package io.flotilla.raft.core.replication;

/** The follower accepted a message: the rest is sent without waiting for answers, within a window. */
final class Replicating implements Flow {
    private final Inflights inflights = new Inflights();
    private final int maxMessages;
    private final int maxBytes;
    private long progressAt;

    Replicating(int maxMessages, int maxBytes) {
        this.maxMessages = maxMessages;
        this.maxBytes = maxBytes;
    }

    @Override
    public boolean hasRoomFor(int bytes) {
        return inflights.count() == 0 || (inflights.count() < maxMessages && inflights.bytes() + bytes <= maxBytes);
    }

    @Override
    public void sent(long lastIndex, int bytes, long now) {
        if (inflights.count() == 0) {
            progressAt = now;
        }
        inflights.add(lastIndex, bytes);
    }

    /** The follower holds everything up to {@code index}, which is more than before. */
    void acknowledged(long index, long now) {
        inflights.freeTo(index);
        progressAt = now;
    }

    /** Whether messages are on their way and none was answered for {@code patience} ticks: then some were lost. */
    boolean isStalled(long now, int patience) {
        return inflights.count() > 0 && now - progressAt >= patience;
    }
}
