package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.EngineException;
import io.flotilla.kv.engine.Keys;
import io.flotilla.kv.proto.PieceRow;
import io.flotilla.kv.proto.ShardRow;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;

/** Where the data rows of one shard lie: pieces in key order that together are the shard's range. Immutable. */
final class Pieces {
    /** Opens a cursor over engine keys from the first, inclusive, to the second, exclusive. */
    interface Opener extends BiFunction<byte[], byte[], EngineCursor> {}

    private final List<Piece> pieces;

    private Pieces(List<Piece> pieces) {
        this.pieces = pieces;
    }

    /** @throws EngineException if the row's pieces are not the shard's range */
    static Pieces of(ShardRow row) {
        Shard shard = row.getShard();
        List<Piece> pieces = new ArrayList<>(row.getPiecesCount());
        ByteString at = shard.getStart();
        boolean whole = row.getPiecesCount() > 0;
        for (PieceRow each : row.getPiecesList()) {
            Piece piece = Piece.of(each);
            boolean last = pieces.size() == row.getPiecesCount() - 1;
            whole &= piece.start().equals(at)
                    && (last || (!piece.end().isEmpty() && Keys.compare(piece.start(), piece.end()) < 0));
            pieces.add(piece);
            at = piece.end();
        }
        if (!whole || !at.equals(shard.getEnd())) {
            throw new EngineException("the row of shard " + shard.getId() + " of group " + shard.getGroup()
                    + " is damaged: its pieces are not the shard's range; put a new node in this one's place");
        }
        return new Pieces(List.copyOf(pieces));
    }

    /** The key of the engine's row for a key of the shard. */
    byte[] dataKey(ByteString key) {
        int at = 0;
        while (at < pieces.size() - 1 && !pieces.get(at).endsBehind(key)) {
            at++;
        }
        return Layout.dataKey(pieces.get(at).generation(), key);
    }

    /** The rows with keys from {@code from} up to {@code to}, exclusive; empty means the shard's end. Ascending. */
    EngineCursor ascending(ByteString from, ByteString to, Opener opener) {
        return new PieceCursor(cut(from, to), true, opener);
    }

    /** As {@link #ascending}, the other way round. @param opener opens cursors that descend */
    EngineCursor descending(ByteString from, ByteString to, Opener opener) {
        return new PieceCursor(cut(from, to), false, opener);
    }

    /** All rows, ascending. */
    EngineCursor all(Opener opener) {
        return new PieceCursor(pieces, true, opener);
    }

    private List<Piece> cut(ByteString from, ByteString to) {
        List<Piece> parts = new ArrayList<>(pieces.size());
        for (Piece piece : pieces) {
            ByteString start = Keys.compare(from, piece.start()) > 0 ? from : piece.start();
            ByteString end =
                    to.isEmpty() || (!piece.end().isEmpty() && Keys.compare(piece.end(), to) < 0) ? piece.end() : to;
            if (end.isEmpty() || Keys.compare(start, end) < 0) {
                parts.add(new Piece(piece.generation(), start, end));
            }
        }
        return parts;
    }

    /** Goes over one piece after the other. */
    private static final class PieceCursor implements EngineCursor {
        private final List<Piece> parts;
        private final boolean ascending;
        private final Opener opener;
        private int opened;
        private EngineCursor present;

        PieceCursor(List<Piece> parts, boolean ascending, Opener opener) {
            this.parts = parts;
            this.ascending = ascending;
            this.opener = opener;
        }

        @Override
        public boolean next() {
            while (present == null || !present.next()) {
                if (isCut()) {
                    return false;
                }
                close();
                if (opened == parts.size()) {
                    return false;
                }
                Piece part = parts.get(ascending ? opened : parts.size() - 1 - opened);
                opened++;
                RowRange range = RowRange.data(part);
                present = opener.apply(range.from(), range.to());
            }
            return true;
        }

        @Override
        public boolean isCut() {
            return present != null && present.isCut();
        }

        @Override
        public byte[] rest() {
            return present.rest();
        }

        @Override
        public byte[] key() {
            return present.key();
        }

        @Override
        public byte[] value() {
            return present.value();
        }

        @Override
        public void close() {
            if (present != null) {
                present.close();
                present = null;
            }
        }
    }
}
