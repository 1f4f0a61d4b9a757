package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.flotilla.raft.core.log.EntryId;
import java.nio.ByteBuffer;

/**
 * Where rows lie in the engine. The first byte says what a row is; numbers are eight bytes, big end first.
 *
 * <pre>
 * 00                                    format of everything below
 * 01 generation                         a generation that was used on this node: never again
 * 02 group                              index of the last entry applied
 * 03 group shard                        {@link io.flotilla.kv.proto.ShardRow}
 * 04 generation session-high session-low {@link io.flotilla.kv.proto.SessionRow}
 * 05 generation user-key                version, then the value
 * 06 group                              term and index of the last entry in the image installed last
 * </pre>
 */
final class Layout {
    static final long FORMAT = 1;
    static final byte[] FORMAT_KEY = {0};

    private static final byte GENERATION = 1;
    private static final byte GROUP = 2;
    private static final byte SHARD = 3;
    private static final byte SESSION = 4;
    private static final byte DATA = 5;
    private static final byte INSTALLED = 6;

    /** Bytes of a session key before the session's identity. */
    static final int SESSION_PREFIX = 9;
    /** Bytes of a data key before the user's key. */
    static final int DATA_PREFIX = 9;
    /** Bytes of a data row before the value. */
    static final int VERSION_BYTES = 8;

    private Layout() {}

    static byte[] generationPrefix() {
        return new byte[] {GENERATION};
    }

    static byte[] generationKey(long generation) {
        return numbered(GENERATION, generation);
    }

    static long generationOf(byte[] generationKey) {
        return ByteBuffer.wrap(generationKey).getLong(1);
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
        return ByteBuffer.allocate(17).put(SHARD).putLong(group).putLong(shard).array();
    }

    static byte[] sessionPrefix(long generation) {
        return numbered(SESSION, generation);
    }

    static byte[] sessionKey(long generation, SessionId id) {
        return ByteBuffer.allocate(25)
                .put(SESSION)
                .putLong(generation)
                .putLong(id.high())
                .putLong(id.low())
                .array();
    }

    /** @param id the bytes of a session's identity */
    static byte[] sessionKey(long generation, byte[] id) {
        return ByteBuffer.allocate(SESSION_PREFIX + id.length)
                .put(SESSION)
                .putLong(generation)
                .put(id)
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

    static byte[] dataRow(Row row) {
        byte[] bytes = new byte[VERSION_BYTES + row.value().size()];
        putLong(bytes, 0, row.version());
        row.value().copyTo(bytes, VERSION_BYTES);
        return bytes;
    }

    /** Shares the array. */
    static Row row(byte[] dataRow) {
        return new Row(
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
