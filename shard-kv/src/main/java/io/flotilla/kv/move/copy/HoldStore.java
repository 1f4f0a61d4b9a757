package io.flotilla.kv.move.copy;

import io.flotilla.raft.transfer.TransferStore;
import io.flotilla.raft.transport.BulkMessage.Part;
import java.io.IOException;

/**
 * Has the parts of a transfer written where the hold shall be, as they come: none is kept as it is. So a restart goes on by another
 * transfer, behind the last key that the engine has. Belongs to the transfer lane.
 */
final class HoldStore implements TransferStore {
    private final HoldWriter writer;
    private final Runnable taken;
    private long next;
    private boolean whole;
    private RuntimeException failure;

    /** @param taken runs after each part that was taken */
    HoldStore(HoldWriter writer, Runnable taken) {
        this.writer = writer;
        this.taken = taken;
    }

    /** What {@link #append} ended with; null if nothing. */
    RuntimeException failure() {
        return failure;
    }

    @Override
    public long next() {
        return next;
    }

    @Override
    public byte[] position() {
        return writer.position().encode();
    }

    @Override
    public boolean isWhole() {
        return whole;
    }

    /** A part that begins elsewhere is not taken, and asked for again: it is late, or was cut out of another view. */
    @Override
    public void append(Part part) throws IOException {
        if (part.isLast()) {
            if (writer.isAtEnd()) {
                whole = true;
                next++;
            }
            return;
        }
        try {
            if (writer.accept(part.bytes())) {
                next++;
                taken.run();
            }
        } catch (RuntimeException e) {
            failure = e;
            throw new IOException(e.getMessage(), e);
        }
    }

    /** What was taken is durable once the engine has taken it in, see {@link HoldWriter#takeIn}. */
    @Override
    public void force() {}

    @Override
    public Reader read() {
        throw new UnsupportedOperationException("the parts of a shard's copy are not kept");
    }

    /** The writer belongs to the copy, which may go on with another source. */
    @Override
    public void delete() {}

    @Override
    public void close() {}
}
