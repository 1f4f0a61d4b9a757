package io.flotilla.controller.machine;

import io.flotilla.controller.proto.ControllerSnapshot;
import io.flotilla.raft.machine.SnapshotSink;
import java.io.ByteArrayOutputStream;

/** Keeps the parts in memory, which a snapshot fits into by its bounds. */
final class ControllerSnapshotSink implements SnapshotSink {
    private static final int MAX_BYTES = 256 << 20;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private ControllerSnapshot snapshot;

    @Override
    public void accept(byte[] part) {
        if (bytes.size() + (long) part.length > MAX_BYTES) {
            throw new IllegalArgumentException(
                    "the controller's snapshot makes no sense: it is larger than " + MAX_BYTES + " bytes");
        }
        bytes.write(part, 0, part.length);
    }

    @Override
    public void finish() {
        try {
            snapshot = SnapshotCodec.decode(bytes.toByteArray());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("the controller's snapshot makes no sense: " + e.getMessage(), e);
        }
        bytes.reset();
    }

    /** After {@link #finish}. */
    ControllerSnapshot snapshot() {
        return snapshot;
    }

    @Override
    public void close() {
        bytes.reset();
    }
}
