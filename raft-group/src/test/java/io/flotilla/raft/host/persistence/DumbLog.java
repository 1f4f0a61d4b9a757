package io.flotilla.raft.host.persistence;

import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.PersistBatch;
import io.flotilla.raft.core.SnapshotBase;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.log.Tombstone;
import java.util.ArrayList;
import java.util.List;

/** What a log store holds of one group, by the plainest reading of each write. */
final class DumbLog {
    GroupDescriptor descriptor;
    HardState hardState = HardState.INITIAL;
    EntryId base = EntryId.ZERO;
    Membership membership;
    SnapshotBase snapshot;
    Tombstone tombstone;
    List<Entry> entries = new ArrayList<>();

    DumbLog copy() {
        DumbLog copy = new DumbLog();
        copy.descriptor = descriptor;
        copy.hardState = hardState;
        copy.base = base;
        copy.membership = membership;
        copy.snapshot = snapshot;
        copy.tombstone = tombstone;
        copy.entries = new ArrayList<>(entries);
        return copy;
    }

    long last() {
        return base.index() + entries.size();
    }

    boolean holds(EntryId id) {
        return id.equals(base) || entries.stream().anyMatch(entry -> entry.id().equals(id));
    }

    void write(PersistBatch batch) {
        if (batch.reset()) {
            entries.clear();
        }
        write(new GroupWrite(
                0, null, batch.hardState(), batch.base(), batch.membership(), batch.snapshot(), null, batch.entries()));
    }

    void write(GroupWrite write) {
        if (write.tombstone() != null) {
            DumbLog nothing = new DumbLog();
            descriptor = null;
            hardState = nothing.hardState;
            base = nothing.base;
            membership = null;
            snapshot = null;
            entries.clear();
            tombstone = write.tombstone();
            return;
        }
        if (write.creation() != null) {
            descriptor = write.creation();
        }
        if (write.hardState() != null) {
            hardState = write.hardState();
        }
        if (write.base() != null) {
            boolean goesOn = holds(write.base());
            entries.removeIf(entry -> !goesOn || entry.index() <= write.base().index());
            base = write.base();
            membership = write.membership() == null ? membership : write.membership();
        }
        if (write.snapshot() != null) {
            snapshot = write.snapshot();
        }
        for (Entry entry : write.entries()) {
            entries.removeIf(old -> old.index() >= entry.index());
            if (entry.index() != last() + 1) {
                throw new AssertionError("a gap before " + entry + ": " + this);
            }
            entries.add(entry);
        }
    }

    @Override
    public String toString() {
        return descriptor + " " + hardState + " from " + base + " " + membership + " " + snapshot + " " + tombstone
                + " " + entries;
    }
}
