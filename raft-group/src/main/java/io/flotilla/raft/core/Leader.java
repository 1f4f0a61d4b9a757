package io.flotilla.raft.core;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.log.RaftLog;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipChange;
import io.flotilla.raft.core.membership.MembershipChanger;
import io.flotilla.raft.core.membership.MembershipCodec;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.core.message.Message.AppendReject;
import io.flotilla.raft.core.message.Message.AppendReply;
import io.flotilla.raft.core.message.Message.Heartbeat;
import io.flotilla.raft.core.message.Message.HeartbeatReply;
import io.flotilla.raft.core.message.Message.HeldBack;
import io.flotilla.raft.core.message.Message.ReadIndexReply;
import io.flotilla.raft.core.message.Message.TimeoutNow;
import io.flotilla.raft.core.quorum.CommitRule;
import io.flotilla.raft.core.quorum.Joint;
import io.flotilla.raft.core.read.Lease;
import io.flotilla.raft.core.read.ReadIndexQueue;
import io.flotilla.raft.core.read.RemoteReads;
import io.flotilla.raft.core.replication.Progress;
import io.flotilla.raft.core.transfer.LeadershipTransfer;
import io.flotilla.raft.core.transfer.OtherDisks;
import io.flotilla.raft.core.transfer.OwnDisk;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.function.Predicate;

/**
 * Orders the group's commands and brings every follower's log to equal its own. Its own disk is one more follower: an
 * entry counts here only once it is durable, and travels to the others meanwhile.
 */
final class Leader implements Role {
    /** In election timeouts. Much less, and disks that are all slow would pass leaderships around. */
    private static final int DISK_PATIENCE = 4;

    private final ReplicaState replica;
    private final RoleTransitions transitions;
    private final RaftLog log;
    private final ProgressTable followers;
    private final RemovedPeers removedPeers;
    private final ReadIndexQueue reads = new ReadIndexQueue();
    private final RemoteReads remoteReads = new RemoteReads();
    private final Lease lease;
    private final LeadershipTransfer transfer = new LeadershipTransfer();
    private final OwnDisk ownDisk = new OwnDisk();
    private long round;
    private long now;
    /** The index of the last guarded entry that was proposed here; 0 for none. */
    private long guarded;

    /** Whether the newest membership gives this replica no vote: it leads until that is committed. */
    private boolean leaving;

    Leader(ReplicaState replica, RoleTransitions transitions) {
        this.replica = replica;
        this.transitions = transitions;
        this.log = replica.log;
        this.followers = new ProgressTable(replica);
        this.lease = new Lease(replica.leaseNanos);
        this.removedPeers = new RemovedPeers(10L * replica.config.electionTicks());
        membershipChanged();
    }

    private void membershipChanged() {
        Membership membership = replica.membership;
        leaving = !membership.isVoter(replica.self);
        for (NodeId node : replica.memberships.everyone()) {
            if (isSelf(node)) {
                continue;
            }
            followers.add(node, now);
            if (membership.contains(node)) {
                removedPeers.end(node);
            } else {
                removedPeers.begin(node, now);
            }
        }
    }

    /** Entries of earlier terms commit, and reads become safe, with the first entry of this term (paper §8). */
    void begin() {
        replica.append(Entry.noOp(replica.term(), log.lastIndex() + 1));
    }

    @Override
    public RoleName name() {
        return RoleName.LEADER;
    }

    @Override
    public NodeId leader() {
        return replica.self;
    }

    @Override
    public void tick(long number) {
        now++;
        if (transfer.isOverdue(now, replica.config.electionTicks())) {
            transfer.giveUp();
        }
        if (!replica.isHeartbeatTick(number)) {
            return;
        }
        transfer.tellAgain();
        int patience = replica.config.electionTicks();
        if (Joint.agrees(
                replica.membership, node -> isSelf(node) || followers.get(node).heardWithin(now, patience))) {
            sendHeartbeats();
            tellRemovedPeers();
            lookAtOwnDisk(DISK_PATIENCE * patience);
        } else {
            transitions.resign();
        }
    }

    private void lookAtOwnDisk(int patience) {
        OtherDisks others = replica.otherDisks;
        if (ownDisk.isStalled(replica.outbox.durableIndex(), log.committed(), now, patience)) {
            letAnotherLead(node -> !others.slow().contains(node));
        } else if (!others.quicker().isEmpty()
                && ownDisk.mayHandOver(now, patience)
                && letAnotherLead(others.quicker()::contains)) {
            ownDisk.handsOver(now);
        }
    }

    /**
     * One of those that hold most, if the better ones are a quorum without this replica: the next {@link #flush} goes on with it.
     *
     * @return false if nobody is to
     */
    private boolean letAnotherLead(Predicate<NodeId> isBetter) {
        Predicate<NodeId> isFit = node -> !isSelf(node)
                && isBetter.test(node)
                && followers.get(node).heardWithin(now, 2 * replica.config.heartbeatTicks());
        if (transfer.target() != null || !Joint.agrees(replica.membership, isFit)) {
            return false;
        }
        List<NodeId> best = followers.bestOf(node -> mayTakeOver(node) && isFit.test(node));
        if (!best.isEmpty()) {
            // not all groups of a node to the same other one
            transfer.begin(best.get((int) Math.floorMod(log.lastIndex(), (long) best.size())), now);
        }
        return !best.isEmpty();
    }

    /** The next {@link #flush} goes on with it. */
    TransferResult transfer(NodeId target) {
        if (isSelf(target)) {
            return new TransferResult.LeadsAlready();
        } else if (!mayTakeOver(target)) {
            return new TransferResult.NotEligible();
        } else if (transfer.target() != null) {
            return new TransferResult.UnderWay(transfer.target());
        }
        transfer.begin(target, now);
        return new TransferResult.Begun();
    }

    NodeId transferTarget() {
        return transfer.target();
    }

    /** True for a target until its transfer is over: no change begins meanwhile, and the end of a joint one takes no such vote. */
    private boolean mayTakeOver(NodeId node) {
        return followers.contains(node) && replica.membership.voters().contains(node);
    }

    private void tellTarget() {
        if (transfer.isToBeTold() && followers.get(transfer.target()).match() == log.lastIndex()) {
            if (round == 0) {
                sendHeartbeats(); // a word without a round before it is not heeded
            }
            transfer.told(round);
            replica.outbox.send(transfer.target(), new TimeoutNow(replica.term(), round));
        }
    }

    ProposeResult propose(List<? extends Command> commands) {
        if (transfer.target() != null) {
            return new ProposeResult.Transferring(transfer.target());
        }
        long bytes = 0;
        int guardedCommands = 0;
        for (int i = 0; i < commands.size(); i++) {
            bytes += commands.get(i).payload().length + Entry.OVERHEAD_BYTES;
            guardedCommands += (commands.get(i).flags() & Entry.GUARDED) == 0 ? 0 : 1;
        }
        if (guardedCommands > 0 && (guardedCommands > 1 || guarded > log.committed() || !hasCommittedOwn())) {
            return new ProposeResult.GuardedLater();
        }
        long waiting = log.unappliedBytes();
        if (waiting > 0 && waiting + bytes > replica.config.maxUncommittedBytes()) {
            return new ProposeResult.Busy();
        }
        long first = log.lastIndex() + 1;
        for (int i = 0; i < commands.size(); i++) {
            Command command = commands.get(i);
            long index = log.lastIndex() + 1;
            replica.append(new Entry(replica.term(), index, EntryKind.COMMAND, command.flags(), command.payload()));
            guarded = (command.flags() & Entry.GUARDED) == 0 ? guarded : index;
        }
        return new ProposeResult.Accepted(replica.term(), first);
    }

    /**
     * Only after an entry of this term is committed (Ongaro on raft-dev, 2015): else memberships of two leaders that never
     * met may have majorities that don't either. Only after the last change is over (paper §6), and not while the leadership is
     * transferred.
     */
    ChangeResult changeMembership(MembershipChange change) {
        if (!hasCommittedOwn()
                || transfer.target() != null
                || !replica.isMembershipCommitted()
                || replica.membership.isJoint()) {
            return new ChangeResult.NotYet();
        }
        Membership next;
        try {
            next = MembershipChanger.change(replica.membership, change);
        } catch (IllegalArgumentException e) {
            return new ChangeResult.Invalid(e.getMessage());
        }
        return new ChangeResult.Accepted(replica.term(), append(next));
    }

    private boolean hasCommittedOwn() {
        return log.termAt(log.committed()) == replica.term();
    }

    private long append(Membership membership) {
        long index = log.lastIndex() + 1;
        replica.append(new Entry(replica.term(), index, EntryKind.MEMBERSHIP, MembershipCodec.encode(membership)));
        membershipChanged();
        return index;
    }

    ProgressTable followers() {
        return followers;
    }

    /** The members heard within an election timeout, this one included; in order. */
    SortedSet<NodeId> heard() {
        SortedSet<NodeId> heard = followers.heardWithin(now, replica.config.electionTicks());
        heard.add(replica.self);
        return heard;
    }

    void readIndex(long readId) {
        reads.add(readId, log.committed());
    }

    /**
     * A follower asks. The clock was looked at after its question came, so a lease that held then answers for the commit index
     * of now.
     */
    void readIndexFor(NodeId from, long number) {
        if (replica.now() < leaseUntil()) {
            answer(from, new ReadGrant(number, log.committed()));
            return;
        }
        long readId = remoteReads.add(from, number);
        if (readId != 0) {
            reads.add(readId, log.committed());
        }
    }

    private void answer(NodeId follower, ReadGrant grant) {
        replica.outbox.send(follower, new ReadIndexReply(replica.term(), grant.readId(), grant.index()));
    }

    /** Only once an entry of this term is committed is it known what a read must see. */
    long leaseUntil() {
        return reads.isOpen() && !transfer.isPending() ? lease.until() : Lease.NONE;
    }

    List<Long> abandonReads() {
        return RemoteReads.own(reads.abandon());
    }

    @Override
    public void receiveReply(NodeId from, Message reply) {
        Progress follower = followers.get(from);
        if (follower == null) {
            return;
        }
        if (reply instanceof AppendReply append) {
            follower.heard(now);
            acknowledged(follower, append.matchIndex());
        } else if (reply instanceof HeartbeatReply heartbeat) {
            if (heartbeat.round() > round) {
                return; // there was none yet
            }
            follower.heard(now);
            follower.answeredRound(heartbeat.round());
            transfer.answered(from, heartbeat.round());
            follower.checkForLoss(now, replica.config.heartbeatTicks());
            confirmRound();
        } else if (reply instanceof AppendReject reject) {
            follower.heard(now);
            if (follower.isCurrentRejection(reject.rejectedIndex())) {
                rejected(from, follower, reject);
            }
        } else if (reply instanceof HeldBack held) {
            follower.heard(now);
            acknowledged(follower, held.index() - 1);
            if (held.index() > follower.match() && !follower.awaitsSnapshot()) {
                heldBack(from, follower, held);
            }
        }
    }

    /**
     * A snapshot that ends before the entry would change nothing, so before that is applied here the follower must come by what it
     * needs in another way.
     */
    private void heldBack(NodeId from, Progress follower, HeldBack held) {
        if (!held.canPull() && held.index() <= log.applied()) {
            helpBySnapshot(from, follower, held.index());
        } else {
            follower.heldBack(held.index(), replica.config.heartbeatTicks(), now);
        }
    }

    /** @param enough if the follower acknowledges up to here meanwhile, it needs none */
    private void helpBySnapshot(NodeId to, Progress follower, long enough) {
        if (removedPeers.contains(to)) {
            forget(to);
            return;
        }
        follower.awaitSnapshot(enough);
        replica.outbox.snapshot(to);
    }

    private void rejected(NodeId from, Progress follower, AppendReject reject) {
        if (follower.isBehind(log.base().index(), reject.rejectedIndex())) {
            helpBySnapshot(from, follower, 0);
        } else {
            follower.rejected(log.lastPossibleMatch(reject.rejectedIndex(), reject.end(), reject.runs()));
        }
    }

    private void forget(NodeId removed) {
        if (replica.isMembershipCommitted()) {
            // it can't be elected any more, whatever it was told
            transfer.answered(removed, Long.MAX_VALUE);
        }
        followers.remove(removed);
        removedPeers.end(removed);
    }

    @Override
    public void persisted() {
        advanceCommit(replica.outbox.durableIndex());
    }

    /** Sends what may be sent now; called once per turn, so that one message carries all of the turn's proposals. */
    void flush() {
        if (replica.membership.isJoint()
                && replica.memberships.latest().index() <= log.applied()
                && hasCommittedOwn()) {
            append(MembershipChanger.leave(replica.membership));
        }
        followers.replicate(now);
        if (reads.wantRound()) {
            sendHeartbeats();
        }
        tellTarget();
        if (leaving && replica.isMembershipCommitted()) {
            sendHeartbeats();
            transitions.resign();
        }
    }

    void loaded(LoadRequest request, List<Entry> entries) {
        followers.loaded(request, entries, now);
    }

    private void acknowledged(Progress follower, long index) {
        Check.that(
                index <= log.lastIndex(),
                "a follower acknowledges index %s, the log ends at %s",
                index,
                log.lastIndex());
        follower.acknowledged(index, now);
        if (follower.needsNoSnapshot(log.base().index())) {
            follower.probeFrom(follower.match() + 1);
        }
        advanceCommit(follower.match());
    }

    /** A replica is now known to hold everything up to {@code holds}: news only if that is not committed yet. */
    private void advanceCommit(long holds) {
        if (holds <= log.committed()) {
            return;
        }
        long held = Joint.reachedValue(
                replica.membership,
                node -> isSelf(node)
                        ? replica.outbox.durableIndex()
                        : followers.get(node).match());
        long committed = CommitRule.advance(log.committed(), held, replica.term(), log::termAt);
        if (committed > log.committed()) {
            log.commitTo(committed);
            reads.open(committed);
        }
    }

    /** Each round shows, once a quorum answered, that this leader still led when it left. */
    private void sendHeartbeats() {
        round++;
        reads.begin(round);
        lease.sent(round, replica.now());
        followers.forEach((node, follower) -> replica.outbox.send(
                node, new Heartbeat(replica.term(), Math.min(follower.match(), log.committed()), round)));
        confirmRound();
    }

    private void confirmRound() {
        long confirmed = Joint.reachedValue(
                replica.membership,
                node -> isSelf(node) ? round : followers.get(node).answeredRound());
        lease.confirmed(confirmed);
        replica.outbox.grant(remoteReads.split(reads.confirm(confirmed), this::answer));
    }

    /** Forgets who was told, or could not be told, that it has no replica any more. */
    private void tellRemovedPeers() {
        long left = replica.memberships.latest().index();
        List<NodeId> over = new ArrayList<>(0);
        followers.forEach((node, follower) -> {
            if (removedPeers.isOver(node, left <= Math.min(follower.match(), log.committed()), now)) {
                over.add(node);
            }
        });
        over.forEach(this::forget);
    }

    private boolean isSelf(NodeId node) {
        return node.equals(replica.self);
    }
}
