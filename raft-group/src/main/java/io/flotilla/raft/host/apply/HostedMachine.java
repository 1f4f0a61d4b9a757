package io.flotilla.raft.host.apply;

import io.flotilla.raft.core.Check;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.host.group.Events;
import io.flotilla.raft.host.group.GroupReplica;
import io.flotilla.raft.host.group.MembershipEvents;
import io.flotilla.raft.host.group.SnapshotEvents;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.host.snapshot.IncomingSnapshot;
import io.flotilla.raft.host.snapshot.Snapshots;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.machine.StateMachineFactory;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.transport.BulkMessage;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One group's state machine on its applier: opened, given what its {@link ApplyQueue} and its {@link ReadQueue} hold, written
 * out, closed. Belongs to the applier's lane, but for the submitting methods.
 */
public final class HostedMachine {
    private final GroupReplica replica;
    private final Applier applier;
    private final StateMachineFactory machines;
    private final ApplyQueue given;
    private final ReadQueue reads;
    private final Runnable applyLater;
    private final AtomicBoolean trimming = new AtomicBoolean();

    /** Null before it is open and after it is closed. Written here, read by the snapshot lane too. */
    private volatile StateMachine machine;

    private long applied;
    /** The applier knows that this machine may keep something back. */
    private boolean keeping;
    /** It is full, and will be written out. */
    private boolean writingOut;

    public HostedMachine(GroupReplica replica, Applier applier, StateMachineFactory machines) {
        this.replica = replica;
        this.applier = applier;
        this.machines = machines;
        this.applyLater = () -> applier.applyLater(this);
        HostState state = replica.worker().state();
        this.given = new ApplyQueue(state.config.core().maxApplyBytes());
        this.reads = new ReadQueue(applier.lane(), lease -> lease.holds(state), replica::readAgain, replica::readsDone);
    }

    /** By the worker. The callbacks are parallel to the entries, null where nobody here waits; or null as a whole. */
    public void submitApply(List<Entry> entries, ProposalCallback[] callbacks) {
        ApplyQueue.Batch batch = new ApplyQueue.Batch(entries, callbacks);
        given.add(batch);
        if (callbacks != null || reads.isAwaited() || given.defer(batch, applyLater)) {
            replica.worker().apply(applier, this::applyGiven);
        }
    }

    /** By the worker. */
    public void submitReads(long index, List<ReadCallback> callbacks) {
        replica.worker()
                .apply(
                        applier,
                        () -> run(
                                ReadQueue.isLong(callbacks),
                                () -> read(new ReadQueue.Waiting(index, callbacks, null))));
    }

    /** Any lane. @return false if too much waits already */
    public boolean submitLeasedRead(long index, ReadCallback callback, HeldLease lease) {
        return applier.leasedReads().offer(replica, index, callback, lease);
    }

    /**
     * The log store would like to be rid of entries up to an index. Does nothing while an earlier wish is looked at. Any
     * lane.
     */
    public void submitTrim(long index, boolean overfull) {
        if (!trimming.get() && trimming.compareAndSet(false, true)) {
            applier.lane().executeSlow(() -> trim(index, overfull));
        }
    }

    /** A follower needs a snapshot. Any lane. */
    public void submitTakeSnapshot(NodeId to) {
        applier.lane().executeSlow(() -> takeSnapshot(to));
    }

    /** By the worker, after the last entries to be applied before the snapshot. */
    public void submitInstall(IncomingSnapshot snapshot) {
        replica.worker().apply(applier, () -> run(true, () -> install(snapshot)));
    }

    /** Null while it is not open. Any lane. */
    public StateMachine machine() {
        return machine;
    }

    /** Opens the machine; its worker then starts the core. Any lane. */
    public void submitOpen() {
        applier.lane().executeSlow(this::open);
    }

    /** The log failed: reads that wait will never be safe. Any lane. */
    public void submitRefuseWaiting() {
        applier.lane().execute(reads::refuseAll);
    }

    private void open() {
        if (replica.worker().state().isDown()) {
            return;
        }
        try {
            machine = machines.open(replica.descriptor());
            applied = machine.appliedIndex();
            replica.worker().answer(new Events.Opened(replica, applied, machine.installed()));
        } catch (RuntimeException | Error e) {
            replica.worker().answer(new Events.MachineFailed(replica, e));
        }
    }

    /** The replica was dropped, and its tombstone is durable: the data goes. Any lane. */
    public void submitDrop() {
        applier.lane().executeSlow(this::drop);
    }

    private void drop() {
        close();
        if (replica.worker().state().isDown()) {
            return;
        }
        try {
            machines.drop(replica.groupId());
        } catch (RuntimeException | Error e) {
            replica.worker().answer(new Events.MachineFailed(replica, e));
            return;
        }
        lane().goOn(() -> replica.worker().answer(new MembershipEvents.Dropped(replica)));
    }

    /** By the applier, on its lane, once after it was told that something is deferred here. */
    void applyDeferred() {
        given.undefer();
        boolean someRead = !reads.isEmpty();
        applyAll();
        if (someRead) {
            applier.answerSoon();
        }
    }

    private void applyGiven() {
        runGiven(this::applyAll);
    }

    /** At once, unless it may take long, or wait, and the running thread may not. */
    private void run(boolean isLong, Runnable task) {
        if (lane().mayWait() || !isLong && isQuick()) {
            task.run();
        } else {
            applier.runSlow(task);
        }
    }

    /** The same for a task that applies what was given. */
    private void runGiven(Runnable task) {
        if (lane().mayWait() || isQuick() && !given.isMuch()) {
            task.run();
        } else {
            applier.runSlow(task);
        }
    }

    private boolean isQuick() {
        StateMachine running = machine;
        return running != null && running.isQuick();
    }

    /**
     * Applies all that was given, what lies together as one batch: a machine that is behind, or that nobody waits for, gets
     * larger batches. What is too much for one batch is left to a task of its own, so that others have their turn.
     */
    private void applyAll() {
        applySome();
        if (!given.isEmpty()) {
            applier.runSlow(this::applyAll);
        }
    }

    private void applySome() {
        ApplyQueue.Batch next = given.take();
        if (next != null) {
            apply(next.entries(), next.callbacks());
        }
    }

    private void apply(List<Entry> entries, ProposalCallback[] callbacks) {
        if (machine == null || replica.worker().state().hasFailed()) {
            refuse(callbacks);
            return;
        }
        List<Object> results;
        applier.watch().begun();
        try {
            results = machine.apply(entries);
            Check.that(
                    results.size() == entries.size(),
                    "the state machine of group %s answered %s entries with %s results",
                    replica.groupId(),
                    entries.size(),
                    results.size());
        } catch (RuntimeException | Error e) {
            refuse(callbacks);
            halt(e);
            return;
        } finally {
            applier.watch().ended();
        }
        applied = entries.get(entries.size() - 1).index();
        if (!keeping) {
            keeping = true;
            applier.keeps(this);
        }
        replica.worker().answer(new Events.Applied(replica, applied));
        if (callbacks != null) {
            answer(entries, callbacks, results);
        }
        runReads();
        if (!writingOut && machine.isFull()) {
            writingOut = true;
            applier.lane().executeSlow(this::writeOutNow);
        }
    }

    /** By the applier, on its lane, once after it was told that this machine may keep something back. */
    void writeOut() {
        keeping = false;
        writeOutNow();
    }

    private void writeOutNow() {
        writingOut = false;
        if (machine == null || replica.worker().state().hasFailed()) {
            return;
        }
        applier.watch().begun();
        try {
            machine.writeOut();
        } catch (RuntimeException | Error e) {
            halt(e);
        } finally {
            applier.watch().ended();
        }
    }

    private void trim(long index, boolean overfull) {
        trimming.set(false);
        if (machine == null || replica.worker().state().isDown()) {
            return;
        }
        if (applied < index && !given.isEmpty()) {
            // what lies here keeps the log from being cut
            applyUpTo(index);
            applier.answerSoon();
            if (machine == null) {
                return;
            }
        }
        long durable;
        try {
            durable = machine.durableIndex();
            if (durable < index) {
                machine.flushSoon();
            }
        } catch (RuntimeException | Error e) {
            halt(e);
            return;
        }
        replica.worker().answer(new SnapshotEvents.Trimmable(replica, Math.min(durable, index), overfull));
    }

    private void takeSnapshot(NodeId to) {
        Snapshots snapshots = replica.worker().snapshots();
        if (machine == null || replica.worker().state().isDown()) {
            snapshots.notTaken(replica, to, null);
            return;
        }
        SnapshotSource source;
        try {
            source = machine.snapshot();
        } catch (RuntimeException | Error e) {
            snapshots.notTaken(replica, to, null);
            halt(e);
            return;
        }
        lane().goOn(() -> snapshots.keep(replica, to, source));
    }

    private void install(IncomingSnapshot snapshot) {
        EntryId last = snapshot.last();
        while (given.beginsAtMost(last.index())) {
            applySome();
        }
        Snapshots snapshots = replica.worker().snapshots();
        if (machine == null || replica.worker().state().hasFailed()) {
            snapshots.over(snapshot, BulkMessage.Outcome.GIVEN_UP, "the replica does not run");
            return;
        }
        try {
            Check.that(last.index() > applied, "snapshot up to %s after entry %s", last, applied);
            machine.install(snapshot.sink, last);
            applied = machine.appliedIndex();
            Check.that(applied == last.index(), "snapshot up to %s installed up to %s", last, applied);
        } catch (RuntimeException | Error e) {
            snapshots.over(snapshot, BulkMessage.Outcome.GIVEN_UP, "it can't be installed: " + e);
            halt(e);
            return;
        }
        lane().goOn(() -> {
            replica.worker().answer(new SnapshotEvents.Installed(replica, last));
            snapshots.over(snapshot, BulkMessage.Outcome.HELD, "");
            runReads();
        });
    }

    private void answer(List<Entry> entries, ProposalCallback[] callbacks, List<Object> results) {
        for (int i = 0; i < callbacks.length; i++) {
            if (callbacks[i] != null) {
                try {
                    callbacks[i].applied(entries.get(i).index(), results.get(i));
                } catch (RuntimeException | Error e) {
                    HostState.report(e, lane());
                }
            }
        }
    }

    private void refuse(ProposalCallback[] callbacks) {
        if (callbacks != null) {
            Refusal refusal = new Refusal.Indeterminate(null);
            for (ProposalCallback callback : callbacks) {
                if (callback != null) {
                    HostState.refuse(callback, refusal, lane());
                }
            }
        }
    }

    /** On the applier's lane. */
    void readLeased(long index, ReadCallback callback, HeldLease lease) {
        run(callback.isLong(), () -> read(new ReadQueue.Waiting(index, List.of(callback), lease)));
    }

    private void read(ReadQueue.Waiting next) {
        if (machine == null || replica.worker().state().hasFailed()) {
            reads.refuse(next.callbacks());
            return;
        }
        reads.add(next, applied);
        if (applied < next.index() && !given.isEmpty()) {
            runGiven(() -> applyUpTo(next.index()));
        } else {
            runReads();
        }
    }

    private void applyUpTo(long index) {
        while (applied < index && !given.isEmpty()) {
            applySome();
        }
        runReads();
    }

    private void runReads() {
        if (!reads.run(machine, applied)) {
            applier.runSlow(this::runReads);
        }
    }

    private void halt(Throwable cause) {
        reads.refuseAll();
        replica.worker().answer(new Events.MachineFailed(replica, cause));
        close();
    }

    /** Closes the machine if it is this applier's; on the applier's lane. */
    public void closeOn(Applier which) {
        if (which == applier) {
            close();
        }
    }

    private void close() {
        reads.refuseAll();
        StateMachine closing = machine;
        machine = null;
        if (closing != null) {
            try {
                closing.close();
            } catch (RuntimeException | Error e) {
                HostState.report(e, lane());
            }
        }
    }

    private Lane lane() {
        return applier.lane();
    }
}
