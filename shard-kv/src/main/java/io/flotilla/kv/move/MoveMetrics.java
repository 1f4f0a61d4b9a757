package io.flotilla.kv.move;

/** Counts what became of moves that this node's replicas took part in as leaders. Calls don't block. */
public interface MoveMetrics {
    /**
     * A group led here has adopted a shard.
     *
     * @param pauseNanos from the first question for the freeze, or when this leader first knew of it, to the shard's being served
     */
    void adopted(long pauseNanos, long bytes);

    /** A group led here has ended a move without giving the shard away. */
    void cancelled();

    /** A group led here has dropped a shard that it gave away. */
    void dropped();

    /** A step was refused or got no answer; it is tried again. */
    void failed();
}
