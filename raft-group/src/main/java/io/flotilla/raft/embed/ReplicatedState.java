package io.flotilla.raft.embed;

/**
 * What a group keeps together, in memory. All replicas begin alike and apply the same commands in the same order, so they
 * stay alike. A new replica, or one that lags too far, gets the others' {@link #save saved} state, as does the next run of
 * this one.
 *
 * <p>All calls for one group come from one thread, one at a time. None may block for long. The state is saved as a whole
 * each time the log is cut: it should have some MiB at most. For more, implement {@link
 * io.flotilla.raft.machine.StateMachine} over a store of your own.
 */
public interface ReplicatedState {
    /**
     * Changes the state by a committed command. Depends on the command and the state alone: no clock, no chance, nothing
     * else that differs between nodes.
     *
     * @return the answer to whoever proposed it; may be empty, not null
     * @throws RuntimeException if this can't go on: the replica is halted, on every node alike. A command that is wrong is
     *     no reason: answer that
     */
    byte[] apply(byte[] command);

    /** All of the state, for {@link #restore}. The array belongs to the caller. */
    byte[] save();

    /**
     * Replaces the state.
     *
     * @param saved what {@link #save} gave, here or on another replica, perhaps by an earlier version of the program
     * @throws RuntimeException if it makes no sense: the replica is halted
     */
    void restore(byte[] saved);
}
