package io.flotilla.raft.transfer;

import io.flotilla.raft.transport.BulkMessage;
import java.io.IOException;

/**
 * Where the parts of one transfer are kept. {@link PartFile} keeps them as they are; a user for whom parts are of use one by one may bring a
 * store that does more with them. Belongs to the transfer lane.
 */
public interface TransferStore extends AutoCloseable {
    /** The number of the part that is wanted next. */
    long next();

    /** Where that part begins, or the end is; empty at the beginning. */
    byte[] position();

    /** Whether the last part is here. */
    boolean isWhole();

    /** Adds the part numbered {@link #next}. Durable after {@link #force}. */
    void append(BulkMessage.Part part) throws IOException;

    /**
     * Makes what was added durable.
     *
     * @throws java.io.SyncFailedException if the disk could not: then nothing on it can be trusted any more, and the node stops
     */
    void force() throws IOException;

    /** Reads the bytes of the parts, from the first one. */
    Reader read() throws IOException;

    /** Deletes everything. */
    void delete() throws IOException;

    @Override
    void close() throws IOException;

    /** Parts in their order. On the lane of transfers. */
    interface Reader {
        /** The bytes of the next part; null after the last one. */
        byte[] next() throws IOException;
    }
}
