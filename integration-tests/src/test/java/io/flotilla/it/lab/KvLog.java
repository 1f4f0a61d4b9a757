package io.flotilla.it.lab;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.RecoveredGroup;
import io.flotilla.raft.log.Tombstone;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A server's log store under the labs' rule: Raft's own state may have so many bytes, and beyond it the log must let go of
 * what the state machine holds. Without a bound it never lets go of anything.
 */
final class KvLog implements LogStore {
    private static final int READ_BYTES = 1 << 20;
    /** Term, vote and where the log begins. */
    private static final int HARD_STATE_BYTES = 40;
    /** Term, index and kind of an entry. */
    private static final int ENTRY_BYTES = 17;

    private final LogStore log;
    private final long maxStateBytes;
    /** The bytes of each entry that is there, by index. */
    private final TreeMap<Long, Integer> entries = new TreeMap<>();

    private long entryBytes;

    /** @param maxStateBytes beyond it the log wants to shrink; -1 for never */
    KvLog(LogStore log, long maxStateBytes) throws IOException {
        this.log = log;
        this.maxStateBytes = maxStateBytes;
        for (RecoveredGroup group : log.recovered()) {
            long next = group.base().index() + 1;
            while (next <= group.lastIndex()) {
                List<Entry> found = log.read(KvGroup.GROUP, next, group.lastIndex(), READ_BYTES);
                found.forEach(this::add);
                next += found.size();
            }
        }
    }

    /** The bytes of Raft's own state: what is not in the state machine's snapshot. */
    long stateBytes() {
        return HARD_STATE_BYTES + entryBytes;
    }

    private void add(Entry entry) {
        remove(entries.tailMap(entry.index(), true));
        int bytes = ENTRY_BYTES + entry.payload().length;
        entries.put(entry.index(), bytes);
        entryBytes += bytes;
    }

    private void remove(Map<Long, Integer> some) {
        for (int bytes : some.values()) {
            entryBytes -= bytes;
        }
        some.clear();
    }

    @Override
    public List<RecoveredGroup> recovered() {
        return log.recovered();
    }

    @Override
    public List<Tombstone> tombstones() {
        return log.tombstones();
    }

    @Override
    public long lastBatch() {
        return log.lastBatch();
    }

    @Override
    public void write(List<GroupWrite> writes) throws IOException {
        for (GroupWrite write : writes) {
            if (write.base() != null) {
                remove(entries.headMap(write.base().index(), true));
            }
            write.entries().forEach(this::add);
        }
        log.write(writes);
    }

    @Override
    public List<Entry> read(long groupId, long from, long to, int maxBytes) throws IOException {
        return log.read(groupId, from, to, maxBytes);
    }

    @Override
    public Upkeep upkeep() {
        return log.upkeep();
    }

    @Override
    public List<Pin> pins() {
        return maxStateBytes >= 0 && stateBytes() > maxStateBytes
                ? List.of(new Pin(KvGroup.GROUP, entries.lastKey()))
                : log.pins();
    }

    /** Half of what the labs allow: nothing may keep entries any more, not even a snapshot on its way. */
    @Override
    public boolean isOverfull() {
        return maxStateBytes >= 0 && stateBytes() > 4 * maxStateBytes;
    }

    @Override
    public void close() throws IOException {
        log.close();
    }
}
