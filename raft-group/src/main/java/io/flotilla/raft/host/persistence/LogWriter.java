package io.flotilla.raft.host.persistence;

import io.flotilla.raft.core.PersistBatch;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.host.shared.DiskWatch;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.host.shared.Inbox;
import io.flotilla.raft.host.shared.PeerOutbox;
import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.runtime.Held;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.transport.NodeMessage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongFunction;

/**
 * The only writer of the node's log, on a lane of its own: everything that the workers handed over while the last sync
 * ran becomes one write with one sync. After it the workers are told, and then the messages that waited for it leave.
 *
 * <p>A failed write is final: the node is told, nothing is acknowledged or sent any more.
 */
public final class LogWriter {
    /** A write takes what further turns of workers want written while it is smaller than this. */
    private static final long BYTES_PER_WRITE = 4L << 20;

    /** How long a group that was asked to let its log be cut is left alone after that. */
    private static final long NANOS_BETWEEN_TRIMS = 50_000_000L;

    private final HostState state;
    private final LongFunction<? extends LogOwner> owners;
    private final Lane lane;
    private final LogReader reader;
    private final Consumer<Throwable> nodeFailed;
    private final Inbox<WorkerWrites> inbox;
    private final AtomicLong waitingBytes = new AtomicLong();
    private final PeerOutbox outbox;
    private final BatchTeller teller;
    private final DiskWatch watch;

    /** @param owners the replica of a group, or null; any lane */
    public LogWriter(
            HostState state,
            LongFunction<? extends LogOwner> owners,
            Lane lane,
            LogReader reader,
            KnownPeers peers,
            Consumer<Throwable> nodeFailed) {
        this.state = state;
        this.watch = new DiskWatch("a write to the log", state.log::steps);
        this.owners = owners;
        this.lane = lane;
        this.reader = reader;
        this.nodeFailed = nodeFailed;
        this.inbox = new Inbox<>(
                lane, state.clock, state.pace::nanosOfLog, Integer.MAX_VALUE, Long.MAX_VALUE, this::writeOnce);
        this.outbox = new PeerOutbox(state);
        this.teller = new BatchTeller(state, lane, peers);
    }

    private record WorkerWrites(List<PendingWrite> writes, long bytes) {}

    public Lane lane() {
        return lane;
    }

    public DiskWatch watch() {
        return watch;
    }

    /** The number of the newest batch that is known to be durable. Any thread. */
    public long durableBatch() {
        return teller.durable();
    }

    /** Tells the peers that are up something of this node. Any thread. */
    public void tell(NodeMessage message) {
        teller.tell(message);
    }

    public boolean isBehind() {
        return waitingBytes.get() > state.config.limits().busyLogBytes();
    }

    public boolean isFarBehind() {
        return waitingBytes.get() > state.config.limits().maxLogBytes();
    }

    /** Any lane. */
    public void held(Held held) {
        held.add("log bytes", waitingBytes.get());
    }

    /** In the order of each replica's batches. Any lane; the list belongs to the writer from here on. */
    public void submit(List<PendingWrite> writes) {
        long bytes = 0;
        for (int i = 0; i < writes.size(); i++) {
            PersistBatch batch = writes.get(i).batch();
            if (batch != null) {
                List<Entry> entries = batch.entries();
                for (int j = 0; j < entries.size(); j++) {
                    bytes += entries.get(j).bytes();
                }
            }
        }
        waitingBytes.addAndGet(bytes);
        inbox.put(new WorkerWrites(writes, bytes));
    }

    private void writeOnce() {
        List<PendingWrite> all = new ArrayList<>();
        long bytes = 0;
        while (bytes < BYTES_PER_WRITE) {
            WorkerWrites next = inbox.take();
            if (next == null) {
                break;
            }
            all.addAll(next.writes);
            bytes += next.bytes;
        }
        inbox.carried(all.size(), bytes);
        boolean isDurable;
        try {
            isDurable = !all.isEmpty() && !state.isDown() && write(all);
        } finally {
            waitingBytes.addAndGet(-bytes);
        }
        if (isDurable) {
            lane.goOn(() -> state.runtime.runInline(() -> release(all)));
        }
    }

    /** @return false if the log can't go on */
    private boolean write(List<PendingWrite> all) {
        List<MergedWrite> merged = merge(all);
        if (!merged.isEmpty()) {
            List<GroupWrite> writes = new ArrayList<>(merged.size());
            for (int i = 0; i < merged.size(); i++) {
                writes.add(merged.get(i).toWrite());
            }
            watch.begun();
            state.syncTimes.begun();
            try {
                state.log.write(writes);
            } catch (IOException | RuntimeException | Error e) {
                nodeFailed.accept(e);
                return false;
            }
            count(writes);
            LogStore.Upkeep upkeep = state.log.upkeep();
            if (upkeep != null) {
                reader.upkeep(upkeep);
            }
            trim();
        }
        return true;
    }

    /** Asks the groups whose entries make the log too large to let go of them. Those that can't yet are asked again. */
    private void trim() {
        List<LogStore.Pin> pins = state.log.pins();
        for (int i = 0; i < pins.size(); i++) {
            LogStore.Pin pin = pins.get(i);
            LogOwner owner = owners.apply(pin.groupId());
            if (owner != null) {
                WriterNotes notes = owner.notes();
                long now = state.clock.nanos();
                if (notes.trimmedAt == 0 || now - notes.trimmedAt >= NANOS_BETWEEN_TRIMS) {
                    notes.trimmedAt = now;
                    owner.trim(pin.index(), state.log.isOverfull());
                }
            }
        }
    }

    /** One write per group, so that the log needs no rule for several. */
    private static List<MergedWrite> merge(List<PendingWrite> all) {
        List<MergedWrite> merged = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            PendingWrite write = all.get(i);
            LogOwner owner = write.owner();
            WriterNotes notes = owner.notes();
            if (write.batch() != null && write.batch().isEmpty()) {
                continue;
            }
            if (notes.slot < 0) {
                notes.slot = merged.size();
                merged.add(new MergedWrite(owner.groupId()));
            }
            MergedWrite ofGroup = merged.get(notes.slot);
            if (write.tombstone() != null) {
                ofGroup.bury(write.tombstone());
            } else if (write.batch() == null) {
                ofGroup.create(owner.descriptor());
            } else {
                ofGroup.add(write.batch());
            }
        }
        for (int i = 0; i < all.size(); i++) {
            all.get(i).owner().notes().slot = -1;
        }
        return merged;
    }

    private void count(List<GroupWrite> writes) {
        long entries = 0;
        long bytes = 0;
        for (int i = 0; i < writes.size(); i++) {
            List<Entry> list = writes.get(i).entries();
            entries += list.size();
            for (int j = 0; j < list.size(); j++) {
                bytes += list.get(j).payload().length;
            }
        }
        state.counters.syncs.increment();
        state.counters.entries.add(entries);
        state.counters.entryBytes.add(bytes);
    }

    /** All of it is durable. */
    private void release(List<PendingWrite> all) {
        watch.ended();
        state.counters.syncNanos.add(state.syncTimes.ended());
        if (state.hasFailed()) {
            return; // it came back too late: this node acknowledges nothing any more
        }
        state.counters.batches.add(all.size());
        boolean gathers = inbox.gathers();
        Map<BatchListener, DurableBatches> answers = new LinkedHashMap<>();
        for (int i = 0; i < all.size(); i++) {
            LogOwner owner = all.get(i).owner();
            PersistBatch batch = all.get(i).batch();
            if (all.get(i).tombstone() != null) {
                owner.buried(all.get(i).tombstone());
                continue;
            }
            if (batch == null) {
                owner.created();
                continue;
            }
            DurableBatches answer = answers.computeIfAbsent(owner.worker(), worker -> new DurableBatches());
            answer.add(owner, batch.sequence());
            if (gathers) {
                // the worker's next frame takes them along
                answer.add(owner.groupId(), batch.messages());
            } else {
                outbox.add(owner.groupId(), batch.messages());
            }
        }
        // the workers first: an answer to a message must not reach a core that does not know yet that it was sent
        answers.forEach(BatchListener::durable);
        outbox.flush();
        teller.written();
    }
}
