package io.flotilla.raft.machine;

import io.flotilla.raft.transfer.TransferSource;

/**
 * A consistent snapshot of one state machine. Taken on the machine's applier lane; then read and closed on one other lane, while the
 * machine goes on applying and perhaps after it was closed.
 */
public interface SnapshotSource extends TransferSource {
    /** The index of the last entry whose effect is in the snapshot. */
    long index();

    /**
     * Makes the snapshot last, so that {@link StateMachineFactory#reopenSnapshot} opens it by this name, after a restart too,
     * until {@link StateMachineFactory#forgetSnapshot}. On the lane that reads; may block for as long as the store takes to write
     * what it has in memory.
     *
     * @return what is to be read from now on, this or another one, perhaps of a later index: so the machine
     *     must not show here what {@link StateMachine#apply} did before a later call of it; this one is closed if it is another. A
     *     machine whose snapshots are small, or can't last, returns this one
     * @throws RuntimeException if it can't be done; this one is then as before
     */
    default SnapshotSource keep(String name) {
        return this;
    }
}
