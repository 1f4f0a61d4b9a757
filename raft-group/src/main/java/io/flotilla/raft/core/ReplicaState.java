package io.flotilla.raft.core;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.log.RaftLog;
import io.flotilla.raft.core.log.TermRun;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipCodec;
import io.flotilla.raft.core.membership.MembershipEntry;
import io.flotilla.raft.core.membership.MembershipHistory;
import io.flotilla.raft.core.transfer.OtherDisks;
import java.util.List;
import java.util.SplittableRandom;

/** What a replica has in every role. The roles own the rest. */
final class ReplicaState {
    final CoreConfig config;
    final NodeId self;
    final MembershipHistory memberships;
    final RaftLog log;
    final Outbox outbox;
    final Loads loads;
    final ElectionTimer timer;
    final LeaderStickiness stickiness;
    final long leaseNanos;

    /** What is known of other nodes' disks. */
    OtherDisks otherDisks = OtherDisks.NONE;

    private final long joined;
    private final EntryId floor;
    private HardState hardState;
    private long now;

    /** The newest round of heartbeats of the current term's leader that was heard, since the start; 0 for none. */
    private long heardRound;

    private long lastQuestion;

    /** The newest in the log, which counts. */
    Membership membership;

    /** Whether it leaves this replica out. */
    private boolean isLeftOut;

    /** The snapshot that the state machine takes over just now. */
    private SnapshotBase installing;

    ReplicaState(CoreConfig config, long tickNanos, NodeId self, RestoredState restored, long seed, long now) {
        this.config = config;
        this.self = self;
        this.joined = restored.joined();
        this.floor = restored.floor();
        this.memberships = new MembershipHistory(
                new MembershipEntry(restored.base().index(), restored.membership()), restored.memberships());
        this.hardState = restored.hardState();
        this.outbox = new Outbox(restored.lastIndex());
        this.log = restore(restored);
        membershipChanged();
        this.loads = new Loads(outbox);
        this.timer = new ElectionTimer(config.electionTicks(), seed);
        this.now = now;
        this.lastQuestion = new SplittableRandom(~seed).nextLong() >>> 2;
        long electionNanos = config.electionTicks() * tickNanos;
        this.stickiness = new LeaderStickiness(electionNanos, hardState.term() > 0, now);
        this.leaseNanos = config.leases().nanos(electionNanos, tickNanos);
        Check.that(
                log.last().term() <= hardState.term(),
                "the log ends in term %s, after the stored term %s",
                log.last().term(),
                hardState.term());
    }

    /** A snapshot whose base record a crash prevented counts as installed now. */
    private RaftLog restore(RestoredState restored) {
        EntryId snapshot = restored.installed();
        if (holds(restored, snapshot)) {
            return new RaftLog(restored.base(), restored.terms(), restored.lastIndex(), restored.applied());
        }
        Check.that(
                restored.snapshot() != null && restored.snapshot().last().equals(snapshot),
                "the log does not know the membership at %s, where the snapshot ends: it knows %s",
                snapshot,
                restored.snapshot());
        Membership then = restored.snapshot().membership();
        memberships.resetTo(new MembershipEntry(snapshot.index(), then));
        outbox.resetTo(snapshot, then);
        return new RaftLog(snapshot, List.of(), snapshot.index(), restored.applied());
    }

    private static boolean holds(RestoredState restored, EntryId snapshot) {
        if (snapshot.index() <= restored.base().index()) {
            return true;
        }
        long term = 0;
        for (TermRun run : restored.terms()) {
            if (run.firstIndex() <= snapshot.index()) {
                term = run.term();
            }
        }
        return snapshot.index() <= restored.lastIndex() && snapshot.term() == term;
    }

    /** The node's monotonic clock when it was last looked at. */
    long now() {
        return now;
    }

    /** A number that no question of this replica ever had, in this life or an earlier one. */
    long nextQuestion() {
        return ++lastQuestion;
    }

    void now(long nanos) {
        now = Math.max(now, nanos);
    }

    long term() {
        return hardState.term();
    }

    HardState hardState() {
        return hardState;
    }

    void advanceTo(long term) {
        hardState = hardState.advanceTo(term);
        outbox.save(hardState);
        heardRound = 0;
    }

    /** A round of heartbeats of this term's leader. What was heard outlives roles, but no restart. */
    void heardRound(long round) {
        heardRound = Math.max(heardRound, round);
    }

    /**
     * Whether what this term's leader said after a round of heartbeats still holds: not after a later round, and not before
     * any was heard, for it may have been heard before a restart.
     */
    boolean holdsAfter(long round) {
        return heardRound > 0 && round >= heardRound;
    }

    void vote(NodeId candidate) {
        HardState voted = hardState.vote(candidate);
        if (voted != hardState) {
            hardState = voted;
            outbox.save(hardState);
        }
    }

    boolean isHeartbeatTick(long number) {
        return number % config.heartbeatTicks() == 0;
    }

    /** Forgets entries up to {@code index}, which the state machine holds durably. */
    void compactTo(long index) {
        log.compactTo(index);
        baseMoved();
    }

    private void baseMoved() {
        memberships.compactTo(log.base().index());
        outbox.moveBase(log.base(), memberships.at(log.base().index()));
    }

    /** The state machine is to take over a snapshot; what it stands for is written down before. */
    void install(SnapshotBase snapshot) {
        installing = snapshot;
        outbox.install(snapshot);
    }

    /** The state machine took over a snapshot durably. */
    void installed(EntryId last) {
        if (log.contains(last)) {
            log.installed(last);
            baseMoved();
        } else {
            Check.that(
                    installing.last().equals(last),
                    "snapshot %s, not %s, was to be installed",
                    installing.last(),
                    last);
            log.resetTo(last);
            memberships.resetTo(new MembershipEntry(last.index(), installing.membership()));
            membershipChanged();
            outbox.resetTo(last, membership);
        }
        installing = null;
    }

    /** Adds an entry. A membership is in force from here on. */
    void append(Entry entry) {
        log.append(entry);
        outbox.write(entry);
        if (entry.kind() == EntryKind.MEMBERSHIP) {
            memberships.append(new MembershipEntry(entry.index(), MembershipCodec.decode(entry.payload())));
            membershipChanged();
        }
    }

    private void truncateFrom(long index) {
        log.truncateFrom(index);
        outbox.truncateFrom(index);
        memberships.truncateFrom(index);
        membershipChanged();
    }

    private void membershipChanged() {
        membership = memberships.latest().membership();
        isLeftOut = !membership.voters().isEmpty() && !membership.contains(self);
    }

    boolean isMembershipCommitted() {
        return memberships.latest().index() <= log.committed();
    }

    /**
     * Whether this replica may try to lead. A voter that the newest membership leaves out may as long as that is not
     * committed: perhaps nobody else can (thesis §4.2.2); its own vote does not count then.
     */
    boolean mayCampaign() {
        boolean isVoter = membership.isVoter(self);
        if (!isVoter && !isMembershipCommitted()) {
            Membership previous = memberships.previous();
            isVoter = previous != null && previous.isVoter(self);
        }
        return isVoter && isGoodEnough();
    }

    /** Whether the log holds whatever an earlier replica on this node may have been counted for. */
    boolean isGoodEnough() {
        EntryId last = log.last();
        return last.term() > floor.term() || (last.term() == floor.term() && last.index() >= floor.index());
    }

    /** The index of the committed and applied membership that leaves this replica out; 0 while there is none. */
    long removedAt() {
        long index = memberships.latest().index();
        boolean isOut = isLeftOut && index > joined && index <= log.applied();
        return isOut ? index : 0;
    }

    /**
     * Adds what a leader sent after {@code previous}, which this log contains. Cuts the log only where an entry truly
     * differs: a message may be older than what is here already.
     *
     * @return the last index now known to equal the leader's
     */
    long appendAfter(EntryId previous, List<Entry> entries) {
        long index = previous.index();
        for (Entry entry : entries) {
            Check.that(entry.index() == index + 1, "entry %s came after index %s", entry, index);
            index = entry.index();
            if (index <= log.committed()) {
                continue;
            }
            if (index <= log.lastIndex()) {
                if (log.termAt(index) == entry.term()) {
                    continue;
                }
                truncateFrom(index);
            }
            append(entry);
        }
        return index;
    }
}
