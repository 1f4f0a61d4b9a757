package io.flotilla.raft.lab;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.RecoveredGroup;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongUnaryOperator;

/**
 * A server's log store, watched for the commands it takes: the labs want to know a command's place the moment a leader
 * accepts it, and they count commands only.
 */
final class LabLog implements LogStore {
    private static final int READ_BYTES = 1 << 20;

    /** Hears of each command that is written to this log, as a leader or as a follower. */
    interface Taken {
        void taken(LabCommand command, long ordinal, long term);
    }

    private final LogStore log;
    private final LongUnaryOperator committedOrdinals;
    private final Taken taken;
    /** How many commands there are up to each index, from the base on. */
    private final List<Long> ordinals = new ArrayList<>();

    private long base;

    /** @param committedOrdinals how many commands there are up to a committed index */
    LabLog(LogStore log, LongUnaryOperator committedOrdinals, Taken taken) throws IOException {
        this.log = log;
        this.committedOrdinals = committedOrdinals;
        this.taken = taken;
        ordinals.add(0L);
        for (RecoveredGroup group : log.recovered()) {
            moveTo(group.base().index());
            long next = base + 1;
            while (next <= group.lastIndex()) {
                List<Entry> entries = log.read(LabGroup.GROUP, next, group.lastIndex(), READ_BYTES);
                entries.forEach(this::add);
                next += entries.size();
            }
        }
    }

    @Override
    public List<RecoveredGroup> recovered() {
        return log.recovered();
    }

    @Override
    public void write(List<GroupWrite> writes) throws IOException {
        for (GroupWrite write : writes) {
            if (write.base() != null) {
                moveTo(write.base().index());
            }
            for (Entry entry : write.entries()) {
                add(entry);
                if (entry.kind() == EntryKind.COMMAND) {
                    taken.taken(LabCommand.of(entry.payload()), ordinals.get(ordinals.size() - 1), entry.term());
                }
            }
        }
        log.write(writes);
    }

    private void moveTo(long newBase) {
        if (newBase > base) {
            long last = base + ordinals.size() - 1;
            if (newBase <= last) {
                ordinals.subList(0, (int) (newBase - base)).clear();
            } else {
                ordinals.clear();
                ordinals.add(committedOrdinals.applyAsLong(newBase));
            }
            base = newBase;
        }
    }

    private void add(Entry entry) {
        int at = (int) (entry.index() - base);
        while (ordinals.size() > at) {
            ordinals.remove(ordinals.size() - 1);
        }
        long before = ordinals.get(at - 1);
        ordinals.add(entry.kind() == EntryKind.COMMAND ? before + 1 : before);
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
        return log.pins();
    }

    @Override
    public void close() throws IOException {
        log.close();
    }
}
