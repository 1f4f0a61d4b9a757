package io.flotilla.raft.core;

import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.core.message.Message.VoteReply;
import io.flotilla.raft.core.message.Message.VoteRequest;
import io.flotilla.raft.core.quorum.VoteTally;

/**
 * Asks for the votes of its term, again and again until its time is up. Its requests leave only once its own vote and
 * the log they describe are durable: otherwise a crash could let it collect, in the same term and with a shorter log,
 * the votes that were given to the longer one. Its own vote counts from the same moment.
 */
final class Candidate implements Role {
    private final ReplicaState replica;
    private final RoleTransitions transitions;
    private final VoteTally tally;
    private final boolean byTransfer;

    /** @param byTransfer whether the leader told this replica to campaign */
    Candidate(ReplicaState replica, RoleTransitions transitions, boolean byTransfer) {
        this.replica = replica;
        this.transitions = transitions;
        this.tally = new VoteTally(replica.membership);
        this.byTransfer = byTransfer;
    }

    void begin() {
        replica.timer.arm();
        ask();
    }

    @Override
    public RoleName name() {
        return RoleName.CANDIDATE;
    }

    @Override
    public NodeId leader() {
        return null;
    }

    /** The time for answers does not run while the disk delays the questions. */
    @Override
    public void tick(long number) {
        if (!replica.outbox.isHardStateDurable()) {
            return;
        }
        if (replica.timer.tick()) {
            transitions.campaign();
        } else if (replica.isHeartbeatTick(number)) {
            ask();
        }
    }

    @Override
    public void receiveReply(NodeId from, Message reply) {
        if (reply instanceof VoteReply vote) {
            tally.record(from, vote.granted());
            decide();
        }
    }

    @Override
    public void persisted() {
        if (replica.outbox.isHardStateDurable() && !tally.hasAnswered(replica.self)) {
            tally.record(replica.self, true);
            decide();
        }
    }

    private void ask() {
        VoteRequest request = new VoteRequest(replica.term(), replica.log.last(), byTransfer);
        for (NodeId voter : replica.membership.all()) {
            if (replica.membership.isVoter(voter) && !voter.equals(replica.self) && !tally.hasAnswered(voter)) {
                replica.outbox.promise(voter, request);
            }
        }
    }

    private void decide() {
        if (tally.isWon()) {
            transitions.becomeLeader();
        }
    }
}
