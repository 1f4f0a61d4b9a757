package io.flotilla.raft.sim.invariant;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.log.TermRun;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipCodec;
import io.flotilla.raft.core.membership.MembershipEntry;
import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.log.RecoveredGroup;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The terms of one group's entries on one node's disk, as seen from outside its log store. */
final class ShadowLog {
    private EntryId base = EntryId.ZERO;
    /** From the base on. */
    private TreeMap<Long, Membership> memberships = new TreeMap<>(Map.of(0L, Membership.NONE));

    private long[] terms = new long[16];
    private int count;

    static ShadowLog of(RecoveredGroup group) {
        ShadowLog log = new ShadowLog();
        log.base = group.base();
        log.memberships = new TreeMap<>(Map.of(group.base().index(), group.membership()));
        group.memberships().forEach(entry -> log.memberships.put(entry.index(), entry.membership()));
        List<TermRun> runs = group.terms();
        int run = -1;
        for (long index = group.base().index() + 1; index <= group.lastIndex(); index++) {
            while (run + 1 < runs.size() && runs.get(run + 1).firstIndex() <= index) {
                run++;
            }
            log.add(runs.get(run).term());
        }
        return log;
    }

    /** Appends, cutting everything from the first entry's index on. */
    void append(List<Entry> entries) {
        count = (int) (entries.get(0).index() - base.index() - 1);
        memberships.tailMap(entries.get(0).index(), true).clear();
        for (Entry entry : entries) {
            add(entry.term());
            if (entry.kind() == EntryKind.MEMBERSHIP) {
                memberships.put(entry.index(), MembershipCodec.decode(entry.payload()));
            }
        }
    }

    /** What a write makes of the log. */
    void apply(GroupWrite write) {
        if (write.creation() != null) {
            memberships.put(0L, write.creation().initialMembership());
        }
        if (write.base() != null) {
            moveBase(write.base(), write.membership());
        }
        if (!write.entries().isEmpty()) {
            append(write.entries());
        }
    }

    /** The membership in force before an index, and its own index. */
    MembershipEntry membershipBefore(long index) {
        Map.Entry<Long, Membership> entry = memberships.lowerEntry(index);
        return new MembershipEntry(entry.getKey(), entry.getValue());
    }

    /** @param membership in force there; null if it is the one that was in force before */
    void moveBase(EntryId newBase, Membership membership) {
        Membership then =
                membership == null ? memberships.floorEntry(newBase.index()).getValue() : membership;
        if (termAt(newBase.index()) != newBase.term()) {
            memberships.clear();
        }
        memberships.headMap(newBase.index(), true).clear();
        memberships.put(newBase.index(), then);
        int gone = holdsAfterBase(newBase) ? (int) (newBase.index() - base.index()) : count;
        count -= gone;
        System.arraycopy(terms, gone, terms, 0, count);
        base = newBase;
    }

    /** Whether something stays behind a new base: whether the base's own entry is here. */
    boolean holdsAfterBase(EntryId newBase) {
        return termAt(newBase.index()) == newBase.term();
    }

    EntryId base() {
        return base;
    }

    ShadowLog copy() {
        ShadowLog copy = new ShadowLog();
        copy.base = base;
        copy.memberships = new TreeMap<>(memberships);
        copy.terms = terms.clone();
        copy.count = count;
        return copy;
    }

    /** Whether every entry of the other log is here, or was let go. */
    boolean includes(ShadowLog other) {
        if (base.index() < other.base.index()) {
            return false;
        }
        for (long index = other.firstIndex(); index <= other.lastIndex(); index++) {
            if (!holds(index, other.termAt(index))) {
                return false;
            }
        }
        return true;
    }

    private void add(long term) {
        if (count == terms.length) {
            terms = Arrays.copyOf(terms, count * 2);
        }
        terms[count++] = term;
    }

    long firstIndex() {
        return base.index() + 1;
    }

    long lastIndex() {
        return base.index() + count;
    }

    /** The term at an index, or -1 if the log does not hold it. */
    long termAt(long index) {
        if (index == base.index()) {
            return base.term();
        }
        return index < base.index() || index > lastIndex() ? -1 : terms[(int) (index - base.index() - 1)];
    }

    /** The last index of a term; 0 if the log holds no entry of it. */
    long lastIndexOf(long term) {
        int i = count - 1;
        while (i >= 0 && terms[i] > term) {
            i--;
        }
        if (i < 0) {
            return base.term() == term ? base.index() : 0;
        }
        return terms[i] == term ? base.index() + 1 + i : 0;
    }

    /** Whether the entry is here or was compacted away, as only committed ones are. */
    boolean holds(long index, long term) {
        return index <= base.index() || termAt(index) == term;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("entries ");
        text.append(firstIndex()).append("..").append(lastIndex()).append(" (terms");
        for (int i = 0; i < count; i++) {
            if (i == 0 || terms[i] != terms[i - 1]) {
                text.append(' ').append(terms[i]).append(" from ").append(firstIndex() + i);
            }
        }
        return text.append(')').toString();
    }
}
