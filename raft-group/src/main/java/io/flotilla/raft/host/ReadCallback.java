package io.flotilla.raft.host;

import io.flotilla.raft.machine.StateMachine;

/** Told once when a linearizable read may run. Must not block. */
public interface ReadCallback {
    /**
     * The state machine has applied everything that was committed when the read was asked for. Called on the group's
     * applier lane; {@code machine} must not be kept.
     */
    void ready(StateMachine machine);

    /** No read may run. Called on any lane. */
    void refused(Refusal refusal);
}
