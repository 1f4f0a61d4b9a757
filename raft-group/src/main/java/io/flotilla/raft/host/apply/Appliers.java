package io.flotilla.raft.host.apply;

import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.machine.StateMachineFactory;

/** The appliers of a host: those that groups share, and one for the machines that are apart. Thread-safe. */
public final class Appliers {
    private final StateMachineFactory machines;
    /** The last one runs what is apart. */
    private final Applier[] all;

    /** @param shared how many groups share */
    public Appliers(int shared, StateMachineFactory machines, HostState state) {
        this.machines = machines;
        all = new Applier[shared + 1];
        for (int i = 0; i < shared; i++) {
            all[i] = new Applier(i, state.runtime.nonBlockingLane("applier-" + i), state);
        }
        all[shared] = new Applier(shared, state.runtime.lane("applier-apart"), state);
    }

    /** The one that runs the group's machine, for ever. */
    public Applier of(long groupId) {
        int shared = all.length - 1;
        return all[machines.isApart(groupId) ? shared : (int) (groupId % shared)];
    }

    /** In the order of their numbers. Not to be written. */
    public Applier[] all() {
        return all;
    }
}
