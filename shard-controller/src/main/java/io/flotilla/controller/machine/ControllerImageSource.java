package io.flotilla.controller.machine;

import io.flotilla.controller.proto.ControllerImage;
import io.flotilla.raft.machine.SnapshotSource;
import java.util.Arrays;

/** The image, encoded when it is first read. */
final class ControllerImageSource implements SnapshotSource {
    private final ControllerImage image;
    private byte[] bytes;
    private int given;

    ControllerImageSource(ControllerImage image) {
        this.image = image;
    }

    @Override
    public long index() {
        return image.getIndex();
    }

    @Override
    public byte[] next(int maxBytes) {
        if (bytes == null) {
            bytes = ImageCodec.encode(image);
        }
        if (given == bytes.length) {
            return null;
        }
        int from = given;
        given = Math.min(bytes.length, from + Math.max(1, maxBytes));
        return Arrays.copyOfRange(bytes, from, given);
    }

    @Override
    public void close() {
        bytes = new byte[0];
        given = 0;
    }
}
