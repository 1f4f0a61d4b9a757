package io.flotilla.raft.transport.grpc;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.transport.MalformedFrameException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The first frame of a stream: who speaks, where it can be reached, and whom it believes to reach.
 *
 * @param address where the sender listens, {@code host:port}
 * @param fleetId empty while the sender belongs to no fleet
 */
record Hello(int version, NodeId from, String address, NodeId to, String fleetId) {
    /** The version of everything on the stream after this frame. */
    static final int VERSION = 1;

    private static final int MAX_FIELD_BYTES = 1024;

    byte[] encode() {
        List<byte[]> fields = List.of(utf8(from.value()), utf8(address), utf8(to.value()), utf8(fleetId));
        int size = 1;
        for (byte[] field : fields) {
            size += Short.BYTES + field.length;
        }
        ByteBuffer out = ByteBuffer.allocate(size).put((byte) version);
        for (byte[] field : fields) {
            out.putShort((short) field.length).put(field);
        }
        return out.array();
    }

    private static byte[] utf8(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > MAX_FIELD_BYTES) {
            throw new IllegalArgumentException("longer than " + MAX_FIELD_BYTES + " bytes: " + text);
        }
        return bytes;
    }

    /** Of another version only the version is looked at; the other fields are null then. */
    static Hello decode(byte[] bytes) throws MalformedFrameException {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        try {
            int version = in.get() & 0xff;
            if (version != VERSION) {
                return new Hello(version, null, null, null, null);
            }
            return new Hello(version, new NodeId(text(in)), text(in), new NodeId(text(in)), text(in));
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            throw new MalformedFrameException("malformed first frame: " + e.getMessage());
        }
    }

    private static String text(ByteBuffer in) {
        int length = in.getShort();
        if (length < 0 || length > MAX_FIELD_BYTES) {
            throw new IllegalArgumentException("a field of " + length + " bytes");
        }
        byte[] bytes = new byte[length];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
