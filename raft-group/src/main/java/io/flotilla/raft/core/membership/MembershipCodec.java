package io.flotilla.raft.core.membership;

import io.flotilla.raft.core.NodeId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The bytes of a membership, in entries, in the log's records and in the first part of a snapshot. Pure and thread-safe.
 *
 * <pre>
 * membership version 1 · voters, outgoing, learners, learners next
 * each       count 2 · names (length 1 · ASCII), ascending
 * </pre>
 */
public final class MembershipCodec {
    /** The version of the format written here; no other is read. */
    public static final int VERSION = 1;

    private MembershipCodec() {}

    /** Exactly how many bytes {@link #put} uses. */
    public static int size(Membership membership) {
        return 1
                + size(membership.voters())
                + size(membership.outgoing())
                + size(membership.learners())
                + size(membership.learnersNext());
    }

    private static int size(SortedSet<NodeId> nodes) {
        int size = 2;
        for (NodeId node : nodes) {
            size += 1 + node.value().length();
        }
        return size;
    }

    public static byte[] encode(Membership membership) {
        ByteBuffer out = ByteBuffer.allocate(size(membership));
        put(membership, out);
        return out.array();
    }

    /** Writes it at the buffer's position. */
    public static void put(Membership membership, ByteBuffer out) {
        out.put((byte) VERSION);
        put(membership.voters(), out);
        put(membership.outgoing(), out);
        put(membership.learners(), out);
        put(membership.learnersNext(), out);
    }

    private static void put(SortedSet<NodeId> nodes, ByteBuffer out) {
        out.putShort((short) nodes.size());
        for (NodeId node : nodes) {
            byte[] name = node.value().getBytes(StandardCharsets.US_ASCII);
            out.put((byte) name.length).put(name);
        }
    }

    /** @throws IllegalArgumentException if it is not exactly a membership of this version */
    public static Membership decode(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        Membership membership = get(in);
        if (in.hasRemaining()) {
            throw new IllegalArgumentException(in.remaining() + " bytes follow the membership");
        }
        return membership;
    }

    /**
     * Reads one at the buffer's position; trusts nothing.
     *
     * @throws IllegalArgumentException if there is none of this version
     */
    public static Membership get(ByteBuffer in) {
        int version = octet(in);
        if (version != VERSION) {
            throw new IllegalArgumentException("membership format " + version + " is not " + VERSION
                    + ", the one read here: run the same release on all nodes");
        }
        return new Membership(nodes(in), nodes(in), nodes(in), nodes(in));
    }

    private static SortedSet<NodeId> nodes(ByteBuffer in) {
        TreeSet<NodeId> nodes = new TreeSet<>();
        for (int left = octet(in) << 8 | octet(in); left > 0; left--) {
            byte[] name = new byte[octet(in)];
            if (name.length > in.remaining()) {
                throw cutShort();
            }
            in.get(name);
            NodeId node = new NodeId(new String(name, StandardCharsets.ISO_8859_1));
            if (!nodes.isEmpty() && nodes.last().compareTo(node) >= 0) {
                throw new IllegalArgumentException(node + " does not follow " + nodes.last());
            }
            nodes.add(node);
        }
        return nodes;
    }

    private static int octet(ByteBuffer in) {
        if (!in.hasRemaining()) {
            throw cutShort();
        }
        return in.get() & 0xff;
    }

    private static IllegalArgumentException cutShort() {
        return new IllegalArgumentException("the membership ends in the middle");
    }
}
