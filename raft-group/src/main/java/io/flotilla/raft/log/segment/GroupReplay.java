package io.flotilla.raft.log.segment;

import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.SnapshotBase;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipEntry;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.Tombstone;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Puts one group together from its records, in their order. If old segments were dropped the first records met are not
 * the group's first ones: until a record with the whole state comes, parts are unknown, and entries in front of the
 * first one met may be missing as long as a later base says that they are not needed. Recovery's thread only.
 *
 * <p>Every method throws {@link IllegalArgumentException} if the record can't follow what is known.
 */
final class GroupReplay {
    private final long id;
    private GroupState state;
    private int stateSegment;
    private long lastRecord;

    // known before the whole state is
    private HardState hardState;
    private EntryId base;
    private Membership membership;
    private SnapshotBase snapshot;

    /** Of the entries behind the base, ascending. */
    private final List<MembershipEntry> memberships = new ArrayList<>(0);

    /** The replica was dropped, and no other one created since. */
    private Tombstone tombstone;

    /** Null until any entry or base tells an index. Starts at the base or, with entries missing, after it. */
    private EntryIndex entries;

    /** @param record the number of the group's first record met */
    GroupReplay(long id, long record) {
        this.id = id;
        this.lastRecord = record - 1;
    }

    void state(GroupState written, long last, int segment, long record) {
        follow(record);
        if (tombstone != null) {
            if (written.descriptor().joined() <= tombstone.removedAt()) {
                throw new IllegalArgumentException("group " + id + " is created although it was dropped");
            }
            tombstone = null;
        }
        if (state != null && !same(written.descriptor(), state.descriptor())) {
            throw new IllegalArgumentException("group " + id + " changes its creation record");
        }
        if (hardState != null && !written.hardState().equals(hardState)) {
            throw new IllegalArgumentException("group " + id + " changes its hard state in a copy");
        }
        if (base != null && !written.base().equals(base)) {
            throw new IllegalArgumentException("group " + id + " changes its base in a copy");
        }
        moveBase(written.base(), last);
        state = written;
        hardState = written.hardState();
        membership = written.membership();
        snapshot = written.snapshot();
        stateSegment = segment;
    }

    void tombstone(Tombstone written, int segment, long record) {
        follow(record);
        tombstone = written;
        stateSegment = segment;
        state = null;
        hardState = null;
        base = null;
        membership = null;
        snapshot = null;
        entries = null;
        memberships.clear();
    }

    void snapshot(SnapshotBase written, long record) {
        followAlive(record);
        snapshot = written;
    }

    void hardState(HardState written, long record) {
        followAlive(record);
        if (hardState != null && written.term() < hardState.term()) {
            throw new IllegalArgumentException("the term of group " + id + " falls to " + written.term());
        }
        hardState = written;
    }

    void base(EntryId written, Membership writtenMembership, long last, long record) {
        followAlive(record);
        if (base != null && written.index() <= base.index()) {
            throw new IllegalArgumentException("the base of group " + id + " falls to " + written);
        }
        moveBase(written, last);
        membership = writtenMembership;
    }

    /** @param last the last index in the log from here on: the base's if no entry stays */
    private void moveBase(EntryId written, long last) {
        long index = written.index();
        if (entries == null) {
            entries = new EntryIndex(last);
        }
        if (last < index || last > index && last != entries.last()) {
            throw new IllegalArgumentException("group " + id + " has its base at " + index + " and its last entry at "
                    + last + " after entry " + entries.last());
        }
        if (last == index) {
            entries.restart(index);
        } else if (index > entries.start()) {
            if (entries.termOf(index) != written.term()) {
                throw new IllegalArgumentException(
                        "entry " + index + " of group " + id + " has another term than the base " + written);
            }
            entries.dropUpTo(index);
        }
        base = written;
        memberships.removeIf(entry -> last == index || entry.index() <= index);
    }

    /** The entry that comes now is a membership. */
    void membership(MembershipEntry entry) {
        memberships.add(entry);
    }

    void entry(long index, long term, int segment, int offset, int length, long record) {
        followAlive(record);
        if (entries == null) {
            entries = new EntryIndex(index - 1);
        }
        if (base != null && index <= base.index() || index > entries.last() + 1) {
            throw new IllegalArgumentException(
                    "entry " + index + " of group " + id + " does not follow entry " + entries.last());
        }
        if (index <= entries.start()) {
            entries.restart(index - 1);
        }
        entries.put(index, term, segment, offset, length);
        memberships.removeIf(entry -> entry.index() >= index);
    }

    private static boolean same(GroupDescriptor one, GroupDescriptor other) {
        return one.membership().equals(other.membership())
                && one.joined() == other.joined()
                && Arrays.equals(one.genesis(), other.genesis());
    }

    private void followAlive(long record) {
        follow(record);
        if (tombstone != null) {
            throw new IllegalArgumentException("group " + id + " was dropped");
        }
    }

    private void follow(long record) {
        if (record != lastRecord + 1) {
            throw new IllegalArgumentException(
                    "record " + record + " of group " + id + " does not follow record " + lastRecord);
        }
        lastRecord = record;
    }

    List<MembershipEntry> memberships() {
        return List.copyOf(memberships);
    }

    /** The group as the whole log tells it. */
    GroupLog finish() {
        if (tombstone != null) {
            return GroupLog.dropped(tombstone, stateSegment, lastRecord);
        }
        if (state == null) {
            throw new IllegalArgumentException("group " + id + " was never created");
        }
        if (entries.start() != base.index()) {
            throw new IllegalArgumentException(
                    "entries " + (base.index() + 1) + " to " + entries.start() + " of group " + id + " are missing");
        }
        SnapshotBase ahead = snapshot != null && snapshot.last().index() > base.index() ? snapshot : null;
        GroupState newest = new GroupState(state.descriptor(), hardState, base, membership, ahead, state.floor());
        return new GroupLog(newest, stateSegment, lastRecord, entries);
    }
}
