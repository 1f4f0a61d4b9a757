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
}
