package io.flotilla.raft.log.segment;

import io.flotilla.raft.log.LogStore;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;

/**
 * What must go so that the log keeps its budget. Judged anew whenever a segment is begun; between that, a group costs
 * something only when it is written. Belongs to the log writer's lane.
 *
 * <p>Everything in the oldest segments over the budget should go. Groups with entries there are asked to move their base
 * ({@link #pins}). What the log keeps of a group besides entries is written once more, and so is, with all its entries,
 * a group that did not move its base while a whole segment was written: it may have no quorum. Copies must not become
 * most of what is written: a group with more than an eighth of the budget is not copied, and none is if all together
 * have more than a quarter. Then the log grows until they have moved their bases.
 */
final class LogSpace {
    private final long budget;
    /** Over it the log is overfull. */
    private final long mostBytes;

    private final Segments segments;

    /** Everything up to this segment should go. */
    private int vacate;
    /** It should have gone already when the active segment was begun. */
    private int overdue;

    private boolean overfull;

    private final TreeMap<Long, LogStore.Pin> pins = new TreeMap<>();
    private List<LogStore.Pin> pinList = List.of();
    private final ArrayDeque<Rewrite> due = new ArrayDeque<>();

    LogSpace(long budget, long mostBytes, Segments segments) {
        this.budget = budget;
        this.mostBytes = mostBytes;
        this.segments = segments;
    }

    /** @param whole with all entries */
    record Rewrite(GroupLog group, boolean whole) {}

    /** A segment was begun. */
    void segmentBegun(Collection<GroupLog> groups) {
        overdue = vacate;
        vacate = segments.surplus(budget);
        overfull = segments.surplus(mostBytes) > 0;
        pins.clear();
        pinList = null;
        due.clear();
        if (vacate == 0) {
            return;
        }
        List<GroupLog> there = new ArrayList<>();
        long copied = 0;
        for (GroupLog group : groups) {
            if (group.oldestSegment() <= vacate) {
                there.add(group);
                copied += mayBeCopied(group) ? group.bytes() : 0;
            }
        }
        there.sort(Comparator.comparingLong(GroupLog::id));
        for (GroupLog group : there) {
            LogStore.Pin pin = group.pin(vacate);
            if (pin != null) {
                pins.put(group.id(), pin);
            }
            boolean whole = mayBeCopied(group) && copied <= budget / 4;
            if (whole || group.hasStateUpTo(vacate)) {
                due.add(new Rewrite(group, whole));
            }
        }
    }

    private boolean mayBeCopied(GroupLog group) {
        return group.hasEntriesUpTo(overdue) && group.bytes() <= budget / 8;
    }

    /** What is to be written once more, in order; some of it may have been overtaken: see {@link #stillDue}. */
    Iterable<Rewrite> due() {
        while (!due.isEmpty() && stillDue(due.peekFirst()) == null) {
            due.removeFirst();
        }
        return due;
    }

    /** The same with as much as still needs to be written; null if nothing does. */
    Rewrite stillDue(Rewrite rewrite) {
        GroupLog group = rewrite.group;
        if (rewrite.whole && group.hasEntriesUpTo(overdue)) {
            return rewrite;
        }
        return group.hasStateUpTo(vacate) ? new Rewrite(group, false) : null;
    }

    /** A group was written; its first needed record may lie elsewhere. */
    void written(GroupLog group, int oldestBefore) {
        int oldest = group.oldestSegment();
        if (oldest != oldestBefore) {
            segments.moved(oldestBefore, oldest);
        }
        LogStore.Pin before = pins.isEmpty() ? null : pins.get(group.id());
        if (before != null) {
            LogStore.Pin pin = group.pin(vacate);
            if (pin == null) {
                pins.remove(group.id());
                pinList = null;
            } else if (!pin.equals(before)) {
                pins.put(group.id(), pin);
                pinList = null;
            }
        }
    }

    boolean isOverfull() {
        return overfull;
    }

    List<LogStore.Pin> pins() {
        if (pinList == null) {
            pinList = List.copyOf(pins.values());
        }
        return pinList;
    }
}
