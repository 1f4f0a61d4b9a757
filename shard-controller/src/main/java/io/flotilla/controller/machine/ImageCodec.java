package io.flotilla.controller.machine;

import com.google.protobuf.InvalidProtocolBufferException;
import io.flotilla.client.proto.Configuration;
import io.flotilla.controller.proto.ControllerImage;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.CRC32C;

/** A {@link ControllerImage} as bytes on their way to another replica: behind it stands its CRC32C in four bytes. */
final class ImageCodec {
    static final int FORMAT = 1;
    private static final int CRC_BYTES = 4;

    private ImageCodec() {}

    static byte[] encode(ControllerImage image) {
        byte[] content = image.toByteArray();
        return ByteBuffer.allocate(content.length + CRC_BYTES)
                .put(content)
                .putInt(crc(content))
                .array();
    }

    /** @throws IllegalArgumentException if it is damaged, or makes no sense */
    static ControllerImage decode(byte[] bytes) {
        int length = bytes.length - CRC_BYTES;
        if (length < 0) {
            throw new IllegalArgumentException("it ends too early");
        }
        byte[] content = Arrays.copyOf(bytes, length);
        if (crc(content) != ByteBuffer.wrap(bytes, length, CRC_BYTES).getInt()) {
            throw new IllegalArgumentException("it fails its checksum");
        }
        return parse(content);
    }

    /** @throws IllegalArgumentException if it makes no sense */
    static ControllerImage parse(byte[] content) {
        ControllerImage image;
        try {
            image = ControllerImage.parseFrom(content);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException("it is unreadable", e);
        }
        if (image.getFormat() != FORMAT) {
            throw new IllegalArgumentException("it has format " + image.getFormat() + ", this version knows only "
                    + FORMAT + ": run the version that wrote it, or a newer one");
        }
        long last = 0;
        for (Configuration each : image.getConfigurationsList()) {
            if (each.getNumber() <= last) {
                throw new IllegalArgumentException("configuration " + each.getNumber() + " comes after " + last);
            }
            last = each.getNumber();
        }
        return image;
    }

    private static int crc(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, bytes.length);
        return (int) crc.getValue();
    }
}
