package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.flotilla.kv.engine.EngineImport;
import io.flotilla.kv.proto.SessionRow;

/**
 * Rows on their way into a hold's place: first sessions, then rows of the data, each in ascending order. Nothing of it is believed that
 * could harm. Belongs to one lane, which may block. After a failure it is good for {@link #close} alone.
 */
public final class HoldImport implements AutoCloseable {
    private final NodeRows node;
    private final HoldPlace place;
    private final EngineImport rows;
    private boolean anySession;
    private boolean anyRow;

    HoldImport(NodeRows node, HoldPlace place) {
        this.node = node;
        this.place = place;
        this.rows = node.engine().newImport();
        if (!place.areNumbersStored()) {
            rows.put(Layout.numberKey(place.generation()), new byte[0]);
            rows.put(Layout.numberKey(place.sessionNumber()), new byte[0]);
        }
    }

    /**
     * @param identity 16 bytes
     * @param row a {@link SessionRow}
     * @throws IllegalArgumentException if it makes no sense here
     */
    public void putSession(ByteString identity, byte[] row) {
        require(identity.size() == SnapshotFormat.SESSION_ID_BYTES, "a session's identity has a wrong length");
        require(!anyRow, "a session comes after rows");
        try {
            SessionRow.parseFrom(row);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException("a session's row is unreadable", e);
        }
        if (!anySession) {
            anySession = true;
            rows.cut();
        }
        rows.put(Layout.join(Layout.sessionPrefix(place.sessionNumber()), identity), row);
    }

    /**
     * @param row version (8 bytes) and value
     * @throws IllegalArgumentException if it makes no sense here
     */
    public void putRow(ByteString key, byte[] row) {
        require(
                !key.isEmpty() && key.size() <= Rules.MAX_KEY_BYTES && EpochGuard.covers(place.shard(), key),
                "a key lies outside the shard");
        if (row.length < Layout.VERSION_BYTES || row.length > Layout.VERSION_BYTES + Rules.MAX_VALUE_BYTES) {
            throw refused("a row has " + row.length + " bytes");
        }
        if (!anyRow) {
            anyRow = true;
            rows.cut();
        }
        rows.put(Layout.dataKey(place.generation(), key), row);
    }

    private void require(boolean condition, String otherwise) {
        if (!condition) {
            throw refused(otherwise);
        }
    }

    private IllegalArgumentException refused(String why) {
        return new IllegalArgumentException(
                "the copy of shard " + place.shard().getId() + " for move " + place.move() + ": " + why);
    }

    /** Puts all of it where it belongs, durably. What nobody wants there any more is deleted again. Once; blocks. */
    public void ingest() {
        rows.finish();
        node.uses().ingest(rows, place.rows());
        place.numbersStored();
    }

    /** Deletes what was not ingested. May be called again. */
    @Override
    public void close() {
        rows.close();
    }
}
