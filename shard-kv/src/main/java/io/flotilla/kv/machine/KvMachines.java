package io.flotilla.kv.machine;

import io.flotilla.kv.engine.KvEngine;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.machine.StateMachineFactory;

/** Opens the state machines of a node's data groups, all over one engine. */
public final class KvMachines implements StateMachineFactory {
    public KvMachines(KvEngine engine) {}

    @Override
    public StateMachine open(GroupDescriptor group) {
        throw new UnsupportedOperationException();
    }
}
