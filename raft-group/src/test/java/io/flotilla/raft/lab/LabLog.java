package io.flotilla.raft.lab;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.RecoveredGroup;
import io.flotilla.raft.log.Tombstone;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.LongUnaryOperator;

/**
 * A server's log store, watched for the commands it takes: the labs want to know a command's place the moment a leader
 * accepts it, and they count commands only. Lets go of whatever the state machine holds durably.
 */
final class LabLog implements LogStore {
    private static final int READ_BYTES = 1 << 20;
    /** Term, vote and where the log begins. */
    private static final int HARD_STATE_BYTES = 40;
    /** Term, index and kind of an entry. */
    private static final int ENTRY_BYTES = 17;

    /** Hears of each command that is written to this log, as a leader or as a follower. */
    interface Taken {
        void taken(LabCommand command, long ordinal, long term);
    }

    /** @param ordinal how many commands there are up to here */
    private record Slot(long ordinal, int bytes) {}

    private final LogStore log;
    private final LongUnaryOperator committedOrdinals;
    private final LongSupplier durableIndex;
    private final Taken taken;
    /** From the base on. */
    private final List<Slot> slots = new ArrayList<>(List.of(new Slot(0, 0)));

    private long base;

    /**
     * @param committedOrdinals how many commands there are up to a committed index
     * @param durableIndex what the state machine holds durably
     */
    LabLog(LogStore log, LongUnaryOperator committedOrdinals, LongSupplier durableIndex, Taken taken)
            throws IOException {
        this.log = log;
        this.committedOrdinals = committedOrdinals;
        this.durableIndex = durableIndex;
        this.taken = taken;
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

    /** The bytes of Raft's own state: what is not in the state machine's snapshot. */
    long stateBytes() {
        long sum = HARD_STATE_BYTES;
        for (int i = 1; i < slots.size(); i++) {
            sum += slots.get(i).bytes;
        }
        return sum;
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
                moveTo(write.base().index());
            }
            for (Entry entry : write.entries()) {
                add(entry);
                if (entry.kind() == EntryKind.COMMAND) {
                    taken.taken(LabCommand.of(entry.payload()), slots.get(slots.size() - 1).ordinal, entry.term());
                }
            }
        }
        log.write(writes);
    }

    private void moveTo(long newBase) {
        if (newBase > base) {
            if (newBase < base + slots.size()) {
                slots.subList(0, (int) (newBase - base)).clear();
            } else {
                slots.clear();
                slots.add(new Slot(committedOrdinals.applyAsLong(newBase), 0));
            }
            base = newBase;
        }
    }

    private void add(Entry entry) {
        int at = (int) (entry.index() - base);
        while (slots.size() > at) {
            slots.remove(slots.size() - 1);
        }
        long before = slots.get(at - 1).ordinal;
        slots.add(new Slot(
                entry.kind() == EntryKind.COMMAND ? before + 1 : before, ENTRY_BYTES + entry.payload().length));
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
        long durable = durableIndex.getAsLong();
        return durable > base ? List.of(new Pin(LabGroup.GROUP, durable)) : log.pins();
    }

    @Override
    public void close() throws IOException {
        log.close();
    }
}
