package io.flotilla.raft.core;

import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.core.message.Message.PreVoteReply;
import io.flotilla.raft.core.message.Message.PreVoteRequest;
import io.flotilla.raft.core.quorum.VoteTally;

/** Asks whether a campaign could succeed before it disturbs anyone with a larger term (Raft thesis §9.6). */
final class PreCandidate implements Role {
    private final ReplicaState replica;
    private final RoleTransitions transitions;
    private final VoteTally tally;

    PreCandidate(ReplicaState replica, RoleTransitions transitions) {
        this.replica = replica;
        this.transitions = transitions;
        this.tally = new VoteTally(replica.membership);
    }

    void begin() {
        replica.timer.arm();
        tally.record(replica.self, true);
        ask();
        decide();
    }

    @Override
    public RoleName name() {
        return RoleName.PRE_CANDIDATE;
    }

    @Override
    public NodeId leader() {
        return null;
    }

    @Override
    public void tick(long number) {
        if (replica.timer.tick()) {
            transitions.campaign();
        } else if (replica.isHeartbeatTick(number)) {
            ask();
        }
    }

    @Override
    public void receiveReply(NodeId from, Message reply) {
        if (reply instanceof PreVoteReply preVote && preVote.granted()) {
            tally.record(from, true);
            decide();
        }
    }

    @Override
    public void persisted() {
        // A pre-vote needs nothing durable.
    }

    /** Whoever refused is asked again: it may have given up its leader meanwhile. */
    private void ask() {
        PreVoteRequest request = new PreVoteRequest(replica.term() + 1, replica.log.last());
        for (NodeId voter : replica.membership.all()) {
            if (replica.membership.isVoter(voter) && !tally.hasAnswered(voter)) {
                replica.outbox.send(voter, request);
            }
        }
    }

    private void decide() {
        if (tally.isWon()) {
            transitions.becomeCandidate();
        }
    }
}
