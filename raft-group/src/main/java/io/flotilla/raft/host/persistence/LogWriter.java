package io.flotilla.raft.host.persistence;

import io.flotilla.raft.core.PersistBatch;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.host.group.Events;
import io.flotilla.raft.host.group.GroupReplica;
import io.flotilla.raft.host.group.GroupWorker;
import io.flotilla.raft.host.group.HostGroups;
import io.flotilla.raft.host.shared.DiskWatch;
import io.flotilla.raft.host.shared.Inbox;
import io.flotilla.raft.host.shared.PeerOutbox;
import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.runtime.Lane;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * The only writer of the node's log, on a lane of its own: everything that the workers handed over while the last sync
 * ran becomes one write with one sync. After it the messages that waited for it leave, and the workers are told.
 *
 * <p>A failed write is final: the node is told, nothing is acknowledged or sent any more.
 */
public final class LogWriter {
    /** A write takes further hand-overs while it is smaller than this. */
    private static final long BYTES_PER_WRITE = 4L << 20;

    /** How long a group that was asked to let its log be cut is left alone after that. */
    private static final long NANOS_BETWEEN_TRIMS = 50_000_000L;

    private final HostGroups state;
    private final Lane lane;
    private final LogReader reader;
    private final Consumer<Throwable> nodeFailed;
    private final Inbox<HandOver> inbox;
    private final AtomicLong waitingBytes = new AtomicLong();
    private final PeerOutbox outbox;
    private final DiskWatch watch = new DiskWatch("a write to the log");

    public LogWriter(HostGroups state, Lane lane, LogReader reader, Consumer<Throwable> nodeFailed) {
        this.state = state;
        this.lane = lane;
        this.reader = reader;
        this.nodeFailed = nodeFailed;
        this.inbox = new Inbox<>(
                lane, state.clock, state.pace::nanosOfLog, Integer.MAX_VALUE, Long.MAX_VALUE, this::writeOnce);
        this.outbox = new PeerOutbox(state);
    }

    private record HandOver(List<PendingWrite> writes, long bytes) {}

    public Lane lane() {
        return lane;
    }

    public DiskWatch watch() {
        return watch;
    }

    public boolean isBehind() {
        return waitingBytes.get() > state.config.limits().busyLogBytes();
    }

    public boolean isFarBehind() {
        return waitingBytes.get() > state.config.limits().maxLogBytes();
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
        inbox.put(new HandOver(writes, bytes));
    }

    private void writeOnce() {
        List<PendingWrite> all = new ArrayList<>();
        long bytes = 0;
        while (bytes < BYTES_PER_WRITE) {
            HandOver next = inbox.take();
            if (next == null) {
                break;
            }
            all.addAll(next.writes);
            bytes += next.bytes;
        }
        inbox.carried(all.size(), bytes);
        try {
            if (!all.isEmpty() && !state.isDown()) {
                write(all);
            }
        } finally {
            waitingBytes.addAndGet(-bytes);
        }
    }

    private void write(List<PendingWrite> all) {
        List<MergedWrite> merged = merge(all);
        if (!merged.isEmpty()) {
            List<GroupWrite> writes = new ArrayList<>(merged.size());
            for (int i = 0; i < merged.size(); i++) {
                writes.add(merged.get(i).toWrite());
            }
            watch.begun();
            try {
                state.log.write(writes);
            } catch (IOException | RuntimeException | Error e) {
                nodeFailed.accept(e);
                return;
            }
            count(writes);
            LogStore.Upkeep upkeep = state.log.upkeep();
            if (upkeep != null) {
                reader.upkeep(upkeep);
            }
            trim();
        }
        // a task of its own: what follows a wait for the disk must not be seen before the wait is over
        lane.execute(() -> state.runtime.lend(() -> release(all)));
    }

    /** Asks the groups whose entries make the log too large to let go of them. Those that can't yet are asked again. */
    private void trim() {
        List<LogStore.Pin> pins = state.log.pins();
        for (int i = 0; i < pins.size(); i++) {
            LogStore.Pin pin = pins.get(i);
            GroupReplica replica = state.replicas.get(pin.groupId());
            if (replica != null) {
                long now = state.clock.nanos();
                if (replica.trimmedAt == 0 || now - replica.trimmedAt >= NANOS_BETWEEN_TRIMS) {
                    replica.trimmedAt = now;
                    replica.machine().submitTrim(pin.index(), state.log.isOverfull());
                }
            }
        }
    }

    /** One write per group, so that the log needs no rule for several. */
    private static List<MergedWrite> merge(List<PendingWrite> all) {
        List<MergedWrite> merged = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            PendingWrite write = all.get(i);
            GroupReplica replica = write.replica();
            if (write.batch() != null && write.batch().isEmpty()) {
                continue;
            }
            if (replica.writeSlot < 0) {
                replica.writeSlot = merged.size();
                merged.add(new MergedWrite(replica.groupId()));
            }
            MergedWrite ofGroup = merged.get(replica.writeSlot);
            if (write.tombstone() != null) {
                ofGroup.bury(write.tombstone());
            } else if (write.batch() == null) {
                ofGroup.create(replica.descriptor());
            } else {
                ofGroup.add(write.batch());
            }
        }
        for (int i = 0; i < all.size(); i++) {
            all.get(i).replica().writeSlot = -1;
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
        if (state.hasFailed()) {
            return; // it came back too late: this node acknowledges nothing any more
        }
        state.counters.batches.add(all.size());
        boolean gathers = inbox.gathers();
        Map<GroupWorker, Events.Persisted> answers = new LinkedHashMap<>();
        for (int i = 0; i < all.size(); i++) {
            GroupReplica replica = all.get(i).replica();
            PersistBatch batch = all.get(i).batch();
            if (all.get(i).tombstone() != null) {
                replica.retirement().durable(all.get(i).tombstone());
                continue;
            }
            if (batch == null) {
                replica.machine().submitOpen();
                continue;
            }
            Events.Persisted answer = answers.computeIfAbsent(replica.worker(), worker -> new Events.Persisted());
            answer.add(replica, batch.sequence());
            if (gathers) {
                // the worker's next frame takes them along
                answer.add(replica.groupId(), batch.messages());
            } else {
                outbox.add(replica.groupId(), batch.messages());
            }
        }
        // the workers first: an answer to a message must not reach a core that does not know yet that it was sent
        answers.forEach(GroupWorker::answer);
        outbox.flush();
    }
}
