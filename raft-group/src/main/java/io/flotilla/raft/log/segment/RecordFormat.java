package io.flotilla.raft.log.segment;

import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.log.GroupDescriptor;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The records inside a batch.
 *
 * <pre>
 * record     length of all 4 · CRC32C of what follows 4 · type 1 · group 8 · record number 8 · body
 * creation   voters, outgoing, learners (each count 2, names) · genesis length 4, bytes
 * hard state term 8 · vote (name; empty if none)
 * entry      term 8 · index 8 · kind 1 · payload to the end
 * name       length 1 · ASCII
 * </pre>
 *
 * Decoding throws a {@link RuntimeException} on nonsense; the caller knows the place.
 */
final class RecordFormat {
    static final byte CREATION = 1;
    static final byte HARD_STATE = 2;
    static final byte ENTRY = 3;

    static final int HEADER = 25;
    static final int ENTRY_HEADER = HEADER + 17;

    private static final int LENGTH = 0;
    private static final int CRC = 4;
    private static final int TYPE = 8;
    private static final int GROUP = 9;
    private static final int RECORD = 17;

    private RecordFormat() {}

    static int creationBytes(GroupDescriptor descriptor) {
        Membership membership = descriptor.membership();
        return HEADER
                + namesBytes(membership.voters())
                + namesBytes(membership.outgoing())
                + namesBytes(membership.learners())
                + 4
                + descriptor.genesis().length;
    }

    static int hardStateBytes(HardState hardState) {
        return HEADER
                + 9
                + (hardState.votedFor() == null
                        ? 0
                        : hardState.votedFor().value().length());
    }

    static int entryBytes(Entry entry) {
        return ENTRY_HEADER + entry.payload().length;
    }

    private static int namesBytes(SortedSet<NodeId> names) {
        int sum = 2;
        for (NodeId name : names) {
            sum += 1 + name.value().length();
        }
        return sum;
    }

    static void putCreation(ByteBuffer target, GroupDescriptor descriptor, long record) {
        int start = begin(target, CREATION, descriptor.groupId(), record);
        putNames(target, descriptor.membership().voters());
        putNames(target, descriptor.membership().outgoing());
        putNames(target, descriptor.membership().learners());
        target.putInt(descriptor.genesis().length).put(descriptor.genesis());
        end(target, start);
    }

    static void putHardState(ByteBuffer target, long groupId, HardState hardState, long record) {
        int start = begin(target, HARD_STATE, groupId, record);
        target.putLong(hardState.term());
        putName(target, hardState.votedFor() == null ? "" : hardState.votedFor().value());
        end(target, start);
    }

    static void putEntry(ByteBuffer target, long groupId, Entry entry, long record) {
        int start = begin(target, ENTRY, groupId, record);
        target.putLong(entry.term()).putLong(entry.index());
        target.put((byte) entry.kind().code()).put(entry.payload());
        end(target, start);
    }

    private static int begin(ByteBuffer target, byte type, long groupId, long record) {
        int start = target.position();
        target.position(start + TYPE);
        target.put(type).putLong(groupId).putLong(record);
        return start;
    }

    private static void end(ByteBuffer target, int start) {
        int length = target.position() - start;
        target.putInt(start + LENGTH, length);
        target.putInt(start + CRC, SegmentFormat.crc(target.array(), start + TYPE, length - TYPE));
    }

    private static void putNames(ByteBuffer target, SortedSet<NodeId> names) {
        target.putShort((short) names.size());
        for (NodeId name : names) {
            putName(target, name.value());
        }
    }

    private static void putName(ByteBuffer target, String name) {
        target.put((byte) name.length());
        for (int i = 0; i < name.length(); i++) {
            target.put((byte) name.charAt(i));
        }
    }

    /** The length of the record at {@code offset}; anything if that is no record. */
    static int length(ByteBuffer source, int offset) {
        return source.getInt(offset + LENGTH);
    }

    /** Whether {@code length} bytes at {@code offset} are one intact record. */
    static boolean isIntact(ByteBuffer source, int offset, int length) {
        return length >= HEADER
                && length(source, offset) == length
                && source.getInt(offset + CRC)
                        == SegmentFormat.crc(source.array(), source.arrayOffset() + offset + TYPE, length - TYPE);
    }

    static byte type(ByteBuffer source, int offset) {
        return source.get(offset + TYPE);
    }

    static long groupId(ByteBuffer source, int offset) {
        return source.getLong(offset + GROUP);
    }

    static long record(ByteBuffer source, int offset) {
        return source.getLong(offset + RECORD);
    }

    static long entryTerm(ByteBuffer source, int offset) {
        return source.getLong(offset + HEADER);
    }

    static long entryIndex(ByteBuffer source, int offset) {
        return source.getLong(offset + HEADER + 8);
    }

    static Entry entry(ByteBuffer source, int offset) {
        byte[] payload = new byte[length(source, offset) - ENTRY_HEADER];
        source.get(offset + ENTRY_HEADER, payload);
        EntryKind kind = EntryKind.of(source.get(offset + HEADER + 16));
        return new Entry(entryTerm(source, offset), entryIndex(source, offset), kind, payload);
    }

    static HardState hardState(ByteBuffer source, int offset) {
        String vote = name(source.duplicate().position(offset + HEADER + 8));
        return new HardState(source.getLong(offset + HEADER), vote.isEmpty() ? null : new NodeId(vote));
    }

    static GroupDescriptor creation(ByteBuffer source, int offset) {
        ByteBuffer body = source.duplicate().position(offset + HEADER);
        Membership membership = new Membership(names(body), names(body), names(body));
        byte[] genesis = new byte[body.getInt()];
        body.get(genesis);
        return new GroupDescriptor(groupId(source, offset), membership, genesis);
    }

    private static SortedSet<NodeId> names(ByteBuffer body) {
        SortedSet<NodeId> names = new TreeSet<>();
        for (int left = body.getShort(); left > 0; left--) {
            names.add(new NodeId(name(body)));
        }
        return names;
    }

    private static String name(ByteBuffer body) {
        byte[] name = new byte[body.get()];
        body.get(name);
        return new String(name, StandardCharsets.US_ASCII);
    }
}
