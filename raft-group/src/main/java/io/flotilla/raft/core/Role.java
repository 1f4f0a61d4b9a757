package io.flotilla.raft.core;

import io.flotilla.raft.core.message.Message;

/**
 * What a replica is in its current term. Each role owns the data that has a meaning only in it, and goes with it.
 * Messages reach a role only if they are of the current term, or are pre-vote replies about the next.
 */
sealed interface Role permits Follower, PreCandidate, Candidate, Leader {
    RoleName name();

    /** The leader of the current term if known, else null. */
    NodeId leader();

    void tick(long number);

    /** A reply to what this role, or an earlier one in the same term, asked. */
    void receiveReply(NodeId from, Message reply);

    /** Some of this replica's writes became durable. */
    void persisted();
}
