package io.flotilla.raft.embed;

import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.disk.StateFile;
import io.flotilla.raft.machine.StateMachine;
import java.util.function.Supplier;

/** A group to open: what it is called and what it begins with. */
record NodeGroup(long id, Supplier<? extends ReplicatedState> state) {
    StateMachine open(Disk disk) {
        return new SavedMachine(state.get(), new StateFile(disk, "group-" + id));
    }
}
