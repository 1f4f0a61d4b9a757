package io.flotilla.raft.host.apply;

import io.flotilla.raft.core.Check;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.machine.SnapshotSink;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.machine.StateMachineFactory;
import io.flotilla.raft.runtime.Lane;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * One group's state machine on its applier: applies what its {@link ApplyQueue} holds and makes the reads of its {@link ReadQueue};
 * {@link MachineLife} opens it, closes it, and all in between. Belongs to the applier's lane, but for the submitting methods.
 */
public final class HostedMachine {
    private final MachineOwner owner;
    private final Applier applier;
    private final ApplyQueue given;
    private final ReadQueue reads;
    private final MachineLife life;
    private final Runnable applyLater;
    private final AtomicBoolean trimming = new AtomicBoolean();

    public HostedMachine(MachineOwner owner, Applier applier, StateMachineFactory machines, HostState state) {
        this.owner = owner;
        this.applier = applier;
        this.applyLater = () -> applier.applyLater(this);
        this.given = new ApplyQueue(state.config.core().maxApplyBytes());
        this.reads = new ReadQueue(applier.lane(), lease -> lease.holds(state), owner::readAgain, owner::readsDone);
        this.life = new MachineLife(owner, applier, machines, state, reads);
    }

    /** By the worker. The callbacks are parallel to the entries, null where nobody here waits; or null as a whole. */
    public void submitApply(List<Entry> entries, ProposalCallback[] callbacks) {
        ApplyQueue.Batch batch = new ApplyQueue.Batch(entries, callbacks);
        given.add(batch);
        if (callbacks != null || reads.isAwaited() || given.defer(batch, applyLater)) {
            owner.atEndOfTurn(applier, this::applyGiven);
        }
    }

    /** By the worker. */
    public void submitReads(long index, List<ReadCallback> callbacks) {
        owner.atEndOfTurn(
                applier,
                () -> run(ReadQueue.isLong(callbacks), () -> read(new ReadQueue.Waiting(index, callbacks, null))));
    }

    /** Any lane. @return false if too much waits already */
    public boolean submitLeasedRead(long index, ReadCallback callback, HeldLease lease) {
        return applier.leasedReads().offer(this, index, callback, lease);
    }

    /**
     * The log store would like to be rid of entries up to an index. Does nothing while an earlier wish is looked at. Any
     * lane.
     */
    public void submitTrim(long index, boolean overfull) {
        if (!trimming.get() && trimming.compareAndSet(false, true)) {
            applier.lane().executeBlocking(() -> trim(index, overfull));
        }
    }

    /** A follower needs a snapshot. Any lane. */
    public void submitTakeSnapshot(NodeId to) {
        applier.lane().executeBlocking(() -> life.takeSnapshot(to));
    }

    /** See {@link MachineLife#visit}. Any lane. */
    public void submitVisit(Consumer<StateMachine> task) {
        applier.lane().executeBlocking(() -> life.visit(task));
    }

    /** By the worker, after the last entries to be applied before the snapshot, which ends with {@code last}. */
    public void submitInstall(EntryId last, SnapshotSink sink, InstallCallback callback) {
        owner.atEndOfTurn(applier, () -> run(true, () -> install(last, sink, callback)));
    }

    /** Null while it is not open. Any lane. */
    public StateMachine machine() {
        return life.machine();
    }

    /** Opens the machine; its worker then starts the core. Any lane. */
    public void submitOpen() {
        applier.lane().executeBlocking(life::open);
    }

    /** The log failed: reads that wait will never be safe. Any lane. */
    public void submitRefuseWaiting() {
        applier.lane().execute(reads::refuseAll);
    }

    /** The replica was dropped, and its tombstone is durable: the data goes. Any lane. */
    public void submitDrop() {
        applier.lane().executeBlocking(life::drop);
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
        if (lane().mayBlock() || !isLong && isNonBlocking()) {
            task.run();
        } else {
            applier.runBlocking(task);
        }
    }

    /** The same for a task that applies what was given. */
    private void runGiven(Runnable task) {
        if (lane().mayBlock() || isNonBlocking() && !given.isMuch()) {
            task.run();
        } else {
            applier.runBlocking(task);
        }
    }

    private boolean isNonBlocking() {
        StateMachine running = life.machine();
        return running != null && running.isNonBlocking();
    }

    /**
     * Applies all that was given, what waits together as one batch: a machine that is behind, or that nobody waits for, gets
     * larger batches. What is too much for one batch is left to a task of its own, so that others have their turn.
     */
    private void applyAll() {
        applySome();
        if (!given.isEmpty()) {
            applier.runBlocking(this::applyAll);
        }
    }

    private void applySome() {
        ApplyQueue.Batch next = given.take();
        if (next != null) {
            apply(next.entries(), next.callbacks());
        }
    }

    private void apply(List<Entry> entries, ProposalCallback[] callbacks) {
        if (!life.isRunning()) {
            refuse(callbacks);
            return;
        }
        List<Object> results;
        applier.watch().begun();
        try {
            results = life.machine().apply(entries);
            Check.that(
                    results.size() == entries.size(),
                    "the state machine of group %s answered %s entries with %s results",
                    owner.groupId(),
                    entries.size(),
                    results.size());
        } catch (RuntimeException | Error e) {
            refuse(callbacks);
            life.halt(e);
            return;
        } finally {
            applier.watch().ended();
        }
        long index = entries.get(entries.size() - 1).index();
        life.advanceTo(index);
        owner.applied(index);
        if (callbacks != null) {
            answer(entries, callbacks, results);
        }
        runReads();
        life.writeOutIfFull();
    }

    private void trim(long index, boolean overfull) {
        trimming.set(false);
        if (life.isOpen() && life.applied() < index && !given.isEmpty()) {
            // what is deferred here keeps the log from being cut
            applyUpTo(index);
            applier.answerSoon();
        }
        life.trim(index, overfull);
    }

    private void install(EntryId last, SnapshotSink sink, InstallCallback callback) {
        while (given.beginsAtMost(last.index())) {
            applySome();
        }
        if (life.install(last, sink, callback)) {
            lane().goOn(() -> {
                callback.installed();
                runReads();
            });
        }
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
        if (!life.isRunning()) {
            reads.refuse(next.callbacks());
            return;
        }
        reads.add(next, life.applied());
        if (life.applied() < next.index() && !given.isEmpty()) {
            runGiven(() -> applyUpTo(next.index()));
        } else {
            runReads();
        }
    }

    private void applyUpTo(long index) {
        while (life.applied() < index && !given.isEmpty()) {
            applySome();
        }
        runReads();
    }

    private void runReads() {
        if (!reads.run(life.machine(), life.applied())) {
            applier.runBlocking(this::runReads);
        }
    }

    /** Closes the machine if it is this applier's; on the applier's lane. */
    public void closeOn(Applier which) {
        if (which == applier) {
            life.close();
        }
    }

    private Lane lane() {
        return applier.lane();
    }
}
