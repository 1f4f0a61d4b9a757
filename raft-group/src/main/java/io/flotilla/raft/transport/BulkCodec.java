package io.flotilla.raft.transport;

import io.flotilla.raft.core.Check;
import io.flotilla.raft.core.membership.MembershipCodec;
import io.flotilla.raft.transport.BulkMessage.Ack;
import io.flotilla.raft.transport.BulkMessage.Offer;
import io.flotilla.raft.transport.BulkMessage.Outcome;
import io.flotilla.raft.transport.BulkMessage.Part;
import io.flotilla.raft.transport.BulkMessage.Result;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/**
 * The bytes of a {@link BulkMessage}: one message per frame. Pure and thread-safe.
 *
 * <p>A frame is a version byte, a kind byte and the fields of the record in order, numbers and booleans as in {@link
 * MessageCodec}. A part's bytes are preceded by their CRC32C, four bytes, most significant first.
 */
public final class BulkCodec {
    /** The version of the format written here; no other is read. */
    public static final int VERSION = 2;

    /** No part of an image is larger, so that it fits into a frame. */
    public static final int MAX_PART_BYTES = MessageCodec.MAX_FRAME_BYTES - 64;

    private static final int MAX_REASON_BYTES = 1024;
    private static final int OFFER = 1;
    private static final int PART = 2;
    private static final int ACK = 3;
    private static final int RESULT = 4;

    private BulkCodec() {}

    /** Roughly what a message takes in memory and on the network. */
    public static int weight(BulkMessage message) {
        return message instanceof Part part ? 64 + part.bytes().length : 64;
    }

    /** The frame of a message. */
    public static byte[] encode(BulkMessage message) {
        if (message instanceof Part m) {
            return part(m);
        } else if (message instanceof Ack m) {
            ByteBuffer out = head(ACK, m, MessageCodec.varSize(m.next()));
            MessageCodec.putVar(m.next(), out);
            return out.array();
        } else if (message instanceof Offer m) {
            int size = MessageCodec.varSize(m.term())
                    + MessageCodec.varSize(m.last().term())
                    + MessageCodec.varSize(m.last().index())
                    + MembershipCodec.size(m.membership());
            ByteBuffer out = head(OFFER, m, size);
            MessageCodec.putVar(m.term(), out);
            MessageCodec.putVar(m.last().term(), out);
            MessageCodec.putVar(m.last().index(), out);
            MembershipCodec.put(m.membership(), out);
            return out.array();
        }
        Result m = (Result) message;
        byte[] reason = reason(m.reason());
        ByteBuffer out = head(RESULT, m, 1 + MessageCodec.varSize(reason.length) + reason.length);
        out.put((byte) m.outcome().code());
        MessageCodec.putVar(reason.length, out);
        return out.put(reason).array();
    }

    private static byte[] part(Part m) {
        byte[] bytes = m.bytes();
        Check.that(bytes.length <= MAX_PART_BYTES, "a part of %s bytes", bytes.length);
        int size = MessageCodec.varSize(m.number()) + 1 + Integer.BYTES;
        ByteBuffer out = head(PART, m, size + MessageCodec.varSize(bytes.length) + bytes.length);
        MessageCodec.putVar(m.number(), out);
        out.put((byte) (m.isLast() ? 1 : 0));
        MessageCodec.putVar(bytes.length, out);
        return out.putInt(checksum(bytes)).put(bytes).array();
    }

    private static ByteBuffer head(int kind, BulkMessage m, int bodySize) {
        int size = 2 + MessageCodec.varSize(m.groupId()) + MessageCodec.varSize(m.image()) + bodySize;
        ByteBuffer out = ByteBuffer.allocate(size).put((byte) VERSION).put((byte) kind);
        MessageCodec.putVar(m.groupId(), out);
        MessageCodec.putVar(m.image(), out);
        return out;
    }

    /** Cut between characters, so that what arrives is text. */
    private static byte[] reason(String text) {
        String shorter = text;
        byte[] bytes = shorter.getBytes(StandardCharsets.UTF_8);
        while (bytes.length > MAX_REASON_BYTES) {
            shorter = shorter.substring(0, Math.min(MAX_REASON_BYTES, shorter.length() - 1));
            bytes = shorter.getBytes(StandardCharsets.UTF_8);
        }
        return bytes;
    }

    private static int checksum(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    /**
     * Reads a frame. Bytes are copied out of the buffer.
     *
     * @throws MalformedFrameException if it is not exactly one message of this version, or a part is damaged
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
        BulkMessage message = body(reader.octet(), reader.number(), reader.number(), reader);
        if (in.hasRemaining()) {
            throw reader.malformed(in.remaining() + " bytes follow the message");
        }
        return message;
    }

    private static BulkMessage body(int kind, long groupId, long image, FrameReader in) throws MalformedFrameException {
        switch (kind) {
            case OFFER:
                return new Offer(groupId, image, in.number(), in.id(), in.membership());
            case PART:
                return part(groupId, image, in);
            case ACK:
                return new Ack(groupId, image, in.number());
            case RESULT:
                int code = in.octet();
                Outcome outcome = Outcome.of(code);
                if (outcome == null) {
                    throw in.malformed("unknown outcome " + code);
                }
                String reason = new String(in.bytes(in.number()), StandardCharsets.UTF_8);
                return new Result(groupId, image, outcome, reason);
            default:
                throw in.malformed("unknown message kind " + kind);
        }
    }

    private static Part part(long groupId, long image, FrameReader in) throws MalformedFrameException {
        long number = in.number();
        boolean isLast = in.flag();
        long length = in.number();
        int expected = (in.octet() << 24) | (in.octet() << 16) | (in.octet() << 8) | in.octet();
        byte[] bytes = in.bytes(length);
        if (checksum(bytes) != expected) {
            throw in.malformed("part " + number + " of image " + image + " of group " + groupId + " is damaged");
        }
        return new Part(groupId, image, number, isLast, bytes);
    }
}
