package io.flotilla.raft.log.segment;

import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.SnapshotBase;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipCodec;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.Tombstone;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * The records inside a batch.
 *
 * <pre>
 * record     length of all 4 · CRC32C of what follows 4 · type 1 · group 8 · record number 8 · body
 * state      first membership · genesis length 4, bytes · joined 8 · floor term 8, index 8 · body of a hard state ·
 *            body of a base · whether there is a snapshot 1, its body
 * hard state term 8 · vote (name; empty if none)
 * base       term 8 · index 8 · last index 8 · membership as of the base
 * snapshot   term 8 · index 8 · membership at its end
 * tombstone  removed at 8 · term 8 · floor term 8, index 8 · dropped 1
 * entry      term 8 · index 8 · kind 1 · flags 1 · payload to the end
 * membership as MembershipCodec writes it
 * name       length 1 · ASCII
 * </pre>
 *
 * A state is the whole of a group but for its entries: it creates the group, and stands for all its earlier states. The
 * last index of a state or base is the one after it: either all entries behind the base stay as they are, or none, and
 * the last index is the base's. A tombstone ends all that; a later state begins anew.
 *
 * Decoding throws a {@link RuntimeException} on nonsense; the caller knows the place.
 */
final class RecordFormat {
    static final byte STATE = 1;
    static final byte HARD_STATE = 2;
    static final byte ENTRY = 3;
    static final byte BASE = 4;
    static final byte SNAPSHOT = 5;
    static final byte TOMBSTONE = 6;

    static final int HEADER = 25;
    static final int ENTRY_HEADER = HEADER + 18;
    static final int TOMBSTONE_BYTES = HEADER + 33;

    private static final int LENGTH = 0;
    private static final int CRC = 4;
    private static final int TYPE = 8;
    private static final int GROUP = 9;
    private static final int RECORD = 17;

    private RecordFormat() {}

    static int stateBytes(GroupState state) {
        return HEADER
                + MembershipCodec.size(state.descriptor().membership())
                + 4
                + state.descriptor().genesis().length
                + 24
                + hardStateBody(state.hardState())
                + baseBody(state.membership())
                + 1
                + (state.snapshot() == null ? 0 : snapshotBody(state.snapshot()));
    }

    static int hardStateBytes(HardState hardState) {
        return HEADER + hardStateBody(hardState);
    }

    static int baseBytes(Membership membership) {
        return HEADER + baseBody(membership);
    }

    private static int hardStateBody(HardState hardState) {
        return 9
                + (hardState.votedFor() == null
                        ? 0
                        : hardState.votedFor().value().length());
    }

    private static int baseBody(Membership membership) {
        return 24 + MembershipCodec.size(membership);
    }

    static int snapshotBytes(SnapshotBase snapshot) {
        return HEADER + snapshotBody(snapshot);
    }

    private static int snapshotBody(SnapshotBase snapshot) {
        return 16 + MembershipCodec.size(snapshot.membership());
    }

    static int entryBytes(Entry entry) {
        return ENTRY_HEADER + entry.payload().length;
    }

    static void putState(ByteBuffer target, GroupState state, long last, long record) {
        int start = begin(target, STATE, state.descriptor().groupId(), record);
        MembershipCodec.put(state.descriptor().membership(), target);
        target.putInt(state.descriptor().genesis().length)
                .put(state.descriptor().genesis());
        target.putLong(state.descriptor().joined());
        target.putLong(state.floor().term()).putLong(state.floor().index());
        putHardStateBody(target, state.hardState());
        putBaseBody(target, state.base(), last, state.membership());
        target.put((byte) (state.snapshot() == null ? 0 : 1));
        if (state.snapshot() != null) {
            putSnapshotBody(target, state.snapshot());
        }
        end(target, start);
    }

    static void putHardState(ByteBuffer target, long groupId, HardState hardState, long record) {
        int start = begin(target, HARD_STATE, groupId, record);
        putHardStateBody(target, hardState);
        end(target, start);
    }

    static void putBase(ByteBuffer target, long groupId, EntryId base, long last, Membership membership, long record) {
        int start = begin(target, BASE, groupId, record);
        putBaseBody(target, base, last, membership);
        end(target, start);
    }

    private static void putHardStateBody(ByteBuffer target, HardState hardState) {
        target.putLong(hardState.term());
        putName(target, hardState.votedFor() == null ? "" : hardState.votedFor().value());
    }

    private static void putBaseBody(ByteBuffer target, EntryId base, long last, Membership membership) {
        target.putLong(base.term()).putLong(base.index()).putLong(last);
        MembershipCodec.put(membership, target);
    }

    static void putSnapshot(ByteBuffer target, long groupId, SnapshotBase snapshot, long record) {
        int start = begin(target, SNAPSHOT, groupId, record);
        putSnapshotBody(target, snapshot);
        end(target, start);
    }

    private static void putSnapshotBody(ByteBuffer target, SnapshotBase snapshot) {
        target.putLong(snapshot.last().term()).putLong(snapshot.last().index());
        MembershipCodec.put(snapshot.membership(), target);
    }

    static void putTombstone(ByteBuffer target, Tombstone tombstone, long record) {
        int start = begin(target, TOMBSTONE, tombstone.groupId(), record);
        target.putLong(tombstone.removedAt()).putLong(tombstone.term());
        target.putLong(tombstone.floor().term()).putLong(tombstone.floor().index());
        target.put((byte) (tombstone.dropped() ? 1 : 0));
        end(target, start);
    }

    static void putEntry(ByteBuffer target, long groupId, Entry entry, long record) {
        int start = begin(target, ENTRY, groupId, record);
        target.putLong(entry.term()).putLong(entry.index());
        target.put((byte) entry.kind().code()).put((byte) entry.flags()).put(entry.payload());
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
        return new Entry(
                entryTerm(source, offset),
                entryIndex(source, offset),
                entryKind(source, offset),
                entryFlags(source, offset),
                payload);
    }

    static HardState hardState(ByteBuffer source, int offset) {
        return hardState(source.duplicate().position(offset + HEADER));
    }

    private static HardState hardState(ByteBuffer body) {
        long term = body.getLong();
        String vote = name(body);
        return new HardState(term, vote.isEmpty() ? null : new NodeId(vote));
    }

    /** @param last the last index in the log after it */
    record Base(EntryId id, long last, Membership membership) {}

    static Base base(ByteBuffer source, int offset) {
        return base(source.duplicate().position(offset + HEADER));
    }

    private static Base base(ByteBuffer body) {
        EntryId id = new EntryId(body.getLong(), body.getLong());
        long last = body.getLong();
        return new Base(id, last, MembershipCodec.get(body));
    }

    /** @param last the last index in the log after it */
    record State(GroupState state, long last) {}

    static State state(ByteBuffer source, int offset) {
        ByteBuffer body = source.duplicate().position(offset + HEADER);
        Membership first = MembershipCodec.get(body);
        byte[] genesis = new byte[body.getInt()];
        body.get(genesis);
        GroupDescriptor descriptor = new GroupDescriptor(groupId(source, offset), first, genesis, body.getLong());
        EntryId floor = new EntryId(body.getLong(), body.getLong());
        HardState hardState = hardState(body);
        Base base = base(body);
        SnapshotBase snapshot = body.get() == 0 ? null : snapshot(body);
        return new State(
                new GroupState(descriptor, hardState, base.id(), base.membership(), snapshot, floor), base.last());
    }

    static SnapshotBase snapshot(ByteBuffer source, int offset) {
        return snapshot(source.duplicate().position(offset + HEADER));
    }

    private static SnapshotBase snapshot(ByteBuffer body) {
        return new SnapshotBase(new EntryId(body.getLong(), body.getLong()), MembershipCodec.get(body));
    }

    static Tombstone tombstone(ByteBuffer source, int offset) {
        ByteBuffer body = source.duplicate().position(offset + HEADER);
        return new Tombstone(
                groupId(source, offset),
                body.getLong(),
                body.getLong(),
                new EntryId(body.getLong(), body.getLong()),
                body.get() != 0);
    }

    static EntryKind entryKind(ByteBuffer source, int offset) {
        return EntryKind.of(source.get(offset + HEADER + 16));
    }

    private static int entryFlags(ByteBuffer source, int offset) {
        return source.get(offset + HEADER + 17) & 0xff;
    }

    /** @throws IllegalArgumentException if this version does not know the entry's kind or a flag of it */
    static void checkEntry(ByteBuffer source, int offset) {
        Entry.checkFlags(entryKind(source, offset), entryFlags(source, offset));
    }

    private static String name(ByteBuffer body) {
        byte[] name = new byte[body.get()];
        body.get(name);
        return new String(name, StandardCharsets.US_ASCII);
    }
}
