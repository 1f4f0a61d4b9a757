package io.flotilla.controller.machine;

import io.flotilla.controller.proto.ControllerImage;
import io.flotilla.raft.machine.SnapshotSink;
import java.io.ByteArrayOutputStream;

/** Keeps the parts in memory, which an image fits into by its bounds. */
final class ControllerImageSink implements SnapshotSink {
    private static final int MAX_BYTES = 256 << 20;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private ControllerImage image;

    @Override
    public void accept(byte[] part) {
        if (bytes.size() + (long) part.length > MAX_BYTES) {
            throw new IllegalArgumentException(
                    "the controller's image makes no sense: it is larger than " + MAX_BYTES + " bytes");
        }
        bytes.write(part, 0, part.length);
    }

    @Override
    public void finish() {
        try {
            image = ImageCodec.decode(bytes.toByteArray());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("the controller's image makes no sense: " + e.getMessage(), e);
        }
        bytes.reset();
    }

    /** After {@link #finish}. */
    ControllerImage image() {
        return image;
    }

    @Override
    public void close() {
        bytes.reset();
    }
}
