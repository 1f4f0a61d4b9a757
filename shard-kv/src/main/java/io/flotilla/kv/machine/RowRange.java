package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import io.flotilla.kv.engine.Keys;
import io.flotilla.kv.proto.HoldRow;
import io.flotilla.kv.proto.PieceRow;
import io.flotilla.kv.proto.ShardRow;
import java.util.ArrayList;
import java.util.List;

/**
 * Rows of the engine under one number: of a generation those with keys in a range, of sessions or a change index all.
 *
 * @param start inclusive
 * @param end exclusive; empty means no upper bound
 */
record RowRange(Kind kind, long number, ByteString start, ByteString end) {
    /** What lies under numbers. */
    enum Kind {
        SESSIONS,
        DATA,
        CHANGES
    }

    static RowRange data(Piece piece) {
        return new RowRange(Kind.DATA, piece.generation(), piece.start(), piece.end());
    }

    /** All rows of a kind under a number. */
    static RowRange all(Kind kind, long number) {
        return new RowRange(kind, number, ByteString.EMPTY, ByteString.EMPTY);
    }

    /** All that a shard has in the engine apart from its own row. */
    static List<RowRange> of(ShardRow row) {
        List<RowRange> ranges = new ArrayList<>();
        addData(row.getPiecesList(), ranges);
        ranges.add(all(Kind.SESSIONS, row.getSessionNumber()));
        if (row.hasChangeIndex()) {
            ranges.add(all(Kind.CHANGES, row.getChangeIndex().getNumber()));
        }
        return ranges;
    }

    /** All that a hold has in the engine apart from its own row. */
    static List<RowRange> of(HoldRow row) {
        List<RowRange> ranges = new ArrayList<>();
        addData(row.getPiecesList(), ranges);
        ranges.add(all(Kind.SESSIONS, row.getSessionNumber()));
        return ranges;
    }

    private static void addData(List<PieceRow> pieces, List<RowRange> ranges) {
        for (PieceRow piece : pieces) {
            ranges.add(data(Piece.of(piece)));
        }
    }

    private byte[] prefix() {
        switch (kind) {
            case SESSIONS:
                return Layout.sessionPrefix(number);
            case DATA:
                return Layout.dataPrefix(number);
            default:
                return Layout.changePrefix(number);
        }
    }

    /** The first key of the engine. */
    byte[] from() {
        return Layout.join(prefix(), start);
    }

    /** Behind the last key of the engine. */
    byte[] to() {
        return end.isEmpty() ? Keys.afterPrefix(prefix()) : Layout.join(prefix(), end);
    }

    /** What of this range none of the others covers, ascending. @param others of the same kind and number */
    List<RowRange> without(List<RowRange> others) {
        List<RowRange> sorted = new ArrayList<>(others);
        sorted.sort((a, b) -> Keys.compare(a.start, b.start));
        List<RowRange> left = new ArrayList<>();
        ByteString at = start;
        for (RowRange other : sorted) {
            if (!other.end.isEmpty() && Keys.compare(other.end, at) <= 0) {
                continue;
            }
            if (!end.isEmpty() && Keys.compare(other.start, end) >= 0) {
                break;
            }
            if (Keys.compare(at, other.start) < 0) {
                left.add(new RowRange(kind, number, at, other.start));
            }
            at = other.end;
            if (at.isEmpty()) {
                return left;
            }
        }
        if (end.isEmpty() || Keys.compare(at, end) < 0) {
            left.add(new RowRange(kind, number, at, end));
        }
        return left;
    }
}
