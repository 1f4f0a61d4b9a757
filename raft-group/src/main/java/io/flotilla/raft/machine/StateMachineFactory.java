package io.flotilla.raft.machine;

import io.flotilla.raft.log.GroupDescriptor;
import java.util.List;

/** Opens the machine of a group: with what survived of it, or from its genesis. Called on the group's applier lane. */
public interface StateMachineFactory {
    /**
     * May block for as long as reading what survived takes.
     *
     * @throws RuntimeException if it can't be opened (damage, disk): the replica is halted, loudly
     */
    StateMachine open(GroupDescriptor group);

    /**
     * Deletes, durably, whatever is kept of a group's machine, which is closed; does nothing if nothing is kept. Called on
     * the group's applier lane, again after a crash; after it the group may be opened from its genesis.
     *
     * @throws UnsupportedOperationException if these machines can't be dropped: replicas of theirs stay as they are
     */
    default void drop(long groupId) {
        throw new UnsupportedOperationException(
                "machines of " + getClass().getName() + " can't be dropped: the data of group " + groupId + " stays");
    }

    /**
     * Opens a snapshot that {@link SnapshotSource#keep} made last, at its beginning. On the lane that reads snapshots.
     *
     * @return null if there is none of this name
     * @throws RuntimeException if it can't be opened (damage, disk)
     */
    default SnapshotSource reopenSnapshot(long groupId, String name) {
        return null;
    }

    /** The names of the snapshots that last, sorted. On the lane that reads snapshots. */
    default List<String> keptSnapshots() {
        return List.of();
    }

    /** Deletes a snapshot that lasts, once it is closed; does nothing if there is none. On the lane that reads snapshots. */
    default void forgetSnapshot(String name) {}

    /**
     * Whether the group's machine may block for long, in its calls and in {@link #open} and {@link #drop}: such groups share one
     * applier lane, on which no other group's machine runs. Never changes. Any thread; must not block.
     */
    default boolean isApart(long groupId) {
        return false;
    }
}
