package io.flotilla.raft.host;

/** What the host tells the node that it is part of. Called on any lane; must not block. */
public interface HostListener {
    /** One replica can't go on (a failed check, a state machine that threw); the others are not disturbed. */
    void groupFailed(long groupId, Throwable cause);

    /** The log can't go on (a failed write or sync, damage): nothing more is acknowledged; the node must stop. */
    void nodeFailed(Throwable cause);

    /**
     * An applier has called callbacks, many perhaps, and comes to its next piece of work: what they gathered may leave.
     * Called on the applier's lane.
     */
    default void answersGiven() {}
}
