package io.flotilla.controller.machine;

import com.google.protobuf.InvalidProtocolBufferException;
import io.flotilla.client.configuration.UnknownFields;
import io.flotilla.client.proto.ConfigurationDelta;
import io.flotilla.client.proto.CreationRecord;
import io.flotilla.controller.proto.ControllerSnapshot;
import io.flotilla.controller.proto.OpenDrop;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Comparator;
import java.util.zip.CRC32C;

/** A {@link ControllerSnapshot} as bytes on their way to another replica: behind it stands its CRC32C in four bytes. */
final class SnapshotCodec {
    static final int FORMAT = 3;
    private static final int CRC_BYTES = 4;

    private SnapshotCodec() {}

    static byte[] encode(ControllerSnapshot snapshot) {
        byte[] content = snapshot.toByteArray();
        return ByteBuffer.allocate(content.length + CRC_BYTES)
                .put(content)
                .putInt(crc(content))
                .array();
    }

    /** @throws IllegalArgumentException if it is damaged, or makes no sense */
    static ControllerSnapshot decode(byte[] bytes) {
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
    static ControllerSnapshot parse(byte[] content) {
        ControllerSnapshot snapshot;
        try {
            snapshot = ControllerSnapshot.parseFrom(content);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException("it is unreadable", e);
        }
        if (snapshot.getFormat() != FORMAT) {
            throw new IllegalArgumentException("it has format " + snapshot.getFormat() + ", this version knows only "
                    + FORMAT + ": run the version that wrote it, or a newer one");
        }
        String unknown = UnknownFields.first(snapshot);
        if (unknown != null) {
            throw new IllegalArgumentException(
                    "it has " + unknown + ", which this version does not know: run the version that wrote it");
        }
        checkConfigurations(snapshot);
        long last = 0;
        for (CreationRecord each : snapshot.getCreationsList()) {
            if (each.getGroup() <= last || each.getGroup() >= snapshot.getNextGroup()) {
                throw new IllegalArgumentException("the record of group " + each.getGroup() + " comes after that of "
                        + last + ", and the next group gets the id " + snapshot.getNextGroup());
            }
            last = each.getGroup();
        }
        OpenDrop before = OpenDrop.getDefaultInstance();
        for (OpenDrop each : snapshot.getOpenDropsList()) {
            if (Comparator.comparingLong(OpenDrop::getShard)
                            .thenComparingLong(OpenDrop::getMoveId)
                            .compare(before, each)
                    >= 0) {
                throw new IllegalArgumentException("the drop of shard " + each.getShard() + " by move "
                        + each.getMoveId() + " comes after that of shard " + before.getShard() + " by move "
                        + before.getMoveId());
            }
            before = each;
        }
        return snapshot;
    }

    private static void checkConfigurations(ControllerSnapshot snapshot) {
        long at = snapshot.getNewest().getNumber();
        for (ConfigurationDelta each : snapshot.getOlderList()) {
            if (each.getFrom() != at || each.getNumber() >= at) {
                throw new IllegalArgumentException("a delta from configuration " + each.getFrom() + " to "
                        + each.getNumber() + " stands behind configuration " + at);
            }
            at = each.getNumber();
        }
        if (snapshot.getNextGroup() < 1 || snapshot.getNextShard() < 1) {
            throw new IllegalArgumentException("it gives no ids");
        }
    }

    private static int crc(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, bytes.length);
        return (int) crc.getValue();
    }
}
