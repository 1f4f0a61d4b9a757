package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import io.flotilla.kv.engine.Keys;
import io.flotilla.kv.proto.PieceRow;

/**
 * Rows of one generation: those with keys in a range.
 *
 * @param start inclusive
 * @param end exclusive; empty means no upper bound
 */
record Piece(long generation, ByteString start, ByteString end) {
    static Piece of(PieceRow row) {
        return new Piece(row.getGeneration(), row.getStart(), row.getEnd());
    }

    PieceRow toRow() {
        return PieceRow.newBuilder()
                .setGeneration(generation)
                .setStart(start)
                .setEnd(end)
                .build();
    }

    boolean endsBehind(ByteString key) {
        return end.isEmpty() || Keys.compare(key, end) < 0;
    }
}
