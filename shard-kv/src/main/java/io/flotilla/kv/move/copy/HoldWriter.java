package io.flotilla.kv.move.copy;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.flotilla.kv.machine.HoldImport;
import io.flotilla.kv.machine.HoldPlace;
import io.flotilla.kv.machine.RecordReader;
import java.util.Arrays;

/**
 * Takes the parts of one copy, as {@link CopyFormat} says, in their order from whichever sources, and puts their rows where the hold shall
 * be: into files that the engine takes in one after the other. Belongs to the transfer lane.
 */
final class HoldWriter implements AutoCloseable {
    private static final long UNKNOWN = -1;

    private final HoldPlace place;
    private final boolean isOfHold;
    /** Null where nothing came since the last file was taken in. */
    private HoldImport file;

    private long fileBytes;
    private long bytes;
    /** Where the next part begins. */
    private CopyPosition at;
    /** Up to here the engine has it, durably. */
    private CopyPosition takenIn;

    private long view = UNKNOWN;
    private long changeNumber = UNKNOWN;

    /** @param isOfHold whether the rows are a peer's hold, which come from its first key and out of one view */
    HoldWriter(HoldPlace place, boolean isOfHold) {
        this.place = place;
        this.isOfHold = isOfHold;
        ByteString behind = place.copiedBehind();
        this.at = behind.isEmpty() ? CopyPosition.BEGINNING : CopyPosition.behindRow(behind.toByteArray());
        this.takenIn = at;
    }

    HoldPlace place() {
        return place;
    }

    CopyPosition position() {
        return at;
    }

    /** Whether the last row was taken. */
    boolean isAtEnd() {
        return at.isEnd();
    }

    /** Of keys and values taken by this writer. */
    long bytes() {
        return bytes;
    }

    /** Of what the engine has not got yet. */
    long fileBytes() {
        return fileBytes;
    }

    /** See {@link CopyFormat}; once a part was taken. */
    long changeNumber() {
        return changeNumber;
    }

    /** The key behind which a later run goes on, all sessions being there; empty if it would have to begin. */
    ByteString copiedBehind() {
        return takenIn.stage() == CopyPosition.Stage.ROWS ? ByteString.copyFrom(takenIn.lastKey()) : ByteString.EMPTY;
    }

    /**
     * Takes a part, if it is the next one.
     *
     * @return whether it was taken
     * @throws IllegalArgumentException if it makes no sense: what was taken since the last file is dropped, and wanted again
     * @throws io.flotilla.kv.engine.EngineException if the disk is full or failed; the same then
     */
    boolean accept(byte[] part) {
        RecordReader reader = new RecordReader(part);
        int format = reader.getVarint("the format of a copy", Integer.MAX_VALUE);
        if (format != CopyFormat.FORMAT) {
            throw new IllegalArgumentException("the copy of a shard has format " + format + ", this version knows only "
                    + CopyFormat.FORMAT + ": let all nodes run the same version");
        }
        long partView = reader.getVarint();
        long partChangeNumber = reader.getVarint();
        byte[] begin = reader.get(reader.getVarint("the length of a position", part.length));
        if ((partView == CopyFormat.ANY_VIEW) == isOfHold) {
            throw new IllegalArgumentException("the copy is not of what it was asked of");
        }
        boolean isNext = CopyPosition.decode(begin).equals(at);
        boolean isOfThisView = view == UNKNOWN || view == partView;
        if (!isNext || !isOfThisView) {
            return false;
        }
        if (changeNumber != UNKNOWN && changeNumber != partChangeNumber) {
            throw new IllegalArgumentException(
                    "the copy begins at change " + partChangeNumber + ", and began at " + changeNumber);
        }
        boolean done = false;
        try {
            records(reader);
            done = true;
        } finally {
            if (!done) {
                dropFile();
            }
        }
        view = partView;
        changeNumber = partChangeNumber;
        fileBytes += part.length;
        bytes += part.length;
        return true;
    }

    private void records(RecordReader reader) {
        if (file == null) {
            file = place.newImport();
        }
        CopyPosition next = at;
        while (reader.hasMore()) {
            if (next.isEnd()) {
                throw new IllegalArgumentException("there is something after its end");
            }
            byte kind = reader.get();
            switch (kind) {
                case CopyFormat.SESSION:
                    byte[] identity = reader.get(CopyPosition.SESSION_ID_BYTES);
                    file.putSession(UnsafeByteOperations.unsafeWrap(identity), row(reader));
                    next = CopyPosition.behindSession(identity);
                    break;
                case CopyFormat.ROW:
                    byte[] key = reader.get(reader.getVarint("the length of a key", Integer.MAX_VALUE));
                    boolean isAbove =
                            next.stage() != CopyPosition.Stage.ROWS || Arrays.compareUnsigned(next.lastKey(), key) < 0;
                    if (!isAbove) {
                        throw new IllegalArgumentException("a row is out of order");
                    }
                    file.putRow(UnsafeByteOperations.unsafeWrap(key), row(reader));
                    next = CopyPosition.behindRow(key);
                    break;
                case CopyFormat.END:
                    next = CopyPosition.END;
                    break;
                default:
                    throw new IllegalArgumentException("there is no record of kind " + kind);
            }
        }
        at = next;
    }

    private static byte[] row(RecordReader reader) {
        return reader.get(reader.getVarint("the length of a row", Integer.MAX_VALUE));
    }

    private void dropFile() {
        if (file != null) {
            HoldImport dropped = file;
            file = null;
            at = takenIn;
            bytes -= fileBytes;
            fileBytes = 0;
            dropped.close();
        }
    }

    /** Has the engine take in what came, durably. Blocks. */
    void takeIn() {
        if (file == null) {
            return;
        }
        try (HoldImport done = file) {
            file = null;
            fileBytes = 0;
            done.ingest();
        }
        takenIn = at;
    }

    /** Drops what was not taken in. May be called again. */
    @Override
    public void close() {
        dropFile();
    }
}
