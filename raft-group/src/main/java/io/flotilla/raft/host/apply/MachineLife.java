package io.flotilla.raft.host.apply;

import io.flotilla.raft.core.Check;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.machine.SnapshotSink;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.machine.StateMachineFactory;
import java.util.function.Consumer;

/**
 * The life of one group's state machine: opened; asked to write back what it keeps in memory, how far the log may be cut, for a
 * snapshot, or to install one; visited; closed, and perhaps dropped with its data. Belongs to the applier's lane, but for {@link #machine}.
 */
final class MachineLife {
    private final MachineOwner owner;
    private final Applier applier;
    private final StateMachineFactory machines;
    private final HostState state;
    /** Refused when the machine is closed. */
    private final ReadQueue reads;

    /** Null before it is open and after it is closed. Written here; read by the snapshot lane and the group's worker too. */
    private volatile StateMachine machine;

    private long applied;
    /** The applier knows that this machine may keep something back. */
    private boolean keeping;
    /** It is full, and will be written back. */
    private boolean writingBack;

    MachineLife(MachineOwner owner, Applier applier, StateMachineFactory machines, HostState state, ReadQueue reads) {
        this.owner = owner;
        this.applier = applier;
        this.machines = machines;
        this.state = state;
        this.reads = reads;
    }

    /** Null while it is not open. Any lane. */
    StateMachine machine() {
        return machine;
    }

    /** The index that the machine has applied. */
    long applied() {
        return applied;
    }

    /** Whether it is open, and what it does may be told. */
    boolean isRunning() {
        return machine != null && !state.hasFailed();
    }

    /** Whether it is open, and something new may begin. */
    boolean isOpen() {
        return machine != null && !state.isDown();
    }

    void open() {
        if (state.isDown()) {
            return;
        }
        try {
            machine = machines.open(owner.descriptor());
            applied = machine.appliedIndex();
            owner.opened(applied, machine.installed());
        } catch (RuntimeException | Error e) {
            owner.failed(e);
        }
    }

    void drop() {
        close();
        if (state.isDown()) {
            return;
        }
        try {
            machines.drop(owner.groupId());
        } catch (RuntimeException | Error e) {
            owner.failed(e);
            return;
        }
        applier.lane().goOn(owner::dropped);
    }

    /** It has applied entries up to an index. */
    void advanceTo(long index) {
        applied = index;
        if (!keeping) {
            keeping = true;
            applier.keeps(this);
        }
    }

    void writeOutIfFull() {
        StateMachine running = machine;
        if (!writingBack && running != null && running.isFull()) {
            writingBack = true;
            applier.lane().executeBlocking(this::writeBackNow);
        }
    }

    /** By the applier, on its lane, once after it was told that this machine may keep something back. */
    void writeBack() {
        keeping = false;
        writeBackNow();
    }

    private void writeBackNow() {
        writingBack = false;
        if (!isRunning()) {
            return;
        }
        applier.watch().begun();
        try {
            machine.writeBack();
        } catch (RuntimeException | Error e) {
            halt(e);
        } finally {
            applier.watch().ended();
        }
    }

    /** Tells how far the log may be cut, and sees that it will be up to the index. */
    void trim(long index, boolean overfull) {
        if (!isOpen()) {
            return;
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
        owner.trimmable(Math.min(durable, index), overfull);
    }

    void takeSnapshot(NodeId to) {
        if (!isOpen()) {
            owner.snapshotNotTaken(to);
            return;
        }
        SnapshotSource source;
        try {
            source = machine.snapshot();
        } catch (RuntimeException | Error e) {
            owner.snapshotNotTaken(to);
            halt(e);
            return;
        }
        applier.lane().goOn(() -> owner.snapshotTaken(to, source));
    }

    /** Somebody has something to do with it beside its entries. @param task gets null if it does not run */
    void visit(Consumer<StateMachine> task) {
        if (!isRunning()) {
            task.accept(null);
            return;
        }
        applier.watch().begun();
        try {
            task.accept(machine);
        } catch (RuntimeException | Error e) {
            halt(e);
        } finally {
            applier.watch().ended();
        }
    }

    /** @return false if it could not be installed, which the callback heard; else that is told by the caller, in a task of its own */
    boolean install(EntryId last, SnapshotSink sink, InstallCallback callback) {
        if (!isRunning()) {
            callback.failed("the replica does not run");
            return false;
        }
        try {
            Check.that(last.index() > applied, "snapshot up to %s after entry %s", last, applied);
            machine.install(sink, last);
            applied = machine.appliedIndex();
            Check.that(applied == last.index(), "snapshot up to %s installed up to %s", last, applied);
            return true;
        } catch (RuntimeException | Error e) {
            callback.failed("it can't be installed: " + e);
            halt(e);
            return false;
        }
    }

    void halt(Throwable cause) {
        reads.refuseAll();
        owner.failed(cause);
        close();
    }

    void close() {
        reads.refuseAll();
        StateMachine closing = machine;
        machine = null;
        if (closing != null) {
            try {
                closing.close();
            } catch (RuntimeException | Error e) {
                HostState.report(e, applier.lane());
            }
        }
    }
}
