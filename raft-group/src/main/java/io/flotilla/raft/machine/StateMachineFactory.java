package io.flotilla.raft.machine;

import io.flotilla.raft.log.GroupDescriptor;

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
     * Whether the group's machine may block for long, in its calls and in {@link #open} and {@link #drop}: such groups share one
     * applier lane, on which no other group's machine runs. Never changes. Any thread; must not block.
     */
    default boolean isApart(long groupId) {
        return false;
    }
}
