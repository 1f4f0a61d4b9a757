package io.flotilla.raft.host;

import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.SnapshotBase;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.log.TermRun;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipCodec;
import io.flotilla.raft.core.membership.MembershipEntry;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.RecoveredGroup;
import io.flotilla.raft.log.Tombstone;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;

/** A log in memory that outlives its host: {@link #recovered} shows what was written. Syncs can be held or fail. */
final class MemoryLogStore implements LogStore {
    private static final class Group {
        GroupDescriptor descriptor;
        HardState hardState = HardState.INITIAL;
        EntryId base = EntryId.ZERO;
        Membership membership;
        SnapshotBase snapshot;
        EntryId floor = EntryId.ZERO;
        final List<Entry> entries = new ArrayList<>();

        long lastIndex() {
            return base.index() + entries.size();
        }
    }

    private final TreeMap<Long, Group> groups = new TreeMap<>();
    private final TreeMap<Long, Tombstone> tombstones = new TreeMap<>();
    private final List<List<GroupWrite>> writes = new ArrayList<>();
    private volatile CountDownLatch gate;
    private volatile IOException failure;
    private volatile boolean overfull;
    private volatile int maxEntries = Integer.MAX_VALUE;
    private int closes;

    /** The next syncs wait until the latch is open. */
    void holdSyncs(CountDownLatch latch) {
        gate = latch;
    }

    /** Pins groups with more entries than that. */
    void keepAtMost(int entries) {
        maxEntries = entries;
    }

    synchronized int entries(long groupId) {
        return groups.get(groupId).entries.size();
    }

    /** All further writes fail. */
    void failWrites(IOException e) {
        failure = e;
    }

    synchronized List<List<GroupWrite>> writes() {
        return List.copyOf(writes);
    }

    synchronized int closes() {
        return closes;
    }

    @Override
    public synchronized List<RecoveredGroup> recovered() {
        List<RecoveredGroup> all = new ArrayList<>();
        for (Group group : groups.values()) {
            List<TermRun> runs = new ArrayList<>();
            for (Entry entry : group.entries) {
                if (runs.isEmpty() || runs.get(runs.size() - 1).term() != entry.term()) {
                    runs.add(new TermRun(entry.index(), entry.term()));
                }
            }
            all.add(new RecoveredGroup(
                    group.descriptor,
                    group.hardState,
                    group.base,
                    group.membership,
                    group.entries.stream()
                            .filter(e -> e.kind() == EntryKind.MEMBERSHIP)
                            .map(e -> new MembershipEntry(e.index(), MembershipCodec.decode(e.payload())))
                            .toList(),
                    group.snapshot,
                    group.floor,
                    runs,
                    group.lastIndex()));
        }
        return all;
    }

    @Override
    public synchronized List<Tombstone> tombstones() {
        return List.copyOf(tombstones.values());
    }

    @Override
    public synchronized long lastBatch() {
        return writes.size();
    }

    @Override
    public void write(List<GroupWrite> batch) throws IOException {
        CountDownLatch latch = gate;
        if (latch != null) {
            try {
                latch.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        }
        if (failure != null) {
            throw failure;
        }
        synchronized (this) {
            writes.add(batch);
            for (GroupWrite write : batch) {
                if (write.tombstone() != null) {
                    tombstones.put(write.groupId(), write.tombstone());
                    groups.remove(write.groupId());
                    continue;
                }
                Group group = groups.computeIfAbsent(write.groupId(), id -> new Group());
                if (write.creation() != null) {
                    RecoveredGroup created =
                            RecoveredGroup.created(write.creation(), tombstones.remove(write.groupId()));
                    group.descriptor = created.descriptor();
                    group.hardState = created.hardState();
                    group.membership = created.membership();
                    group.floor = created.floor();
                }
                if (write.hardState() != null) {
                    group.hardState = write.hardState();
                }
                if (write.base() != null) {
                    moveBase(group, write.base());
                    group.membership = write.membership();
                }
                if (write.snapshot() != null) {
                    group.snapshot = write.snapshot();
                }
                for (Entry entry : write.entries()) {
                    while (group.lastIndex() >= entry.index()) {
                        group.entries.remove(group.entries.size() - 1);
                    }
                    if (group.lastIndex() + 1 != entry.index()) {
                        throw new IOException("a gap before " + entry);
                    }
                    group.entries.add(entry);
                }
            }
        }
    }

    private static void moveBase(Group group, EntryId base) throws IOException {
        long gone = base.index() - group.base.index();
        if (gone < 0) {
            throw new IOException("the base falls from " + group.base + " to " + base);
        }
        if (gone > 0
                && gone <= group.entries.size()
                && group.entries.get((int) gone - 1).id().equals(base)) {
            group.entries.subList(0, (int) gone).clear();
        } else if (gone > 0) {
            group.entries.clear();
        }
        group.base = base;
    }

    /** The log is said to be much too large. */
    void overfull() {
        overfull = true;
    }

    @Override
    public boolean isOverfull() {
        return overfull;
    }

    @Override
    public synchronized List<Pin> pins() {
        List<Pin> pins = new ArrayList<>();
        groups.forEach((id, group) -> {
            if (group.entries.size() > maxEntries) {
                pins.add(new Pin(id, group.lastIndex() - maxEntries / 2));
            }
        });
        return pins;
    }

    @Override
    public synchronized List<Entry> read(long groupId, long from, long to, int maxBytes) {
        Group group = groups.get(groupId);
        List<Entry> entries = group.entries;
        if (from <= group.base.index() || to > group.lastIndex()) {
            throw new IllegalArgumentException(from + ".." + to + " of " + group.base + ".." + group.lastIndex());
        }
        List<Entry> found = new ArrayList<>();
        int bytes = 0;
        for (long index = from; index <= to && (found.isEmpty() || bytes < maxBytes); index++) {
            Entry entry = entries.get((int) (index - group.base.index() - 1));
            found.add(entry);
            bytes += entry.bytes();
        }
        return found;
    }

    @Override
    public synchronized void close() {
        closes++;
    }
}
