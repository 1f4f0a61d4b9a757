package io.flotilla.raft.machine;

/**
 * Takes a snapshot that comes from another replica and keeps it apart from the machine's state until it is installed.
 * Belongs to the lane that receives snapshots; touches nothing that the applier lane uses.
 *
 * <p>What it keeps is gone after a crash, unless it was installed: nothing of it is ever taken for the machine's state.
 */
public interface SnapshotSink extends AutoCloseable {
    /**
     * The next part, as {@link SnapshotSource#next} gave its bytes. Blocks for no longer than storing so much takes.
     *
     * @throws IllegalArgumentException if it makes no sense; the sink is then of no more use
     * @throws RuntimeException if it can't be stored (damage, disk)
     */
    void accept(byte[] part);

    /**
     * There are no more parts: the snapshot is whole. After it only {@link StateMachine#install} and {@link #close}.
     *
     * @throws IllegalArgumentException if it is not whole
     */
    void finish();

    /** Deletes what was kept, unless it was installed. May be called again. */
    @Override
    void close();
}
