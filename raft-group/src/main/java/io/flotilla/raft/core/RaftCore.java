package io.flotilla.raft.core;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipChange;
import io.flotilla.raft.core.membership.MembershipEntry;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.core.message.Message.AppendReject;
import io.flotilla.raft.core.message.Message.AppendRequest;
import io.flotilla.raft.core.message.Message.Heartbeat;
import io.flotilla.raft.core.message.Message.HeartbeatReply;
import io.flotilla.raft.core.message.Message.PreVoteReply;
import io.flotilla.raft.core.message.Message.PreVoteRequest;
import io.flotilla.raft.core.message.Message.ReadIndexReply;
import io.flotilla.raft.core.message.Message.ReadIndexRequest;
import io.flotilla.raft.core.message.Message.TimeoutNow;
import io.flotilla.raft.core.message.Message.VoteReply;
import io.flotilla.raft.core.message.Message.VoteRequest;
import io.flotilla.raft.core.read.Lease;
import io.flotilla.raft.core.transfer.OtherDisks;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * One replica of one group: a deterministic object without thread, clock, random source, file or socket. Any number of
 * inputs may come before a {@link #drain}; what is drained is owed. Belongs to the group worker that owns the group.
 */
public final class RaftCore {
    private final ReplicaState replica;
    private final RoleTransitions roles;
    private final VoteRule votes;
    private final ApplyWindow applies;

    /**
     * @param tickNanos how long a tick is
     * @param seed of this replica's own generator for election timeouts
     * @param nanos as in {@link #now}
     */
    public RaftCore(CoreConfig config, long tickNanos, NodeId self, RestoredState restored, long seed, long nanos) {
        replica = new ReplicaState(config, tickNanos, self, restored, seed, nanos);
        roles = new RoleTransitions(replica);
        votes = new VoteRule(replica);
        applies = new ApplyWindow(config.maxApplyBytes(), replica.log, replica.loads);
    }

    /**
     * What the node's monotonic clock shows, in nanoseconds from any moment; one that fell is ignored. It must be read after
     * a message was taken from the network and before {@link #receive} is told of it, for to have heard from the leader
     * is a promise from then on. For all else an older time is as good: leases end earlier and promises later.
     */
    public void now(long nanos) {
        replica.now(nanos);
    }

    /**
     * Until when, on the clock of {@link #now}, no other replica can have been elected: whoever read the state machine,
     * after it had applied what was committed when the read came, and finds the clock, looked at after the read, still before
     * that, read linearizably, however long the process was stopped in between. {@link Lease#NONE} if there is no lease.
     */
    public long leaseUntil() {
        return roles.current() instanceof Leader leader ? leader.leaseUntil() : Lease.NONE;
    }

    /** What is known of other nodes' disks from here on: a leader whose own is slower lets one of them lead. */
    public void otherDisks(OtherDisks disks) {
        replica.otherDisks = disks;
    }

    /**
     * One tick has passed; {@code number} is the host's own count, the same for all groups of a node.
     *
     * @return false if nothing came of it but the passing of time: there is nothing to {@link #drain}
     */
    public boolean tick(long number) {
        Role before = roles.current();
        before.tick(number);
        Role after = roles.current();
        if (after != before) {
            return true;
        } else if (after instanceof Follower follower) {
            return follower.isAsking() && replica.isHeartbeatTick(number);
        }
        return !(after instanceof Leader) || replica.isHeartbeatTick(number);
    }

    /** Why a message can't be true, so that {@link #receive} must not be told of it: a part of a sentence; null if it can. */
    public String objectionTo(Message message) {
        return Plausibility.objection(message, replica.term(), replica.log.lastIndex());
    }

    public void receive(NodeId from, Message message) {
        if (message instanceof PreVoteRequest request) {
            if (votes.answer(from, request, roles.current())) {
                roles.giveWay();
            }
        } else if (message instanceof PreVoteReply reply && reply.granted()) {
            if (reply.term() == replica.term() + 1) {
                roles.current().receiveReply(from, reply);
            }
        } else if (message.term() < replica.term()) {
            answerStale(from, message);
        } else if (message.term() == replica.term() || adopts(from, message)) {
            receiveInTerm(from, message);
        }
    }

    /** Whether the log holds the entry, or what is committed in its place: then it will not be appended again. */
    public boolean holds(EntryId entry) {
        return entry.index() <= replica.log.committed() || replica.log.contains(entry);
    }

    /**
     * As {@link #receive}, of a message that was cut before a guarded entry, because the state machine does not hold what that
     * names.
     *
     * @return the entry's index, if it is what would be appended next: {@link #heldBack} is to be called then, and answers the
     *     message; else 0
     */
    public long receiveCut(NodeId from, AppendRequest request) {
        if (request.term() < replica.term()) {
            answerStale(from, request);
            return 0;
        } else if (request.term() > replica.term()) {
            roles.advanceTo(request.term());
        }
        return roles.follow(from).appendCut(request);
    }

    /** @param canPull as in {@link Message.HeldBack} */
    public void heldBack(long index, boolean canPull) {
        if (roles.current() instanceof Follower follower) {
            follower.heldBack(index, canPull);
        }
    }

    /** Appends the commands, in order, if this replica leads. Of guarded ones it must hold what they name. */
    public ProposeResult propose(List<? extends Command> commands) {
        if (roles.current() instanceof Leader leader) {
            return leader.propose(commands);
        }
        return new ProposeResult.NotLeader(replica.term(), roles.current().leader());
    }

    /**
     * Lets another voter lead (Raft thesis §3.10). Until that leads, or for an election timeout at most, nothing can be
     * proposed here; {@link #transferTarget} is then null again.
     */
    public TransferResult transfer(NodeId target) {
        return roles.current() instanceof Leader leader
                ? leader.transfer(target)
                : new TransferResult.NotLeader(roles.current().leader());
    }

    /** Who is to lead, while this replica leads and a transfer is under way; else null. */
    public NodeId transferTarget() {
        return roles.current() instanceof Leader leader ? leader.transferTarget() : null;
    }

    /**
     * Changes the group's membership if this replica leads. One change at a time, and none before an entry of the
     * leader's own term is committed; a joint membership is left by itself once it is committed and applied here.
     * Whether a learner holds enough to become a voter is the caller's to judge, by {@link #matches}.
     */
    public ChangeResult changeMembership(MembershipChange change) {
        if (roles.current() instanceof Leader leader) {
            return leader.changeMembership(change);
        }
        return new ChangeResult.NotLeader(replica.term(), roles.current().leader());
    }

    /** The newest membership in the log, which is in force here, and the index of its entry or, if older, of the base. */
    public MembershipEntry membership() {
        return replica.memberships.latest();
    }

    public boolean leads() {
        return roles.current() instanceof Leader;
    }

    /** The end of the log. */
    public EntryId last() {
        return replica.log.last();
    }

    /** Whether the newest membership is known to be committed. */
    public boolean isMembershipCommitted() {
        return replica.isMembershipCommitted();
    }

    /** The membership at an index that is applied and not before the base. */
    public Membership membershipAt(long index) {
        return replica.memberships.at(index);
    }

    /**
     * The index of the committed and applied membership that leaves this replica out for good; 0 while there is none.
     * The replica may be dropped then, if something keeps it from coming back.
     */
    public long removedAt() {
        return replica.removedAt();
    }

    /** What each replica is known to hold, durably and equal to this leader's log; empty if this replica does not lead. */
    public Map<NodeId, Long> matches() {
        return roles.current() instanceof Leader leader ? leader.followers().matches() : new TreeMap<>();
    }

    /** The members that this leader heard within an election timeout, in order, itself included; empty if it does not lead. */
    public SortedSet<NodeId> heard() {
        return roles.current() instanceof Leader leader ? leader.heard() : new TreeSet<>();
    }

    /** The followers that hold back a guarded entry, and its index; empty if this replica does not lead. */
    public Map<NodeId, Long> followersHeldBack() {
        return roles.current() instanceof Leader leader ? leader.followers().heldBack() : new TreeMap<>();
    }

    /** Whether this replica leads and has applied an entry of its own term: it knows then all that was done before. */
    public boolean hasAppliedOwn() {
        return leads() && replica.log.termAt(replica.log.applied()) == replica.term();
    }

    /** Asks for a linearizable read; {@code readId} comes back in a grant or among the refused. */
    public void readIndex(long readId) {
        if (roles.current() instanceof Leader leader) {
            leader.readIndex(readId);
        } else {
            replica.outbox.refuseReads(List.of(readId));
        }
    }

    /**
     * Asks for a linearizable read at this replica; {@code readId} comes back in a grant or among the refused. One that does not
     * lead asks its leader, and repeats that until it is answered or the leadership ends.
     */
    public void readIndexHere(long readId) {
        if (roles.current() instanceof Follower follower) {
            follower.forwardRead(readId);
        } else {
            readIndex(readId);
        }
    }

    /**
     * The batch and all before it are durable.
     *
     * @return false if nothing came of it: there is nothing to {@link #drain}
     */
    public boolean persisted(long sequence) {
        Role before = roles.current();
        long committed = replica.log.committed();
        replica.outbox.persisted(sequence);
        before.persisted();
        return roles.current() != before
                || replica.log.committed() > committed
                || applies.isWaiting(replica.outbox.durableIndex());
    }

    /**
     * The state machine has applied up to {@code index}.
     *
     * @return false if nothing came of it: there is nothing to {@link #drain}
     */
    public boolean applied(long index) {
        applies.applied(index);
        replica.log.appliedTo(index);
        return applies.isWaiting(replica.outbox.durableIndex())
                || replica.membership.isJoint()
                || replica.removedAt() > 0;
    }

    /**
     * Answers a {@link LoadRequest}; entries whose terms no longer match the log are ignored. None at all is an answer
     * too, for a range that is no longer in the log: if it is still wanted, it is asked for again.
     */
    public void loaded(LoadRequest request, List<Entry> entries) {
        replica.loads.answered(request);
        if (request.purpose() == null) {
            applies.loaded(entries);
        } else if (roles.current() instanceof Leader leader) {
            leader.loaded(request, entries);
        }
    }

    /** The entry before the first one in the log. */
    public EntryId base() {
        return replica.log.base();
    }

    /** The entry at an index that is applied, or null if the log begins after it. */
    public EntryId appliedEntry(long index) {
        Check.that(index <= replica.log.applied(), "entry %s is not applied", index);
        return index < replica.log.base().index() ? null : new EntryId(replica.log.termAt(index), index);
    }

    /** What a follower is known to hold, durably and equal to this leader's log; -1 if this replica does not lead. */
    public long acknowledged(NodeId follower) {
        return roles.current() instanceof Leader leader ? leader.followers().acknowledgedBy(follower) : -1;
    }

    /**
     * Lets the log begin later: entries up to {@code upTo} are needed no more, for the state machine holds them durably.
     * The base moves at once to where the machine has applied, if that is less; the next batch tells the log store.
     *
     * @return whether the base moved
     */
    public boolean compact(long upTo) {
        long index = Math.min(upTo, replica.log.applied());
        if (index <= replica.log.base().index()) {
            return false;
        }
        replica.compactTo(index);
        return true;
    }

    /** Answers {@link Effects#snapshots}: the follower holds everything up to {@code last} durably. */
    public void snapshotSent(NodeId to, EntryId last) {
        if (roles.current() instanceof Leader leader) {
            leader.followers().snapshotSent(to, last);
        }
    }

    /** Answers {@link Effects#snapshots}: not now. If the follower still needs a snapshot, it is asked for again. */
    public void snapshotFailed(NodeId to) {
        if (roles.current() instanceof Leader leader) {
            leader.followers().snapshotFailed(to);
        }
    }

    /**
     * Whether a snapshot that another replica offers is wanted here. What was applied anywhere is committed in every term: so only
     * whether it holds more than what is known to be committed here matters. A leader wants none: its log holds all of that.
     *
     * @param term the sender's, when it led; adopted if it is larger, and can be true
     * @param last the last entry in the snapshot
     */
    public boolean wantsSnapshot(long term, EntryId last) {
        boolean canBeTrue = Plausibility.ofSnapshot(term, last, replica.term(), replica.log.lastIndex()) == null;
        if (canBeTrue && term > replica.term()) {
            roles.advanceTo(term);
        }
        return canBeTrue && isAhead(last);
    }

    /**
     * The snapshot is here, whole. If this returns true, no further entries are handed out to be applied; the host lets the
     * state machine install the snapshot after those handed out by now (the next {@link #drain} included) and after what
     * that drain wants written is durable, and answers with {@link #installed}. If it returns false, the snapshot is not wanted any more.
     */
    public boolean install(SnapshotBase snapshot) {
        if (!isAhead(snapshot.last())) {
            return false;
        }
        applies.pause();
        replica.install(snapshot);
        return true;
    }

    private boolean isAhead(EntryId last) {
        return last.index() > replica.log.committed() && !(roles.current() instanceof Leader) && !applies.isPaused();
    }

    /** The state machine holds the snapshot durably, after it {@link #applied} what came before; the log begins after it. */
    public void installed(EntryId last) {
        applies.installed(last.index());
        replica.installed(last);
        roles.logReplaced();
    }

    public Effects drain() {
        long neededFrom = Long.MAX_VALUE;
        if (roles.current() instanceof Leader leader) {
            leader.flush();
            neededFrom = leader.followers().firstUnacknowledged();
        }
        List<Entry> apply = applies.drain(replica.outbox.durableIndex());
        CoreConfig config = replica.config;
        replica.log.evict(
                neededFrom,
                replica.outbox.durableIndex(),
                config.maxResidentBytes(),
                (long) config.maxResidentBytes() + config.maxUncommittedBytes());
        return replica.outbox.drain(apply);
    }

    public SoftState softState() {
        Role role = roles.current();
        return new SoftState(
                replica.term(), role.name(), role.leader(), replica.log.committed(), replica.log.lastIndex());
    }

    /** Takes over a larger term, unless it only asks for a vote against a leader that is alive and wants to lead. */
    private boolean adopts(NodeId from, Message message) {
        if (message instanceof VoteRequest request
                && !request.byTransfer()
                && votes.sticksToLeader(from, roles.current())) {
            return false;
        }
        roles.advanceTo(message.term());
        return true;
    }

    private void receiveInTerm(NodeId from, Message message) {
        if (message instanceof AppendRequest request) {
            roles.follow(from).append(request);
        } else if (message instanceof Heartbeat heartbeat) {
            roles.follow(from).heartbeat(heartbeat);
        } else if (message instanceof VoteRequest request) {
            if (votes.answer(from, request, roles.current())) {
                roles.giveWay();
            }
        } else if (message instanceof ReadIndexRequest request) {
            if (roles.current() instanceof Leader leader) {
                leader.readIndexFor(from, request.number());
            }
        } else if (message instanceof ReadIndexReply reply) {
            if (roles.current() instanceof Follower follower) {
                follower.readIndexAnswered(reply);
            }
        } else if (message instanceof TimeoutNow timeout) {
            if (roles.current() instanceof Follower follower) {
                follower.timeoutNow(from, timeout);
            }
        } else {
            roles.current().receiveReply(from, message);
        }
    }

    /** Whoever asks in an old term learns the current one; answers to an old term's questions mean nothing any more. */
    private void answerStale(NodeId from, Message message) {
        if (message instanceof AppendRequest request) {
            replica.outbox.answer(
                    from,
                    new AppendReject(
                            replica.term(),
                            request.previous().index(),
                            Math.min(request.previous().index(), replica.log.lastIndex()),
                            List.of()));
        } else if (message instanceof Heartbeat) {
            replica.outbox.answer(from, new HeartbeatReply(replica.term(), 0));
        } else if (message instanceof VoteRequest) {
            replica.outbox.promise(from, new VoteReply(replica.term(), false));
        }
    }
}
