package io.flotilla.raft.log;

import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.log.EntryId;

/**
 * What a node keeps of a replica that was dropped, so that it can't come back, and so that a later replica of the group on
 * this node can't break what the dropped one promised.
 *
 * @param removedAt a replica that joined at or before this index must not be created here any more
 * @param term the dropped replica's: a later replica starts in the next one, so nothing that the dropped one said is taken
 *     for its word; -1 if no replica was here
 * @param floor where the dropped replica's log ended: a later replica helps to elect nobody before its log is as good
 * @param dropped whether the state machine's data is gone, too
 */
public record Tombstone(long groupId, long removedAt, long term, EntryId floor, boolean dropped) {
    /** The hard state of a later replica of the group. */
    public HardState nextHardState() {
        return new HardState(term + 1, null);
    }

    public Tombstone whenDropped() {
        return new Tombstone(groupId, removedAt, term, floor, true);
    }
}
