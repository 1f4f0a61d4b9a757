package io.flotilla.raft.core;

/** What became of a wish to change the membership at the door. */
public sealed interface ChangeResult {
    /**
     * Appended at the leader, in force here, not yet committed. It is done when the entry at {@code index} is committed
     * in {@code term} and, if that is joint, the next membership too.
     */
    record Accepted(long term, long index) implements ChangeResult {}

    /** Certainly not done. @param leader whom to ask instead, or null if unknown */
    record NotLeader(long term, NodeId leader) implements ChangeResult {}

    /** Certainly not done: an earlier change is not over, or this leader has not committed anything yet. Try again. */
    record NotYet() implements ChangeResult {}

    /** Certainly not done: it makes no sense for the group as it is. @param reason for people */
    record Invalid(String reason) implements ChangeResult {}
}
