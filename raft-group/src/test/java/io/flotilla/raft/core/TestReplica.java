package io.flotilla.raft.core;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.TermRun;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.message.Message;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * One core with a disk and a state machine driven by hand. Nothing is drained, persisted, applied or loaded unless told;
 * {@link #memory} is the log with all drained batches, {@link #disk} with the persisted ones.
 */
final class TestReplica {
    final NodeId id;
    final Membership membership;
    final CoreConfig config;
    final BiConsumer<NodeId, Outbound> network;
    final List<Entry> memory = new ArrayList<>();
    final List<Entry> disk = new ArrayList<>();
    final Deque<PersistBatch> writes = new ArrayDeque<>();
    final Deque<LoadRequest> loads = new ArrayDeque<>();
    final List<Entry> applied = new ArrayList<>();
    final List<ReadGrant> grants = new ArrayList<>();
    final List<Long> refusedReads = new ArrayList<>();
    HardState durable = HardState.INITIAL;
    RaftCore core;
    long handedOut;
    long answeredApply;
    long ticks;

    TestReplica(
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
        disk.addAll(log);
        start(applied, seed);
    }

    /** Loses all but the disk and the first {@code kept} applied entries. */
    void restart(long kept, long seed) {
        start(kept, seed);
    }

    private void start(long kept, long seed) {
        writes.clear();
        loads.clear();
        memory.clear();
        memory.addAll(disk);
        while (applied.size() > kept) {
            applied.remove(applied.size() - 1);
        }
        for (int i = applied.size(); i < kept; i++) {
            applied.add(disk.get(i));
        }
        handedOut = kept;
        answeredApply = kept;
        List<TermRun> runs = new ArrayList<>();
        for (Entry entry : disk) {
            if (runs.isEmpty() || runs.get(runs.size() - 1).term() != entry.term()) {
                runs.add(new TermRun(entry.index(), entry.term()));
            }
        }
        core = new RaftCore(
                config, id, new RestoredState(durable, EntryId.ZERO, runs, disk.size(), membership, kept), seed);
    }

    /** Takes what the core owes: sends, and queues the rest. */
    Effects drain() {
        Effects effects = core.drain();
        effects.send().forEach(out -> network.accept(id, out));
        for (PersistBatch batch : effects.persist()) {
            overwrite(memory, batch.entries());
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
        return effects;
    }

    /** Makes the oldest write durable and releases its messages. */
    PersistBatch persistNext() {
        PersistBatch batch = writes.removeFirst();
        overwrite(disk, batch.entries());
        if (batch.hardState() != null) {
            durable = batch.hardState();
        }
        batch.messages().forEach(out -> network.accept(id, out));
        core.persisted(batch.sequence());
        return batch;
    }

    void answerApply() {
        if (answeredApply < handedOut) {
            answeredApply = handedOut;
            core.applied(handedOut);
        }
    }

    void answerLoad() {
        LoadRequest load = loads.removeFirst();
        List<Entry> entries = new ArrayList<>();
        long bytes = 0;
        for (long i = load.from(); i <= load.to() && i <= disk.size(); i++) {
            Entry entry = disk.get((int) i - 1);
            bytes += entry.bytes();
            if (bytes > load.maxBytes() && !entries.isEmpty()) {
                break;
            }
            entries.add(entry);
        }
        core.loaded(load, entries);
    }

    /** Drains, persists, applies and loads until nothing is left to do. */
    void settle() {
        do {
            while (!writes.isEmpty()) {
                persistNext();
            }
            answerApply();
            while (!loads.isEmpty()) {
                answerLoad();
            }
        } while (drain() != Effects.NONE);
    }

    void tick() {
        core.tick(++ticks);
    }

    void receive(NodeId from, Message message) {
        core.receive(from, message);
    }

    SoftState state() {
        return core.softState();
    }

    boolean leads() {
        return state().role() == RoleName.LEADER;
    }

    private static void overwrite(List<Entry> log, List<Entry> entries) {
        if (entries.isEmpty()) {
            return;
        }
        long from = entries.get(0).index();
        Check.that(from <= log.size() + 1, "a gap before %s", from);
        while (log.size() >= from) {
            log.remove(log.size() - 1);
        }
        log.addAll(entries);
    }
}
