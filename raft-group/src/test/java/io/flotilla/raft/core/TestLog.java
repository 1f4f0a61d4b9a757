package io.flotilla.raft.core;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.log.TermRun;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipCodec;
import io.flotilla.raft.core.membership.MembershipEntry;
import java.util.ArrayList;
import java.util.List;

/** A log as a plain list that follows a core's batches: what a log store must hold after each. */
public final class TestLog {
    public final List<Entry> entries = new ArrayList<>();
    public EntryId base = EntryId.ZERO;
    public Membership membership;
    public SnapshotBase snapshot;

    public long lastIndex() {
        return base.index() + entries.size();
    }

    /** The entry at an index, or null if the log does not hold it. */
    public Entry get(long index) {
        return index <= base.index() || index > lastIndex() ? null : entries.get((int) (index - base.index() - 1));
    }

    /** The term at an index, the base's included, or -1. */
    public long termAt(long index) {
        if (index == base.index()) {
            return base.term();
        }
        Entry entry = get(index);
        return entry == null ? -1 : entry.term();
    }

    public void copyFrom(TestLog other) {
        base = other.base;
        membership = other.membership;
        snapshot = other.snapshot;
        entries.clear();
        entries.addAll(other.entries);
    }

    public void write(PersistBatch batch) {
        if (batch.base() != null) {
            moveBase(batch.base(), batch.reset());
            membership = batch.membership();
        }
        if (batch.snapshot() != null) {
            snapshot = batch.snapshot();
        }
        overwrite(batch.entries());
    }

    private void moveBase(EntryId newBase, boolean reset) {
        Check.that(newBase.index() >= base.index(), "the base fell from %s to %s", base, newBase);
        boolean stays = !reset && termAt(newBase.index()) == newBase.term();
        if (stays) {
            entries.subList(0, (int) (newBase.index() - base.index())).clear();
        } else {
            entries.clear();
        }
        base = newBase;
    }

    private void overwrite(List<Entry> added) {
        if (added.isEmpty()) {
            return;
        }
        long from = added.get(0).index();
        Check.that(from > base.index() && from <= lastIndex() + 1, "%s after %s", from, lastIndex());
        while (lastIndex() >= from) {
            entries.remove(entries.size() - 1);
        }
        entries.addAll(added);
    }

    public List<MembershipEntry> memberships() {
        return entries.stream()
                .filter(e -> e.kind() == EntryKind.MEMBERSHIP)
                .map(e -> new MembershipEntry(e.index(), MembershipCodec.decode(e.payload())))
                .toList();
    }

    public List<TermRun> runs() {
        List<TermRun> runs = new ArrayList<>();
        for (Entry entry : entries) {
            if (runs.isEmpty() || runs.get(runs.size() - 1).term() != entry.term()) {
                runs.add(new TermRun(entry.index(), entry.term()));
            }
        }
        return runs;
    }
}
