package io.flotilla.raft.host.group;

import io.flotilla.raft.core.RaftCore;
import io.flotilla.raft.core.RoleName;
import io.flotilla.raft.core.SoftState;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.MembershipEntry;
import io.flotilla.raft.host.GroupStatus;
import io.flotilla.raft.log.RecoveredGroup;
import io.flotilla.raft.log.Tombstone;

/**
 * What is known of a replica's core: before it starts, while it runs, and after its end; and what of that anybody may look
 * at. Belongs to the group's worker, but for the published status.
 */
final class KnownState {
    private final long groupId;
    private final EntryId floor;
    private SoftState soft;
    private long applied;
    private boolean appliedChanged;
    private EntryId base;
    private EntryId end;
    private MembershipEntry newest;
    private boolean newestCommitted;
    private volatile GroupStatus status;

    KnownState(RecoveredGroup restored) {
        this.groupId = restored.descriptor().groupId();
        this.floor = restored.floor();
        this.base = restored.base();
        this.end = restored.last();
        this.newest = restored.newestMembership();
        this.soft = new SoftState(
                restored.term(), RoleName.FOLLOWER, null, restored.base().index(), restored.lastIndex());
        publish();
    }

    /** Any thread. */
    GroupStatus status() {
        return status;
    }

    /** The same object until something in it changes. */
    SoftState soft() {
        return soft;
    }

    MembershipEntry newest() {
        return newest;
    }

    /** Published at the end of the turn, or by {@link #publish}. */
    void applied(long index) {
        applied = index;
        appliedChanged = true;
    }

    /** Publishes what is new. */
    void turnEnded(RaftCore core) {
        SoftState now = core.softState();
        boolean changed = !now.equals(soft);
        if (changed) {
            soft = now;
        }
        if (changed || appliedChanged || core.base() != base || core.membership() != newest) {
            base = core.base();
            newest = core.membership();
            newestCommitted = core.isMembershipCommitted();
            publish();
        }
    }

    void publish() {
        appliedChanged = false;
        publish(null);
    }

    private void publish(String failure) {
        status = new GroupStatus(groupId, newest, newestCommitted, soft, applied, base.index() + 1, failure);
    }

    /** Takes down what must be known of the core after its end. @param core null if it does not run */
    void note(RaftCore core) {
        if (core != null) {
            soft = core.softState();
            end = core.last();
            newest = core.membership();
        }
    }

    /** The core runs no more. */
    void ended(Throwable cause) {
        publish(cause.toString());
    }

    /** What is to take the place of the log, whose end no later replica on this node may fall behind. */
    Tombstone tombstone(long removedAt) {
        boolean isFurther = end.term() > floor.term() || (end.term() == floor.term() && end.index() > floor.index());
        return new Tombstone(groupId, removedAt, soft.term(), isFurther ? end : floor, false);
    }
}
