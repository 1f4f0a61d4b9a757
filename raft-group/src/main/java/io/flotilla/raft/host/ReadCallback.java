package io.flotilla.raft.host;

import io.flotilla.raft.machine.StateMachine;

/** A linearizable read: looks at the state machine, then answers. Must not block. Each method says on which lane it is called. */
public interface ReadCallback {
    /**
     * Reads, and answers nothing yet: only afterwards it is certain whether what was read may be told. The state machine
     * has applied everything that was committed when the read was asked for. Called on the group's applier lane; {@code
     * machine} must not be kept. Called once more later if the leader's lease ran out meanwhile.
     *
     * @return gives the answer; run at once on the same lane, or never
     */
    Runnable read(StateMachine machine);

    /** Whether the read may take long, or wait: then it keeps none of the network's threads. */
    default boolean isLong() {
        return false;
    }

    /** No answer may be given. Called on any lane; the last call, as is the running of the answer. */
    void refused(Refusal refusal);
}
