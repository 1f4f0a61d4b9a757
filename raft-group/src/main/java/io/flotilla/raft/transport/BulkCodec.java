package io.flotilla.raft.transport;

import io.flotilla.raft.core.Check;
import io.flotilla.raft.transport.BulkMessage.Ask;
import io.flotilla.raft.transport.BulkMessage.Offer;
import io.flotilla.raft.transport.BulkMessage.Outcome;
import io.flotilla.raft.transport.BulkMessage.Over;
import io.flotilla.raft.transport.BulkMessage.Part;
import io.flotilla.raft.transport.BulkMessage.Reason;
import io.flotilla.raft.transport.BulkMessage.Refused;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * The bytes of a {@link BulkMessage}: one message per frame. Pure and thread-safe.
 *
 * <p>A frame is a version byte, the CRC32C of what follows it (four bytes, most significant first), a kind byte and the fields of the
 * record in order, numbers and booleans as in {@link MessageCodec}, bytes and texts behind their length.
 */
public final class BulkCodec {
    /** The version of the format written here; no other is read. */
    public static final int VERSION = 4;

    /** No part of a transfer is larger, so that it fits into a frame. */
    public static final int MAX_PART_BYTES =
            MessageCodec.MAX_FRAME_BYTES - BulkMessage.MAX_POSITION_BYTES - TransferId.MAX_BYTES - 64;

    private static final int MAX_TEXT_BYTES = 1024;
    private static final int OFFER = 1;
    private static final int ASK = 2;
    private static final int PART = 3;
    private static final int REFUSED = 4;
    private static final int OVER = 5;

    /** Version and checksum. */
    private static final int HEADER = 1 + Integer.BYTES;

    private BulkCodec() {}

    /** Roughly what a message takes in memory and on the network. */
    public static int weight(BulkMessage message) {
        if (message instanceof Part part) {
            return 64 + part.after().length + part.bytes().length;
        }
        return message instanceof Ask ask ? 64 + ask.position().length : 64;
    }

    /** The frame of a message. */
    public static byte[] encode(BulkMessage message) {
        byte[] frame = body(message);
        int crc = MessageCodec.checksum(frame, HEADER, frame.length - HEADER);
        return ByteBuffer.wrap(frame).putInt(1, crc).array();
    }

    /** The frame, the checksum's place left empty. */
    private static byte[] body(BulkMessage message) {
        if (message instanceof Part m) {
            return part(m);
        } else if (message instanceof Ask m) {
            Check.that(
                    m.position().length <= BulkMessage.MAX_POSITION_BYTES,
                    "a position of %s bytes",
                    m.position().length);
            int size = MessageCodec.varSize(m.next()) + size(m.position()) + MessageCodec.varSize(m.window()) + 1;
            ByteBuffer out = head(ASK, m, size);
            MessageCodec.putVar(m.next(), out);
            put(m.position(), out);
            MessageCodec.putVar(m.window(), out);
            return out.put((byte) (m.again() ? 1 : 0)).array();
        } else if (message instanceof Refused m) {
            byte[] text = text(m.text());
            ByteBuffer out = head(REFUSED, m, 1 + MessageCodec.varSize(m.retryMillis()) + size(text));
            out.put((byte) m.reason().code());
            MessageCodec.putVar(m.retryMillis(), out);
            return put(text, out).array();
        } else if (message instanceof Over m) {
            byte[] text = text(m.text());
            ByteBuffer out = head(OVER, m, 1 + size(text));
            out.put((byte) m.outcome().code());
            return put(text, out).array();
        }
        return head(OFFER, message, 0).array();
    }

    private static byte[] part(Part m) {
        Check.that(
                m.bytes().length <= MAX_PART_BYTES && m.after().length <= BulkMessage.MAX_POSITION_BYTES,
                "a part of %s bytes with a position of %s bytes",
                m.bytes().length,
                m.after().length);
        int size = MessageCodec.varSize(m.number()) + 1 + size(m.after()) + size(m.bytes());
        ByteBuffer out = head(PART, m, size);
        MessageCodec.putVar(m.number(), out);
        out.put((byte) (m.isLast() ? 1 : 0));
        put(m.after(), out);
        return put(m.bytes(), out).array();
    }

    private static int size(byte[] bytes) {
        return MessageCodec.varSize(bytes.length) + bytes.length;
    }

    private static ByteBuffer put(byte[] bytes, ByteBuffer out) {
        MessageCodec.putVar(bytes.length, out);
        return out.put(bytes);
    }

    private static ByteBuffer head(int kind, BulkMessage m, int bodySize) {
        byte[] id = m.id().bytes();
        ByteBuffer out = ByteBuffer.allocate(HEADER + 1 + size(id) + bodySize);
        return put(id, out.put(0, (byte) VERSION).position(HEADER).put((byte) kind));
    }

    /** Cut between characters, so that what arrives is text. */
    private static byte[] text(String text) {
        String shorter = text;
        byte[] bytes = shorter.getBytes(StandardCharsets.UTF_8);
        while (bytes.length > MAX_TEXT_BYTES) {
            shorter = shorter.substring(0, Math.min(MAX_TEXT_BYTES, shorter.length() - 1));
            bytes = shorter.getBytes(StandardCharsets.UTF_8);
        }
        return bytes;
    }

    /**
     * Reads a frame. Bytes are copied out of the buffer.
     *
     * @throws MalformedFrameException if it is not exactly one message of this version, or it is damaged
     */
    public static BulkMessage decode(ByteBuffer in) throws MalformedFrameException {
        FrameReader reader = new FrameReader(in);
        if (in.remaining() > MessageCodec.MAX_FRAME_BYTES) {
            throw reader.malformed("a frame of " + in.remaining() + " bytes is larger than the allowed "
                    + MessageCodec.MAX_FRAME_BYTES);
        }
        int version = reader.octet();
        if (version != VERSION) {
            throw reader.malformed("bulk frame version " + version + " is not " + VERSION
                    + ", the one read here: run the same release on both nodes");
        }
        reader.checksum();
        int kind = reader.octet();
        byte[] id = reader.bytes(reader.number());
        if (id.length == 0 || id.length > TransferId.MAX_BYTES) {
            throw reader.malformed("a transfer's id of " + id.length + " bytes");
        }
        BulkMessage message = body(kind, TransferId.of(id), reader);
        if (in.hasRemaining()) {
            throw reader.malformed(in.remaining() + " bytes follow the message");
        }
        return message;
    }

    private static BulkMessage body(int kind, TransferId id, FrameReader in) throws MalformedFrameException {
        switch (kind) {
            case OFFER:
                return new Offer(id);
            case ASK:
                return new Ask(id, in.number(), position(in), small(in), in.flag());
            case PART:
                return part(id, in);
            case REFUSED:
                int why = in.octet();
                Reason reason = Reason.of(why);
                if (reason == null) {
                    throw in.malformed("unknown reason " + why);
                }
                return new Refused(id, reason, small(in), readText(in));
            case OVER:
                int code = in.octet();
                Outcome outcome = Outcome.of(code);
                if (outcome == null) {
                    throw in.malformed("unknown outcome " + code);
                }
                return new Over(id, outcome, readText(in));
            default:
                throw in.malformed("unknown message kind " + kind);
        }
    }

    private static String readText(FrameReader in) throws MalformedFrameException {
        return new String(in.bytes(in.number()), StandardCharsets.UTF_8);
    }

    private static int small(FrameReader in) throws MalformedFrameException {
        return (int) Math.min(Integer.MAX_VALUE, in.number());
    }

    private static byte[] position(FrameReader in) throws MalformedFrameException {
        byte[] position = in.bytes(in.number());
        if (position.length > BulkMessage.MAX_POSITION_BYTES) {
            throw in.malformed("a position of " + position.length + " bytes");
        }
        return position;
    }

    private static Part part(TransferId id, FrameReader in) throws MalformedFrameException {
        long number = in.number();
        boolean isLast = in.flag();
        byte[] after = position(in);
        return new Part(id, number, isLast, after, in.bytes(in.number()));
    }
}
