package io.flotilla.it.lab;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.RecoveredGroup;
import io.flotilla.raft.log.Tombstone;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * A server's log store under the labs' rule: Raft's own state of a group of data may have so many bytes, and beyond it the log
 * must let go of what the state machine holds. Without a bound it never lets go of anything.
 */
final class KvLog implements LogStore {
    private static final int READ_BYTES = 1 << 20;
    /** Term, vote and where the log begins. */
    private static final int HARD_STATE_BYTES = 40;
    /** Term, index and kind of an entry. */
    private static final int ENTRY_BYTES = 17;

    /** The entries of one group that are there, by index, as their bytes. */
    private static final class Entries {
        final TreeMap<Long, Integer> bytes = new TreeMap<>();
        long sum;

        void add(Entry entry) {
            remove(bytes.tailMap(entry.index(), true));
            int size = ENTRY_BYTES + entry.payload().length;
            bytes.put(entry.index(), size);
            sum += size;
        }

        void remove(Map<Long, Integer> some) {
            for (int size : some.values()) {
                sum -= size;
            }
            some.clear();
        }

        long stateBytes() {
            return HARD_STATE_BYTES + sum;
        }
    }

    private final LogStore log;
    private final long maxStateBytes;
    /** Of groups of data, by id: the controller's is not bounded. */
    private final TreeMap<Long, Entries> groups = new TreeMap<>();

    /** @param maxStateBytes beyond it the log of a group wants to shrink; -1 for never */
    KvLog(LogStore log, long maxStateBytes) throws IOException {
        this.log = log;
        this.maxStateBytes = maxStateBytes;
        for (RecoveredGroup group : log.recovered()) {
            long next = group.base().index() + 1;
            while (next <= group.lastIndex()) {
                List<Entry> found = log.read(group.descriptor().groupId(), next, group.lastIndex(), READ_BYTES);
                found.forEach(entries(group.descriptor().groupId())::add);
                next += found.size();
            }
        }
    }

    private Entries entries(long group) {
        return groups.computeIfAbsent(group, g -> new Entries());
    }

    /** The bytes of a group's own state: what is not in the state machine's snapshot. */
    long stateBytes(long group) {
        return entries(group).stateBytes();
    }

    /** The groups of data that are there. */
    Set<Long> groups() {
        return Collections.unmodifiableSet(groups.tailMap(1L, true).keySet());
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
            if (write.tombstone() != null) {
                groups.remove(write.groupId());
                continue;
            }
            Entries entries = entries(write.groupId());
            if (write.base() != null) {
                entries.remove(entries.bytes.headMap(write.base().index(), true));
            }
            write.entries().forEach(entries::add);
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
        List<Pin> pins = new ArrayList<>();
        groups.tailMap(1L, true).forEach((group, entries) -> {
            if (maxStateBytes >= 0 && entries.stateBytes() > maxStateBytes && !entries.bytes.isEmpty()) {
                pins.add(new Pin(group, entries.bytes.lastKey()));
            }
        });
        return pins.isEmpty() ? log.pins() : pins;
    }

    /** Half of what the labs allow: nothing may keep entries any more, not even a snapshot on its way. */
    @Override
    public boolean isOverfull() {
        return maxStateBytes >= 0
                && groups.tailMap(1L, true).values().stream()
                        .anyMatch(entries -> entries.stateBytes() > 4 * maxStateBytes);
    }

    @Override
    public void close() throws IOException {
        log.close();
    }
}
