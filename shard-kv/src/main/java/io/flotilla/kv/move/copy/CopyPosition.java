package io.flotilla.kv.move.copy;

import java.util.Arrays;

/**
 * A place between two records of a shard's copy, see {@link CopyFormat}. Nobody writes to the array.
 *
 * @param lastKey the last session's identity before it, or the last user's key if a row is; empty at the beginning and at the end
 */
record CopyPosition(Stage stage, byte[] lastKey) {
    static final int SESSION_ID_BYTES = 16;

    /** What comes next. */
    enum Stage {
        SESSIONS,
        ROWS,
        NOTHING
    }

    static final CopyPosition BEGINNING = new CopyPosition(Stage.SESSIONS, new byte[0]);
    static final CopyPosition END = new CopyPosition(Stage.NOTHING, new byte[0]);

    static CopyPosition behindSession(byte[] identity) {
        return new CopyPosition(Stage.SESSIONS, identity);
    }

    static CopyPosition behindRow(byte[] key) {
        return new CopyPosition(Stage.ROWS, key);
    }

    boolean isEnd() {
        return stage == Stage.NOTHING;
    }

    byte[] encode() {
        if (stage == Stage.SESSIONS && lastKey.length == 0) {
            return new byte[0];
        }
        byte[] encoded = new byte[1 + lastKey.length];
        encoded[0] = (byte) stage.ordinal();
        System.arraycopy(lastKey, 0, encoded, 1, lastKey.length);
        return encoded;
    }

    /** @throws IllegalArgumentException if it makes no sense */
    static CopyPosition decode(byte[] position) {
        if (position.length == 0) {
            return BEGINNING;
        }
        int stage = position[0];
        byte[] lastKey = Arrays.copyOfRange(position, 1, position.length);
        boolean isSession = stage == Stage.SESSIONS.ordinal() && lastKey.length == SESSION_ID_BYTES;
        boolean isRow = stage == Stage.ROWS.ordinal() && lastKey.length > 0;
        boolean isEnd = stage == Stage.NOTHING.ordinal() && lastKey.length == 0;
        if (!isSession && !isRow && !isEnd) {
            throw new IllegalArgumentException("there is no such position in the copy of a shard");
        }
        return new CopyPosition(Stage.values()[stage], lastKey);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof CopyPosition position
                && stage == position.stage
                && Arrays.equals(lastKey, position.lastKey);
    }

    @Override
    public int hashCode() {
        return 31 * stage.ordinal() + Arrays.hashCode(lastKey);
    }

    @Override
    public String toString() {
        return stage + " behind " + lastKey.length + " bytes";
    }
}
