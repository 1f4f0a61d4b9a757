package io.flotilla.raft.core;

/**
 * A replica's log ends before what it acknowledged to its leader: what was durable is not there any more. It must not take part again, for
 * it may have been counted for what it has lost.
 */
public final class LostEntriesException extends RuntimeException {
    private static final long serialVersionUID = 1;

    LostEntriesException(NodeId leader, long term, long acknowledged, long lastIndex) {
        super("entries up to " + acknowledged + " were acknowledged to " + leader + ", which leads in term " + term
                + ", and the log ends at " + lastIndex);
    }
}
