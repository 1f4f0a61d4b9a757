package io.flotilla.raft.host;

import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.TermRun;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.RecoveredGroup;
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
        final List<Entry> entries = new ArrayList<>();
    }

    private final TreeMap<Long, Group> groups = new TreeMap<>();
    private final List<List<GroupWrite>> writes = new ArrayList<>();
    private volatile CountDownLatch gate;
    private volatile IOException failure;
    private int closes;

    /** The next syncs wait until the latch is open. */
    void holdSyncs(CountDownLatch latch) {
        gate = latch;
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
            all.add(new RecoveredGroup(group.descriptor, group.hardState, EntryId.ZERO, runs, group.entries.size()));
        }
        return all;
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
                Group group = groups.computeIfAbsent(write.groupId(), id -> new Group());
                if (write.creation() != null) {
                    group.descriptor = write.creation();
                }
                if (write.hardState() != null) {
                    group.hardState = write.hardState();
                }
                for (Entry entry : write.entries()) {
                    while (group.entries.size() >= entry.index()) {
                        group.entries.remove(group.entries.size() - 1);
                    }
                    if (group.entries.size() + 1 != entry.index()) {
                        throw new IOException("a gap before " + entry);
                    }
                    group.entries.add(entry);
                }
            }
        }
    }

    @Override
    public synchronized List<Entry> read(long groupId, long from, long to, int maxBytes) {
        List<Entry> entries = groups.get(groupId).entries;
        if (from < 1 || to > entries.size()) {
            throw new IllegalArgumentException(from + ".." + to + " of " + entries.size());
        }
        List<Entry> found = new ArrayList<>();
        int bytes = 0;
        for (long index = from; index <= to && (found.isEmpty() || bytes < maxBytes); index++) {
            Entry entry = entries.get((int) index - 1);
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
