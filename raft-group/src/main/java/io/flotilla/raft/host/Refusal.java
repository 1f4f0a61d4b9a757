package io.flotilla.raft.host;

import io.flotilla.raft.core.NodeId;

/** Why the host did not do what was asked. Immutable. */
public sealed interface Refusal {
    /** Certainly not done. @param leader whom to ask instead, or null if unknown */
    record NotLeader(NodeId leader) implements Refusal {}

    /** Certainly not done: a queue is full. Try again after {@code retryAfterMillis}. */
    record Busy(long retryAfterMillis) implements Refusal {}

    /** Certainly not done: this node has no running replica of the group (never had, not started yet, or halted). */
    record NoReplica() implements Refusal {}

    /**
     * Certainly not done: the group's leadership is being transferred to {@code target}, which takes an election timeout at
     * most. Try again after {@code retryAfterMillis}.
     */
    record Transferring(NodeId target, long retryAfterMillis) implements Refusal {}

    /**
     * Certainly not done: a guarded command can't be proposed here now. Try again a little later.
     *
     * @param why for people
     */
    record Guarded(String why) implements Refusal {}

    /** Certainly not done: {@code target} can't lead, for it is no voter of the group. Name one that is. */
    record NotEligible(NodeId target) implements Refusal {}

    /** May or may not be done: the proposal was appended, then the leadership was lost or the node began to stop; or
     * a transfer of leadership began, and did not come about in time. */
    record Indeterminate(NodeId leader) implements Refusal {}
}
