package io.flotilla.raft.host.group;

import io.flotilla.raft.core.LoadRequest;
import io.flotilla.raft.core.LostEntriesException;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.RaftCore;
import io.flotilla.raft.core.RoleName;
import io.flotilla.raft.core.SoftState;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.MembershipEntry;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.host.GroupStatus;
import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.host.RetireCallback;
import io.flotilla.raft.host.TransferCallback;
import io.flotilla.raft.host.apply.Applier;
import io.flotilla.raft.host.apply.HeldLease;
import io.flotilla.raft.host.apply.HostedMachine;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.RecoveredGroup;
import io.flotilla.raft.machine.StateMachineFactory;
import io.flotilla.raft.runtime.Held;
import java.util.List;
import java.util.function.Consumer;

/**
 * One replica on its worker: the core, and what is open between it and the log writer, the applier and its callers.
 * Belongs to its worker's lane, but for what is final and the published status.
 */
public final class GroupReplica {
    private final long groupId;
    private final RecoveredGroup restored;
    private final long seed;
    private final GroupWorker worker;
    private final HostGroups state;
    private final ReplicaEvents events;
    private final HostedMachine machine;
    private final PendingProposals proposals;
    private final PendingReads reads;
    private final PendingTransfer transfer;
    private final MembershipRequests membership;
    private final GuardedEntries guarded;
    private final Retirement retirement;
    private final ReplicaSnapshots snapshots;
    private final KnownState known;
    private final ToldRole toldRole;
    private final EffectsRouter effectsRouter;
    private final PublishedLease lease = new PublishedLease();

    /** Null before the start and after a halt. */
    private RaftCore core;

    private boolean halted;
    private boolean touched;

    public GroupReplica(
            RecoveredGroup restored, long seed, GroupWorker worker, Applier applier, StateMachineFactory machines) {
        this.groupId = restored.descriptor().groupId();
        this.restored = restored;
        this.seed = seed;
        this.worker = worker;
        this.state = worker.state();
        this.events = new ReplicaEvents(this);
        this.machine = new HostedMachine(events, applier, machines, state);
        this.guarded = new GuardedEntries(this, state);
        this.proposals = new PendingProposals(this, state, guarded);
        this.reads = new PendingReads(this, state);
        this.transfer = new PendingTransfer(worker.lane());
        this.membership = new MembershipRequests(this, state);
        this.retirement = new Retirement(this, state);
        this.snapshots = new ReplicaSnapshots(this, state);
        this.effectsRouter = new EffectsRouter(events, worker, machine, proposals, reads);
        this.known = new KnownState(restored);
        this.toldRole = new ToldRole(groupId, restored.term(), state.listener, worker.lane());
    }

    public long groupId() {
        return groupId;
    }

    public GroupDescriptor descriptor() {
        return restored.descriptor();
    }

    public GroupWorker worker() {
        return worker;
    }

    public HostedMachine machine() {
        return machine;
    }

    /** What the rooms below know of it. Any thread. */
    public ReplicaEvents events() {
        return events;
    }

    /** Any thread. */
    public GroupStatus status() {
        return known.status();
    }

    /** Whether it was ever to run: else it only stands for a group that is to be kept out. */
    public boolean isCreated() {
        return !descriptor().membership().voters().isEmpty();
    }

    public Retirement retirement() {
        return retirement;
    }

    MembershipRequests membership() {
        return membership;
    }

    ReplicaSnapshots snapshots() {
        return snapshots;
    }

    /** Null while the replica does not run. */
    RaftCore core() {
        return core;
    }

    boolean isRunning() {
        return core != null;
    }

    NodeId leaderHint() {
        return known.soft().leader();
    }

    void start(long machineApplied, EntryId installed) {
        if (core != null || halted) {
            return;
        }
        try {
            known.applied(machineApplied);
            core = new RaftCore(
                    state.config.core(),
                    state.config.tickNanos(),
                    state.config.self(),
                    restored.toCore(machineApplied, installed),
                    seed,
                    state.nanos());
            worker.addRunning(this);
            touch();
        } catch (RuntimeException | Error e) {
            halt(e);
        }
    }

    /** It has its part in the end of the turn. */
    void touch() {
        if (!touched) {
            touched = true;
            worker.touch(this);
        }
    }

    /** @param nanos read after the message was taken from the network */
    void receive(NodeId from, Message message, long nanos) {
        if (core == null) {
            return;
        }
        touch();
        try {
            core.now(nanos);
            String objection = core.objectionTo(message);
            if (objection != null) {
                state.counters.dropped.increment();
                state.listener.absurd(groupId, from, objection);
                return;
            }
            if (message instanceof Message.AppendRequest request) {
                guarded.receive(core, from, request);
            } else {
                core.receive(from, message);
            }
        } catch (RuntimeException | Error e) {
            halt(e);
        }
    }

    void tick(long number, long nanos) {
        if (core == null) {
            return;
        }
        try {
            core.now(nanos);
            core.otherDisks(state.syncTimes.others());
            if (core.tick(number)) {
                touch();
            }
        } catch (RuntimeException | Error e) {
            halt(e);
        }
    }

    void persisted(long sequence) {
        effectsRouter.persisted(sequence);
        if (core == null) {
            return;
        }
        try {
            if (core.persisted(sequence) || snapshots.isToInstall()) {
                touch();
            }
        } catch (RuntimeException | Error e) {
            halt(e);
        }
    }

    void applied(long index) {
        if (core == null) {
            return;
        }
        known.applied(index);
        try {
            if (core.applied(index)) {
                touch();
            }
            if (!touched) {
                known.publish();
            }
        } catch (RuntimeException | Error e) {
            halt(e);
        }
    }

    void loaded(LoadRequest request, List<Entry> entries) {
        turnTo(running -> running.loaded(request, entries));
    }

    /** For what is rare: the core, if it runs, is told something, and gives out what it owes at the end of the turn. */
    void turnTo(Consumer<RaftCore> telling) {
        if (core == null) {
            return;
        }
        touch();
        try {
            telling.accept(core);
        } catch (RuntimeException | Error e) {
            halt(e);
        }
    }

    /**
     * The machine holds everything up to {@code upTo} durably, and the log store would like to be rid of it.
     *
     * @param overfull whether followers that are sent a snapshot must do without what follows it
     */
    void compact(long upTo, boolean overfull) {
        if (core == null) {
            return;
        }
        try {
            long index = overfull ? upTo : snapshots.cutAt(upTo, core);
            if (core.compact(index)) {
                state.counters.basesMoved.increment();
                touch();
            }
        } catch (RuntimeException | Error e) {
            halt(e);
        }
    }

    void installed(EntryId last) {
        turnTo(running -> {
            known.applied(last.index());
            state.counters.snapshotsInstalled.increment();
            running.installed(last);
            proposals.covered(last.index());
        });
    }

    /**
     * This node has no replica of the group any more, or none since the membership at that index.
     *
     * @param callback may be null
     */
    void retire(long removedAt, RetireCallback callback) {
        if (!retirement.hasBegun()) {
            MembershipEntry newest = core == null ? known.newest() : core.membership();
            boolean isMember = newest.index() > removedAt && newest.membership().contains(state.config.self());
            if (isMember || descriptor().joined() > removedAt) {
                if (callback != null) {
                    long index = Math.max(newest.index(), descriptor().joined());
                    HostState.tell(() -> callback.isMember(index), worker.lane());
                }
                return;
            }
            known.note(core);
            retirement.begin(known.tombstone(removedAt));
            halted = true;
            end(new IllegalStateException("dropped: the membership at index " + removedAt + " leaves it out"));
            refuseAll();
        }
        retirement.await(callback);
    }

    /** Collected until the end of the turn, so that they go through the core together. */
    void offer(Event.Proposal proposal) {
        if (core == null) {
            proposal.refuse(worker);
        } else if (proposals.add(proposal)) {
            touch();
        }
    }

    void offer(Event.Read read) {
        if (core == null) {
            read.refuse(worker);
        } else {
            reads.add(read.callback(), read.at());
            touch();
        }
    }

    void transfer(NodeId target, TransferCallback callback) {
        if (core == null) {
            HostState.refuse(callback, new Refusal.NoReplica(), worker.lane());
            return;
        }
        turnTo(running -> transfer.ask(running, state.config.self(), target, callback));
    }

    /** Lets the core give out what it owes and hands that on. */
    void endTurn() {
        touched = false;
        if (core == null) {
            return;
        }
        try {
            proposals.submit(core);
            reads.submit(core);
            effectsRouter.all(core);
            snapshots.turnEnded(effectsRouter.last(), effectsRouter.durable());
            afterTurn();
        } catch (RuntimeException | Error e) {
            halt(e);
        }
    }

    private void afterTurn() {
        SoftState before = known.soft();
        known.turnEnded(core);
        SoftState now = known.soft();
        if (now != before) {
            if (now.role() == RoleName.LEADER && (before.role() != RoleName.LEADER || before.term() != now.term())) {
                state.counters.elections.increment();
            }
            proposals.leadershipMayHaveEnded(now);
            toldRole.now(now);
        }
        transfer.turnEnded(core, now);
        membership.turnEnded(core, now);
        lease.publish(core, now.term());
        long removedAt = core.removedAt();
        if (removedAt > 0) {
            retire(removedAt, null);
        }
    }

    /** This replica can't go on; the others of the node are not concerned. */
    void halt(Throwable cause) {
        if (retirement.hasBegun()) {
            retirement.refuse(new Refusal.NoReplica());
            tell(cause);
        }
        if (halted) {
            return;
        }
        halted = true;
        known.note(core);
        state.counters.haltedGroups.increment();
        end(cause);
        refuseAll();
        if (cause instanceof LostEntriesException) {
            worker.outdated("group " + groupId + ": " + cause.getMessage());
        } else {
            tell(cause);
        }
    }

    private void end(Throwable cause) {
        core = null;
        lease.revoke();
        worker.halted();
        known.ended(cause);
        toldRole.ended();
    }

    private void tell(Throwable cause) {
        try {
            state.listener.groupFailed(groupId, cause);
        } catch (RuntimeException | Error e) {
            HostState.report(e, worker.lane());
        }
    }

    /** The host is down. */
    void stop() {
        if (core != null) {
            core = null;
            lease.revoke();
            refuseAll();
        }
        retirement.refuse(new Refusal.Indeterminate(null));
    }

    private void refuseAll() {
        proposals.refuseAll(leaderHint());
        reads.refuseAll();
        transfer.refuseAll();
        membership.refuse(new Refusal.Indeterminate(leaderHint()));
        snapshots.refuseAll();
    }

    /** Takes a place among the reads that wait. Any thread. */
    public boolean reserveRead() {
        return reads.reserve();
    }

    /**
     * Gives a read that has its place straight to the machine if there is a lease, whether or not that still holds: it is
     * looked at after the read. Any thread.
     */
    public boolean readUnderLease(ReadCallback callback) {
        HeldLease held = lease.held();
        return held != null && machine.submitLeasedRead(status().state().committed(), callback, held);
    }

    /** Any thread. */
    public void held(Held held) {
        reads.held(held);
    }

    /** Reads gave their places back. Any thread. */
    public void readsDone(int count) {
        reads.done(count);
    }
}
