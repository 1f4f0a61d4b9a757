package io.flotilla.raft.core;

import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.message.Message.PreVoteReply;
import io.flotilla.raft.core.message.Message.PreVoteRequest;
import io.flotilla.raft.core.message.Message.VoteReply;
import io.flotilla.raft.core.message.Message.VoteRequest;

/** Who gets this replica's vote. Decides the same way in every role; what the roles differ in is handed in. */
final class VoteRule {
    private final ReplicaState replica;

    VoteRule(ReplicaState replica) {
        this.replica = replica;
    }

    /** Whether there is reason to believe in a live leader other than {@code candidate}. */
    boolean sticksToLeader(NodeId candidate, Role role) {
        return role instanceof Leader || replica.stickiness.forbids(candidate, replica.now());
    }

    /**
     * Answers without changing anything: a pre-vote is a forecast.
     *
     * @return whether this replica, if it too asks for pre-votes, should leave it to {@code from}: two whose questions
     *     cross would grant each other, then vote each for itself, and lose an election timeout. The longer log goes
     *     first; of equal ones, the larger name; never one that is left out, as far as is known here.
     */
    boolean answer(NodeId from, PreVoteRequest request, Role role) {
        boolean granted = request.term() > replica.term() && !sticksToLeader(from, role) && mayElect(request.last());
        replica.outbox.answer(from, new PreVoteReply(granted ? request.term() : replica.term(), granted));
        boolean isFirst = !replica.log.last().equals(request.last()) || from.compareTo(replica.self) > 0;
        return granted && isFirst && replica.membership.isVoter(from);
    }

    /**
     * Answers a request of the current term. A vote given holds until the term ends, also across a restart.
     *
     * @return whether the vote was given
     */
    boolean answer(NodeId from, VoteRequest request, Role role) {
        NodeId votedFor = replica.hardState().votedFor();
        boolean free = votedFor == null ? role.leader() == null : votedFor.equals(from);
        boolean granted = free && mayElect(request.last());
        if (granted && !request.byTransfer() && sticksToLeader(from, role)) {
            return false; // and no answer, so that it may ask again
        }
        if (granted) {
            replica.vote(from);
            replica.timer.arm();
        }
        replica.outbox.promise(from, new VoteReply(replica.term(), granted));
        return granted;
    }

    private boolean mayElect(EntryId last) {
        return replica.isGoodEnough() && replica.log.isCoveredBy(last);
    }
}
