package io.flotilla.raft.core;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.message.Message;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Predicate;

/**
 * One core with a disk and a state machine driven by hand. Nothing is drained, persisted, applied or loaded unless told;
 * {@link #memory} is the log with all drained batches, {@link #disk} with the persisted ones.
 */
public final class TestReplica {
    public static final long TICK_NANOS = 1_000;

    public final NodeId id;
    public final Membership membership;
    public final CoreConfig config;
    public final BiConsumer<NodeId, Outbound> network;
    public final TestLog memory = new TestLog();
    public final TestLog disk = new TestLog();
    public final Deque<PersistBatch> writes = new ArrayDeque<>();
    public final Deque<LoadRequest> loads = new ArrayDeque<>();
    public final List<Entry> applied = new ArrayList<>();
    public final List<ReadGrant> grants = new ArrayList<>();
    public final List<Long> refusedReads = new ArrayList<>();
    public final Deque<NodeId> wantedSnapshots = new ArrayDeque<>();
    public HardState durable = HardState.INITIAL;
    public RaftCore core;
    public long handedOut;
    public long answeredApply;
    public long ticks;

    /** {@link #settle} writes nothing meanwhile. */
    public boolean diskStalled;

    /** Whether the state machine holds what a guarded entry names. */
    public Predicate<Entry> guard = entry -> true;

    /** What is said with an entry that is held back. */
    public boolean canPull = true;

    /** The node's clock: moved on by ticks, or by hand. */
    public long nanos;

    /** What the state machine would keep in a crash. */
    public long machineDurable;

    /** The last entry of the snapshot installed last. */
    public EntryId installed = EntryId.ZERO;

    /** As in {@link RestoredState}. */
    public long joined;

    public EntryId floor = EntryId.ZERO;

    /** Between {@link #install} and {@link #installed}. */
    private boolean installing;

    /** Every entry up to some index: what a state machine that keeps them all hands over as its snapshot. */
    public record Snapshot(EntryId last, Membership membership, List<Entry> entries) {}

    public TestReplica(
            NodeId id,
            Membership membership,
            CoreConfig config,
            HardState hardState,
            List<Entry> log,
            long applied,
            long seed,
            BiConsumer<NodeId, Outbound> network) {
        this.id = id;
        this.membership = membership;
        this.config = config;
        this.network = network;
        this.durable = hardState;
        disk.entries.addAll(log);
        disk.membership = membership;
        start(applied, seed);
    }

    /** Loses all but the disk and the first {@code kept} applied entries. */
    public void restart(long kept, long seed) {
        start(kept, seed);
    }

    private void start(long kept, long seed) {
        writes.clear();
        loads.clear();
        wantedSnapshots.clear();
        installing = false;
        memory.copyFrom(disk);
        while (applied.size() > kept) {
            applied.remove(applied.size() - 1);
        }
        for (int i = applied.size(); i < kept; i++) {
            applied.add(disk.get(i + 1));
        }
        handedOut = kept;
        answeredApply = kept;
        core = new RaftCore(
                config,
                TICK_NANOS,
                id,
                new RestoredState(
                        durable,
                        disk.base,
                        disk.runs(),
                        disk.lastIndex(),
                        disk.membership,
                        disk.memberships(),
                        kept,
                        installed,
                        disk.snapshot,
                        joined,
                        floor),
                seed,
                nanos);
    }

    /** Takes what the core owes: sends, and queues the rest. */
    public Effects drain() {
        Effects effects = core.drain();
        effects.send().forEach(out -> network.accept(id, out));
        for (PersistBatch batch : effects.persist()) {
            memory.write(batch);
            writes.add(batch);
        }
        for (Entry entry : effects.apply()) {
            Check.that(entry.index() == handedOut + 1, "%s: %s after %s", id, entry, handedOut);
            handedOut++;
            applied.add(entry);
        }
        grants.addAll(effects.grants());
        refusedReads.addAll(effects.refusedReads());
        loads.addAll(effects.loads());
        wantedSnapshots.addAll(effects.snapshots());
        return effects;
    }

    /** Makes the oldest write durable, releases its messages and tells the core. */
    public PersistBatch persistNext() {
        PersistBatch batch = syncNext();
        core.persisted(batch.sequence());
        return batch;
    }

    /** Makes the oldest write durable and releases its messages; the core is still to be told. */
    public PersistBatch syncNext() {
        PersistBatch batch = writes.removeFirst();
        disk.write(batch);
        if (batch.hardState() != null) {
            durable = batch.hardState();
        }
        batch.messages().forEach(out -> network.accept(id, out));
        return batch;
    }

    public void answerApply() {
        if (answeredApply < handedOut) {
            answeredApply = handedOut;
            core.applied(handedOut);
        }
    }

    public void answerLoad() {
        answerLoad(loads.getFirst(), Integer.MAX_VALUE);
    }

    /** @param most entries to be read at most */
    public void answerLoad(LoadRequest load, int most) {
        loads.remove(load);
        List<Entry> entries = new ArrayList<>();
        long bytes = 0;
        for (long i = load.from();
                entries.size() < most && i > disk.base.index() && i <= load.to() && i <= disk.lastIndex();
                i++) {
            Entry entry = disk.get(i);
            bytes += entry.bytes();
            if (bytes > load.maxBytes() && !entries.isEmpty()) {
                break;
            }
            entries.add(entry);
        }
        core.loaded(load, entries);
    }

    /** The state machine holds durably what it has applied, and the log is cut there. */
    public void compact() {
        machineDurable = Math.max(machineDurable, answeredApply);
        core.compact(machineDurable);
    }

    /** A snapshot of what is applied, or null if the log begins after that. */
    public Snapshot snapshot() {
        EntryId last = installing ? null : core.appliedEntry(answeredApply);
        return last == null
                ? null
                : new Snapshot(
                        last, core.membershipAt(last.index()), List.copyOf(applied.subList(0, (int) answeredApply)));
    }

    /** The snapshot is whole: if the core wants it, the state machine takes it over, durably. */
    public boolean install(Snapshot snapshot) {
        if (!core.install(new SnapshotBase(snapshot.last(), snapshot.membership()))) {
            return false;
        }
        drain();
        while (!writes.isEmpty()) {
            persistNext();
        }
        answerApply();
        takeOver(snapshot);
        installing = true;
        return true;
    }

    /** The state machine takes over a snapshot durably, after what it was given before. */
    public void takeOver(Snapshot snapshot) {
        applied.clear();
        applied.addAll(snapshot.entries());
        machineDurable = snapshot.last().index();
        installed = snapshot.last();
        handedOut = installed.index();
        answeredApply = handedOut;
    }

    /** The core is told of {@link #install}. */
    public void installed() {
        installing = false;
        core.installed(installed);
    }

    /** Drains, persists, applies and loads until nothing is left to do. */
    public void settle() {
        do {
            while (!writes.isEmpty() && !diskStalled) {
                persistNext();
            }
            answerApply();
            while (!loads.isEmpty()) {
                answerLoad();
            }
        } while (drain() != Effects.NONE);
    }

    public void tick() {
        at(nanos + TICK_NANOS);
        core.tick(++ticks);
    }

    public void at(long time) {
        nanos = time;
        core.now(time);
    }

    /** As a host does: what the state machine does not hold is kept from the core. */
    public void receive(NodeId from, Message message) {
        if (message instanceof Message.AppendRequest request) {
            for (int i = 0; i < request.entries().size(); i++) {
                Entry entry = request.entries().get(i);
                if (entry.flags() == Entry.GUARDED && !core.holds(entry.id()) && !guard.test(entry)) {
                    receiveCut(from, request, i);
                    return;
                }
            }
        }
        core.receive(from, message);
    }

    private void receiveCut(NodeId from, Message.AppendRequest request, int cut) {
        long index = core.receiveCut(
                from,
                new Message.AppendRequest(
                        request.term(),
                        request.previous(),
                        request.commit(),
                        request.entries().subList(0, cut)));
        if (index > 0) {
            core.heldBack(index, canPull);
        }
    }

    public SoftState state() {
        return core.softState();
    }

    public boolean leads() {
        return state().role() == RoleName.LEADER;
    }
}
