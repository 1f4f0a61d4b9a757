package io.flotilla.raft.transport;

import io.flotilla.raft.core.NodeId;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/**
 * The first frame of a stream in each direction: who speaks, which versions, where it can be reached, whom it believes to
 * reach, of which start of it this is, and what it remembers of the other. Immutable.
 *
 * <p>Bytes: highest version 1 · lowest version 1 · from, address, to, fleet id (length 2, UTF-8) · incarnation 8 · nonce 8 ·
 * held batch 8 · durable batch 8 · incarnation, nonce and durable batch that are remembered of the other, 8 each · CRC32C of all that 4. The versions and the four texts stand where they stand in every
 * version, so that nodes without a common one can say so; version 1 had the first byte and the texts alone.
 *
 * @param address where the sender listens, {@code host:port}
 * @param fleetId empty while the sender belongs to no fleet
 * @param start null if the two speak no common version
 * @param durableBatch the newest durable batch of the sender's log, as in {@link NodeMessage.DurableBatch}
 * @param known what the sender remembers of the node that it greets
 */
public record Greeting(
        VersionRange versions,
        NodeId from,
        String address,
        NodeId to,
        String fleetId,
        NodeStart start,
        long durableBatch,
        PeerRecord known) {
    private static final int MAX_FIELD_BYTES = 1024;
    private static final int NUMBERS = 7 * Long.BYTES;

    public byte[] encode() {
        byte[][] texts = {utf8(from.value()), utf8(address), utf8(to.value()), utf8(fleetId)};
        int size = 2 + NUMBERS + Integer.BYTES;
        for (byte[] text : texts) {
            size += Short.BYTES + text.length;
        }
        ByteBuffer out = ByteBuffer.allocate(size);
        out.put((byte) versions.highest()).put((byte) versions.lowest());
        for (byte[] text : texts) {
            out.putShort((short) text.length).put(text);
        }
        out.putLong(start.incarnation()).putLong(start.nonce());
        out.putLong(start.heldBatch()).putLong(durableBatch);
        out.putLong(known.incarnation()).putLong(known.nonce()).putLong(known.durableBatch());
        return out.putInt(crc(out.array(), size - Integer.BYTES)).array();
    }

    /**
     * Reads a greeting of any version; all of it only if its sender and the reader have a version in common.
     *
     * @param own what the reader speaks
     * @throws MalformedFrameException if it is no greeting, or damaged
     */
    public static Greeting decode(byte[] bytes, VersionRange own) throws MalformedFrameException {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        try {
            int highest = in.get() & 0xff;
            VersionRange versions = new VersionRange(highest == 1 ? 1 : in.get() & 0xff, highest);
            boolean isReadWhole = versions.common(own) > 1;
            if (isReadWhole) {
                int end = bytes.length - Integer.BYTES;
                if (in.getInt(end) != crc(bytes, end)) {
                    throw new IllegalArgumentException("its checksum is wrong");
                }
            }
            NodeId from = new NodeId(text(in));
            String address = text(in);
            NodeId to = new NodeId(text(in));
            String fleetId = text(in);
            if (!isReadWhole) {
                return new Greeting(versions, from, address, to, fleetId, null, 0, PeerRecord.NONE);
            }
            NodeStart start = new NodeStart(in.getLong(), in.getLong(), in.getLong());
            long durableBatch = in.getLong();
            if (durableBatch < 0 || durableBatch > NodeStart.MOST) {
                throw new IllegalArgumentException("a durable batch " + durableBatch);
            }
            PeerRecord known = new PeerRecord(in.getLong(), in.getLong(), in.getLong());
            return new Greeting(versions, from, address, to, fleetId, start, durableBatch, known);
        } catch (BufferUnderflowException | IndexOutOfBoundsException | IllegalArgumentException e) {
            throw new MalformedFrameException("malformed greeting: "
                    + (e.getMessage() == null ? "it ends after " + bytes.length + " bytes" : e.getMessage()));
        }
    }

    /** Why the node that is greeted does not go on with the sender, in words for both; null if it does. */
    public String objectionOf(VersionRange own, NodeId self, String ownFleetId) {
        if (start == null || versions.common(own) == 0) {
            return "node " + self + " speaks " + own + " of the protocol between nodes, node " + from + " at " + address
                    + " " + versions + ": run releases that share a version";
        }
        if (!to.equals(self)) {
            return "this is node " + self + ", not " + to + ": the address of " + to + " is out of date";
        }
        if (!ownFleetId.equals(fleetId)) {
            return "node " + self + " belongs to " + fleet(ownFleetId) + ", node " + from + " to " + fleet(fleetId)
                    + ": check the addresses given to " + from;
        }
        return null;
    }

    private static String fleet(String id) {
        return id.isEmpty() ? "no fleet" : "fleet " + id;
    }

    private static int crc(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }

    private static byte[] utf8(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > MAX_FIELD_BYTES) {
            throw new IllegalArgumentException("longer than " + MAX_FIELD_BYTES + " bytes: " + text);
        }
        return bytes;
    }

    private static String text(ByteBuffer in) {
        int length = in.getShort();
        if (length < 0 || length > MAX_FIELD_BYTES) {
            throw new IllegalArgumentException("a field of " + length + " bytes");
        }
        byte[] bytes = new byte[length];
        in.get(bytes);
        String text = new String(bytes, StandardCharsets.UTF_8);
        if (text.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException("a field with control characters");
        }
        return text;
    }
}
