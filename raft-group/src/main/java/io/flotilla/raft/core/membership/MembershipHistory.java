package io.flotilla.raft.core.membership;

import io.flotilla.raft.core.Check;
import io.flotilla.raft.core.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The memberships that a log holds: the one in force at its base, and those of its entries. The newest one counts from
 * the moment its entry is in the log, committed or not, and no longer if the entry is cut off (thesis §4.1). Belongs to
 * the {@code RaftCore} it is part of.
 */
public final class MembershipHistory {
    /** Ascending by index; never empty. */
    private final List<MembershipEntry> entries = new ArrayList<>(2);

    /** @param base in force at the log's base, at its index */
    public MembershipHistory(MembershipEntry base, List<MembershipEntry> later) {
        entries.add(base);
        later.forEach(this::append);
    }

    /** The newest one, which counts. */
    public MembershipEntry latest() {
        return entries.get(entries.size() - 1);
    }

    /** The one before the newest, or null if the log does not tell. */
    public Membership previous() {
        return entries.size() < 2 ? null : entries.get(entries.size() - 2).membership();
    }

    /** The one in force at an index, which is not before the base. */
    public Membership at(long index) {
        int i = entries.size() - 1;
        while (i > 0 && entries.get(i).index() > index) {
            i--;
        }
        return entries.get(i).membership();
    }

    /** Everyone who had a replica since the base, sorted. */
    public SortedSet<NodeId> everyone() {
        TreeSet<NodeId> nodes = new TreeSet<>();
        entries.forEach(entry -> nodes.addAll(entry.membership().all()));
        return nodes;
    }

    /** The log has a further entry with a membership. */
    public void append(MembershipEntry entry) {
        Check.that(entry.index() > latest().index(), "membership %s after index %s", entry, latest().index());
        entries.add(entry);
    }

    /** The log is cut before an index. */
    public void truncateFrom(long from) {
        while (entries.size() > 1 && latest().index() >= from) {
            entries.remove(entries.size() - 1);
        }
    }

    /** The log begins after an index. */
    public void compactTo(long index) {
        MembershipEntry base = new MembershipEntry(index, at(index));
        entries.removeIf(entry -> entry.index() <= index);
        entries.add(0, base);
    }

    /** The log is empty and begins after an index. */
    public void resetTo(MembershipEntry base) {
        entries.clear();
        entries.add(base);
    }
}
