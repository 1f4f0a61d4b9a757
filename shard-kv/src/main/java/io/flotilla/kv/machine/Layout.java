package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.flotilla.raft.core.log.EntryId;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Where rows lie in the engine. The first byte says what a row is; numbers are eight bytes, big end first. What is under a
 * {@code number} lies where this node drew it ({@link Numbers}), and a record says whose it is: all other replicas have it
 * elsewhere.
 *
 * <pre>
 * 00                                      format of everything below
 * 01 number                               a number that was used on this node: never again
 * 02 group                                index of the last entry applied
 * 03 group shard                          {@link io.flotilla.kv.proto.ShardRow}
 * 04 number session-high session-low      {@link io.flotilla.kv.proto.SessionRow}
 * 06 group                                term and index of the last entry in the snapshot installed last
 * 07 number change-number n               change index of a shard that moves: 0, the bytes of the row (4) and a user-key, or
 *                                         1 and a session's identity
 * 08 group shard                          {@link io.flotilla.kv.proto.FenceRow}
 * 09 group shard move                     {@link io.flotilla.kv.proto.HoldRow}
 * 80 number user-key                      version, then the value; the number is the generation of a piece
 * </pre>
 *
 * <p>Data comes last, and numbers ascend: the rows of a new generation lie behind all others, so that what is copied or
 * installed goes to the engine's lowest level at once, into files of its own, and is deleted with them.
 *
 * <p>02 to 04, 07, 08 and 80 are the group's state: in snapshots and checksums, but for the numbers. 09 is this node's alone.
 */
final class Layout {
    static final long FORMAT = 3;
    static final byte[] FORMAT_KEY = {0};

    private static final byte NUMBER = 1;
    private static final byte GROUP = 2;
    private static final byte SHARD = 3;
    private static final byte SESSION = 4;
    private static final byte INSTALLED = 6;
    private static final byte CHANGE = 7;
    private static final byte FENCE = 8;
    private static final byte HOLD = 9;
    private static final byte DATA = (byte) 0x80;

    /** Bytes of a key before what lies under its number. */
    static final int NUMBER_PREFIX = 9;
    /** Bytes of a data key before the user's key. */
    static final int DATA_PREFIX = NUMBER_PREFIX;
    /** Bytes of a data row before the value. */
    static final int VERSION_BYTES = 8;

    /** What a row of a change index is of: its first byte. */
    static final byte CHANGED_KEY = 0;

    static final byte CHANGED_SESSION = 1;
    /** Bytes of a changed key before it. */
    static final int CHANGED_KEY_PREFIX = 5;

    private Layout() {}

    static byte[] numbersPrefix() {
        return new byte[] {NUMBER};
    }

    static byte[] numberKey(long number) {
        return numbered(NUMBER, number);
    }

    static long numberOf(byte[] numberKey) {
        return ByteBuffer.wrap(numberKey).getLong(1);
    }

    static byte[] groupKey(long group) {
        return numbered(GROUP, group);
    }

    static byte[] installedKey(long group) {
        return numbered(INSTALLED, group);
    }

    static byte[] installedRow(EntryId last) {
        return ByteBuffer.allocate(16)
                .putLong(last.term())
                .putLong(last.index())
                .array();
    }

    static EntryId installed(byte[] row) {
        ByteBuffer numbers = ByteBuffer.wrap(row);
        return new EntryId(numbers.getLong(), numbers.getLong());
    }

    static byte[] shardsPrefix() {
        return new byte[] {SHARD};
    }

    static byte[] shardPrefix(long group) {
        return numbered(SHARD, group);
    }

    static byte[] shardKey(long group, long shard) {
        return ofShard(SHARD, group, shard);
    }

    static byte[] fencePrefix(long group) {
        return numbered(FENCE, group);
    }

    static byte[] fenceKey(long group, long shard) {
        return ofShard(FENCE, group, shard);
    }

    static byte[] holdsPrefix() {
        return new byte[] {HOLD};
    }

    static byte[] holdPrefix(long group) {
        return numbered(HOLD, group);
    }

    static byte[] holdKey(long group, long shard, long move) {
        return ByteBuffer.allocate(25)
                .put(HOLD)
                .putLong(group)
                .putLong(shard)
                .putLong(move)
                .array();
    }

    /** The shard that a row of a shard, a fence or a hold is of. */
    static long shardOf(byte[] key) {
        return ByteBuffer.wrap(key).getLong(9);
    }

    static long moveOf(byte[] holdKey) {
        return ByteBuffer.wrap(holdKey).getLong(17);
    }

    static byte[] changePrefix(long number) {
        return numbered(CHANGE, number);
    }

    /** @param n counts the changes of one command */
    static byte[] changeKey(long number, long changeNumber, long n) {
        return ByteBuffer.allocate(25)
                .put(CHANGE)
                .putLong(number)
                .putLong(changeNumber)
                .putLong(n)
                .array();
    }

    static long changeNumberOf(byte[] changeKey) {
        return ByteBuffer.wrap(changeKey).getLong(9);
    }

    static long changePartOf(byte[] changeKey) {
        return ByteBuffer.wrap(changeKey).getLong(17);
    }

    /** @param valueBytes of the row's value; 0 if it was deleted */
    static byte[] changeOf(ByteString userKey, int valueBytes) {
        ByteBuffer change = ByteBuffer.allocate(CHANGED_KEY_PREFIX + userKey.size())
                .put(CHANGED_KEY)
                .putInt(valueBytes);
        userKey.copyTo(change);
        return change.array();
    }

    /** Shares the array. */
    static ByteString changedKey(byte[] change) {
        return UnsafeByteOperations.unsafeWrap(change, CHANGED_KEY_PREFIX, change.length - CHANGED_KEY_PREFIX);
    }

    static SessionId changedSession(byte[] change) {
        ByteBuffer session = ByteBuffer.wrap(change);
        return new SessionId(session.getLong(1), session.getLong(9));
    }

    /** Of the row with its key; a session counts nothing. */
    static long changedBytes(byte[] change) {
        return change[0] == CHANGED_KEY
                ? (long) ByteBuffer.wrap(change).getInt(1) + change.length - CHANGED_KEY_PREFIX
                : 0;
    }

    static byte[] changeOf(SessionId session) {
        return ByteBuffer.allocate(17)
                .put(CHANGED_SESSION)
                .putLong(session.high())
                .putLong(session.low())
                .array();
    }

    static byte[] sessionPrefix(long number) {
        return numbered(SESSION, number);
    }

    static byte[] sessionKey(long number, SessionId id) {
        return ByteBuffer.allocate(25)
                .put(SESSION)
                .putLong(number)
                .putLong(id.high())
                .putLong(id.low())
                .array();
    }

    static SessionId sessionOf(byte[] sessionKey) {
        ByteBuffer key = ByteBuffer.wrap(sessionKey);
        return new SessionId(key.getLong(9), key.getLong(17));
    }

    static byte[] dataPrefix(long generation) {
        return numbered(DATA, generation);
    }

    static byte[] dataKey(long generation, ByteString userKey) {
        byte[] key = new byte[DATA_PREFIX + userKey.size()];
        key[0] = DATA;
        putLong(key, 1, generation);
        userKey.copyTo(key, DATA_PREFIX);
        return key;
    }

    /** The user's key; shares the array. */
    static ByteString userKey(byte[] dataKey) {
        return UnsafeByteOperations.unsafeWrap(dataKey, DATA_PREFIX, dataKey.length - DATA_PREFIX);
    }

    static byte[] dataRow(StoredRow row) {
        byte[] bytes = new byte[VERSION_BYTES + row.value().size()];
        putLong(bytes, 0, row.version());
        row.value().copyTo(bytes, VERSION_BYTES);
        return bytes;
    }

    /** Shares the array. */
    static StoredRow row(byte[] dataRow) {
        return new StoredRow(
                number(dataRow),
                UnsafeByteOperations.unsafeWrap(dataRow, VERSION_BYTES, dataRow.length - VERSION_BYTES));
    }

    static byte[] number(long value) {
        byte[] bytes = new byte[8];
        putLong(bytes, 0, value);
        return bytes;
    }

    static long number(byte[] bytes) {
        return ByteBuffer.wrap(bytes).getLong();
    }

    static byte[] join(byte[] prefix, ByteString rest) {
        byte[] joined = Arrays.copyOf(prefix, prefix.length + rest.size());
        rest.copyTo(joined, prefix.length);
        return joined;
    }

    /** A key under a number. @param rest what follows the number */
    static byte[] join(byte[] prefix, byte[] rest) {
        byte[] joined = Arrays.copyOf(prefix, prefix.length + rest.length);
        System.arraycopy(rest, 0, joined, prefix.length, rest.length);
        return joined;
    }

    private static byte[] ofShard(byte tag, long group, long shard) {
        return ByteBuffer.allocate(17).put(tag).putLong(group).putLong(shard).array();
    }

    private static byte[] numbered(byte tag, long number) {
        byte[] key = new byte[9];
        key[0] = tag;
        putLong(key, 1, number);
        return key;
    }

    private static void putLong(byte[] bytes, int at, long value) {
        for (int i = 0; i < 8; i++) {
            bytes[at + i] = (byte) (value >>> (56 - 8 * i));
        }
    }
}
