package io.flotilla.raft.transfer;

/**
 * One content, to be read from any position of it. The same position always gives the same bytes, also after a restart. Belongs to
 * the transfer lane.
 */
public interface TransferSource extends AutoCloseable {
    /** @param bytes of one part @param after where the next part begins, at most {@code BulkMessage.MAX_POSITION_BYTES} */
    record Chunk(byte[] bytes, byte[] after) {}

    /**
     * Goes to a position that a chunk of this content named, or, if it is empty, to the beginning.
     *
     * @throws IllegalArgumentException if it is no position of this content
     */
    void seek(byte[] position);

    /**
     * What follows, and goes behind it. Blocks for no longer than reading so much takes.
     *
     * @param maxBytes no more, unless a single row has more
     * @return null at the end
     * @throws RuntimeException if it can't be read
     */
    Chunk next(int maxBytes);

    /** Releases what reading needs; what makes the content last stays the provider's. May be called again. */
    @Override
    void close();
}
