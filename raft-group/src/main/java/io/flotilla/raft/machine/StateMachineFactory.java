package io.flotilla.raft.machine;

import io.flotilla.raft.log.GroupDescriptor;

/** Opens the machine of a group: with what survived of it, or from its genesis. Called on the group's applier lane. */
public interface StateMachineFactory {
    StateMachine open(GroupDescriptor group);
}
