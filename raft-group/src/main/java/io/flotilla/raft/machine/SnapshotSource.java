package io.flotilla.raft.machine;

/**
 * A consistent image of one state machine, read once from its beginning to its end. Taken on the machine's applier
 * lane; then read and closed on one other lane while the machine goes on applying.
 */
public interface SnapshotSource extends AutoCloseable {
    /** The index of the last entry whose effect is in the image. */
    long index();

    /**
     * The next part of the image, for {@link SnapshotSink#accept} in the same order. The array belongs to the caller.
     * Blocks for no longer than reading so much takes.
     *
     * @param maxBytes the part is no longer than this, unless a single row of the machine is
     * @return null at the end
     * @throws RuntimeException if it can't be read
     */
    byte[] next(int maxBytes);

    /** Releases what keeps the image. May be called again. */
    @Override
    void close();
}
