package io.flotilla.raft.core;

import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.core.message.Message.AppendReject;
import io.flotilla.raft.core.message.Message.AppendReply;
import io.flotilla.raft.core.message.Message.AppendRequest;
import io.flotilla.raft.core.message.Message.Heartbeat;
import io.flotilla.raft.core.message.Message.HeartbeatReply;
import io.flotilla.raft.core.message.Message.HeldBack;
import io.flotilla.raft.core.message.Message.ReadIndexReply;
import io.flotilla.raft.core.message.Message.ReadIndexRequest;
import io.flotilla.raft.core.message.Message.TimeoutNow;
import io.flotilla.raft.core.read.ForwardedReads;
import java.util.ArrayList;
import java.util.List;

/** Takes over what the leader of the term sends, if there is one; campaigns when it hears nothing. */
final class Follower implements Role {
    private final ReplicaState replica;
    private final RoleTransitions transitions;
    private NodeId leader;

    /** Up to here this log is known to equal the leader's of this term. */
    private long matched;

    /** How much of the leader's log is known to be committed, whether it is here or not. */
    private long leaderCommitted;

    private final ForwardedReads reads = new ForwardedReads();

    /** @param leader the leader of the current term, or null while unknown */
    Follower(ReplicaState replica, RoleTransitions transitions, NodeId leader) {
        this.replica = replica;
        this.transitions = transitions;
        this.leader = leader;
    }

    @Override
    public RoleName name() {
        return RoleName.FOLLOWER;
    }

    @Override
    public NodeId leader() {
        return leader;
    }

    @Override
    public void tick(long number) {
        if (isAsking() && replica.isHeartbeatTick(number)) {
            ask();
        }
        if (replica.outbox.isHardStateDurable()
                && replica.timer.tick()
                && replica.mayCampaign()
                && !replica.stickiness.forbids(replica.self, replica.now())) {
            transitions.campaign();
        }
    }

    void heardFrom(NodeId node) {
        Check.that(
                leader == null || leader.equals(node),
                "two leaders in term %s: %s and %s",
                replica.term(),
                leader,
                node);
        leader = node;
        replica.stickiness.heard(node, replica.now());
        replica.timer.arm();
    }

    void append(AppendRequest request) {
        long held = take(request);
        if (held >= 0) {
            replica.outbox.acknowledge(leader, new AppendReply(replica.term(), held));
        }
    }

    /**
     * The entry after those of the message is held back.
     *
     * @return its index if {@link #heldBack} is to answer; 0 if there is an answer already
     */
    long appendCut(AppendRequest request) {
        long index = request.previous().index() + request.entries().size() + 1;
        long held = take(request);
        if (held >= index) {
            replica.outbox.acknowledge(leader, new AppendReply(replica.term(), held));
        }
        return held >= 0 && held < index ? index : 0;
    }

    /** A promise, for it says that what comes before is durable. */
    void heldBack(long index, boolean canPull) {
        replica.outbox.promise(leader, new HeldBack(replica.term(), index, canPull));
    }

    /** @return up to where this log equals the leader's now; -1 if the message does not fit and that was answered */
    private long take(AppendRequest request) {
        EntryId previous = request.previous();
        long committed = replica.log.committed();
        if (previous.index() > committed && !replica.log.contains(previous)) {
            reject(previous.index());
            return -1;
        }
        long held = Math.max(committed, replica.appendAfter(previous, request.entries()));
        matched = Math.max(matched, held);
        leaderCommitted = Math.max(leaderCommitted, request.commit());
        commitWhatIsHere();
        return held;
    }

    void heartbeat(Heartbeat heartbeat) {
        if (heartbeat.commit() > replica.log.lastIndex()) {
            // it tells no more than what was acknowledged to it
            throw new LostEntriesException(leader, replica.term(), heartbeat.commit(), replica.log.lastIndex());
        }
        replica.heardRound(heartbeat.round());
        replica.log.commitTo(heartbeat.commit());
        replica.outbox.answer(leader, new HeartbeatReply(replica.term(), heartbeat.round()));
    }

    /** The leader wants this replica to lead. What it said before it began a later round of heartbeats is void. */
    void timeoutNow(NodeId from, TimeoutNow message) {
        if (from.equals(leader)
                && replica.holdsAfter(message.round())
                && replica.membership.isVoter(replica.self)
                && replica.isGoodEnough()) {
            transitions.takeOver();
        }
    }

    /** Asks the leader where the commit index stands; refused if none is known. */
    void forwardRead(long readId) {
        if (leader == null) {
            replica.outbox.refuseReads(List.of(readId));
            return;
        }
        reads.add(readId);
        askNext();
    }

    private void askNext() {
        if (reads.mayAsk()) {
            reads.ask(replica.nextQuestion());
            ask();
        }
    }

    private void ask() {
        replica.outbox.answer(leader, new ReadIndexRequest(replica.term(), reads.unanswered()));
    }

    /** Whether a question is to be repeated at heartbeat ticks. */
    boolean isAsking() {
        return reads.unanswered() != 0;
    }

    void readIndexAnswered(ReadIndexReply reply) {
        leaderCommitted = Math.max(leaderCommitted, reply.index());
        commitWhatIsHere();
        List<ReadGrant> grants = new ArrayList<>();
        for (long readId : reads.answered(reply.number())) {
            grants.add(new ReadGrant(readId, reply.index()));
        }
        replica.outbox.grant(grants);
        askNext();
    }

    List<Long> abandonReads() {
        return reads.abandon();
    }

    private void commitWhatIsHere() {
        replica.log.commitTo(Math.min(leaderCommitted, matched));
    }

    private void reject(long index) {
        long end = Math.min(index, replica.log.lastIndex());
        replica.outbox.answer(
                leader,
                new AppendReject(replica.term(), index, end, replica.log.runsBackFrom(end, AppendReject.MOST_RUNS)));
    }

    @Override
    public void receiveReply(NodeId from, Message reply) {
        // An answer to an earlier candidacy of this term: it came too late.
    }

    @Override
    public void persisted() {
        // A follower's promises leave with their batches; nothing else waits for the disk.
    }
}
