package io.flotilla.raft.core.log;

import io.flotilla.raft.core.Check;
import java.util.List;

/**
 * One replica's log as its core sees it: every term, the commit index, and the newest entries. What was durable and is
 * not in memory any more is known by its term alone. Belongs to the {@code RaftCore} it is part of.
 */
public final class RaftLog {
    private EntryId base;
    private final TermRuns terms;
    private final ResidentEntries resident;
    private long lastIndex;
    private long committed;
    private long applied;
    private long appliedResidentBytes;

    /** @param applied what the state machine holds: committed for certain, and all that is known to be */
    public RaftLog(EntryId base, List<TermRun> runs, long lastIndex, long applied) {
        Check.that(
                base.index() <= applied && applied <= lastIndex,
                "the state machine holds index %s but the log covers %s to %s",
                applied,
                base.index(),
                lastIndex);
        this.base = base;
        this.terms = new TermRuns(base, runs);
        this.resident = new ResidentEntries(lastIndex + 1);
        this.lastIndex = lastIndex;
        this.committed = applied;
        this.applied = applied;
    }

    /** The entry before the first one held here; its term is known. */
    public EntryId base() {
        return base;
    }

    public long lastIndex() {
        return lastIndex;
    }

    public EntryId last() {
        return new EntryId(termAt(lastIndex), lastIndex);
    }

    public long committed() {
        return committed;
    }

    public long applied() {
        return applied;
    }

    /** @param index from the base's to the last */
    public long termAt(long index) {
        Check.that(index >= base.index() && index <= lastIndex, "no term known for index %s", index);
        return terms.termAt(index);
    }

    /** Whether this log holds the entry, or starts right after it. */
    public boolean contains(EntryId id) {
        return id.index() >= base.index() && id.index() <= lastIndex && terms.termAt(id.index()) == id.term();
    }

    /** Whether a log that ends with {@code other} holds everything this one could have committed (paper §5.4.1). */
    public boolean isCoveredBy(EntryId other) {
        long term = terms.termAt(lastIndex);
        return other.term() > term || (other.term() == term && other.index() >= lastIndex);
    }

    /** The runs of equal term from the one that holds {@code index} back to the base, the latest first; at most {@code most}. */
    public List<TermRun> runsBackFrom(long index, int most) {
        return terms.backFrom(index, most);
    }

    /**
     * Where to look next for the end of what a follower shares with this log, after it refused {@code rejectedIndex}. Of
     * each term that it names as much as can be is settled at once (paper §5.3 does so for one term in each answer).
     *
     * @param end the last index of the follower's log that is not after the rejected one
     * @param theirs the follower's runs of equal term from {@code end} back, the latest first; perhaps not all
     * @return an index before the rejected one, or the base's if that is not after the base
     */
    public long lastPossibleMatch(long rejectedIndex, long end, List<TermRun> theirs) {
        long possible = Math.min(end, Math.min(rejectedIndex - 1, lastIndex));
        for (int i = 0; i < theirs.size() && possible > base.index(); i++) {
            TermRun run = theirs.get(i);
            long mine = terms.lastWithTermAtMost(run.term(), possible);
            if (mine >= run.firstIndex() && terms.termAt(mine) == run.term()) {
                return mine;
            }
            possible = Math.min(mine, run.firstIndex() - 1);
        }
        return Math.max(base.index(), possible);
    }

    /** Adds the entry after the last one. */
    public void append(Entry entry) {
        Check.that(entry.index() == lastIndex + 1, "entry %s appended after index %s", entry, lastIndex);
        Check.that(entry.term() >= terms.termAt(lastIndex), "entry %s appended after a later term", entry);
        terms.append(entry.index(), entry.term());
        resident.add(entry);
        lastIndex = entry.index();
    }

    /** Removes {@code from} and all after it, none of them committed. */
    public void truncateFrom(long from) {
        Check.that(from > committed, "index %s is committed (up to %s) and can't be cut off", from, committed);
        terms.truncateFrom(from);
        resident.truncateFrom(from);
        lastIndex = from - 1;
    }

    /** Raises the commit index; never lowers it. */
    public void commitTo(long index) {
        Check.that(index <= lastIndex, "index %s is said to be committed but the log ends at %s", index, lastIndex);
        committed = Math.max(committed, index);
    }

    /** The state machine holds everything up to {@code index}. */
    public void appliedTo(long index) {
        Check.that(index >= applied && index <= committed, "applied %s -> %s, committed %s", applied, index, committed);
        for (long i = Math.max(applied + 1, resident.first()); i <= index; i++) {
            appliedResidentBytes += resident.get(i).bytes();
        }
        applied = index;
    }

    /** Forgets the entries up to {@code index}, which the state machine holds. */
    public void compactTo(long index) {
        Check.that(index > base.index() && index <= applied, "base %s -> %s, applied %s", base, index, applied);
        for (long i = resident.first(); i <= index && i < resident.next(); i++) {
            appliedResidentBytes -= resident.get(i).bytes();
        }
        EntryId newBase = new EntryId(terms.termAt(index), index);
        terms.startAfter(newBase, lastIndex);
        resident.dropBefore(index + 1);
        base = newBase;
    }

    /** The state machine took over a snapshot that ends with {@code last}, which this log holds: what follows stays. */
    public void installed(EntryId last) {
        Check.that(contains(last) && last.index() > applied, "snapshot up to %s, but %s is applied", last, applied);
        commitTo(last.index());
        appliedTo(last.index());
        compactTo(last.index());
    }

    /** The state machine took over a snapshot that ends with {@code last}, which this log does not hold: nothing stays. */
    public void resetTo(EntryId last) {
        Check.that(last.index() > committed, "snapshot up to %s, but %s is committed", last, committed);
        terms.reset(last);
        resident.reset(last.index() + 1);
        base = last;
        lastIndex = last.index();
        committed = lastIndex;
        applied = lastIndex;
        appliedResidentBytes = 0;
    }

    /** The first index whose entry is in memory; one more than the last if none is. */
    public long firstResident() {
        return resident.first();
    }

    /** Bytes in memory that the state machine has not applied yet. */
    public long unappliedBytes() {
        return resident.bytes() - appliedResidentBytes;
    }

    /** Entries {@code [from, to]}, all resident, up to {@code maxBytes} but at least one if there is one. */
    public List<Entry> slice(long from, long to, long maxBytes) {
        Check.that(from >= resident.first() && to <= lastIndex, "entries %s to %s are not in memory", from, to);
        return resident.slice(from, to, maxBytes);
    }

    /**
     * Lets entries leave memory, oldest first: applied ones that nobody needs (before {@code neededFrom}) or that
     * exceed {@code maxAppliedBytes}, and durable ones if all together exceed {@code maxBytes}.
     */
    public void evict(long neededFrom, long durable, long maxAppliedBytes, long maxBytes) {
        while (resident.first() <= durable && resident.first() < resident.next()) {
            long index = resident.first();
            boolean isApplied = index <= applied;
            boolean unneeded = isApplied && (index < neededFrom || appliedResidentBytes > maxAppliedBytes);
            if (!unneeded && resident.bytes() <= maxBytes) {
                return;
            }
            if (isApplied) {
                appliedResidentBytes -= resident.get(index).bytes();
            }
            resident.dropBefore(index + 1);
        }
    }
}
